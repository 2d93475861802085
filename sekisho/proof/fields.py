"""Which bit of a string stands for which bit of which field, and in what order.

A string describes one packet twice: as it entered (`Part.SENT`, never changed) and as it is now
(`Part.NOW`). A field that no action writes has one copy for both. Beside them stand the number of
the edge port that it entered by, what connection tracking says of it, and whether the share of
its port has room. Fields that only a switch knows (the port that it came in by and the one that it
leaves by, metadata, a register, a mark) have a present value alone.

The order of the variables decides the time: who sends first, with what is noted of the sender, then
where to, then the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property

from sekisho.model import Attachment
from sekisho.openflow.rules import LOCAL, VLAN_PRESENT, WIDTHS, Match
from sekisho.packet.packet import ETH_ARP, ETH_IPV4
from sekisho.proof.domains import Domain
from sekisho.proof.engine import Engine, Set, cube, engine
from sekisho.proof.needs import Needs

ICMP, TCP, UDP = 1, 6, 17  # IANA protocol numbers
_TAG_TYPES = (0x8100, 0x88A8)  # IEEE 802.1Q, 9.4: what a tag looks like to who does not read it

#: Fields of a packet and their bits; the ports of TCP and UDP are one field, and the type of an
#: ICMP message stands where a source port would (Open vSwitch keeps it there too).
HEADER: dict[str, int] = {
    "eth_src": 48,
    "eth_dst": 48,
    "eth_type": 16,
    "vlan_vid": 13,
    "ip_proto": 8,
    "ipv4_src": 32,
    "ipv4_dst": 32,
    "tp_src": 16,
    "tp_dst": 16,
    "tcp_flags_nxm": 12,
    "ip_frag": 2,
    "nw_ttl": 8,
    "arp_op": 16,
    "arp_spa": 32,
    "arp_tpa": 32,
    "arp_sha": 48,
    "arp_tha": 48,
}
#: What connection tracking says, beside "tracked": ovs-fields(7), the lower five bits.
PHASE = 5
#: What a switch knows of a packet beside OpenFlow's own fields: that it was looked up, that it was
#: looked up a second time, that it was counted in a share, that it got a second VLAN tag, and that
#: it came in with two: what is inside is then not read (``vlan-limit`` of Open vSwitch is 1).
SWITCH: dict[str, int] = {"tracked": 1, "again": 1, "counted": 1, "double": 1, "hidden": 1}
#: Beside the packet as sent: who sends, what tracking says, whether a share has room.
_GIVEN = {"source": 0, "phase": PHASE, "room": 1}
_PORTS = {
    "tcp_src": "tp_src",
    "tcp_dst": "tp_dst",
    "udp_src": "tp_src",
    "udp_dst": "tp_dst",
    "icmpv4_type": "tp_src",
}
_WHOSE = {"udp_src": UDP, "udp_dst": UDP, "icmpv4_type": ICMP}  # of any other port: TCP
_TYPE = 0xFF  # bits of a message's type
_IP_FIELDS = ("ipv4_src", "ipv4_dst", "ip_proto", "ip_frag", "nw_ttl")
_ARP_FIELDS = ("arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha")
_SOURCE_BITS, _TARGET_BITS = (*range(16), *range(48, 64)), tuple(range(16, 48))


def slot(field: str) -> str:
    """Return the name under which *field* has its bits here."""
    return _PORTS.get(field, field)


def tag_of(attachment: Attachment) -> int:
    """Return what ``vlan_vid`` is of a frame on the cable of *attachment*: 0 without a tag."""
    return VLAN_PRESENT | attachment.tag if attachment.tag else 0


class Part(Enum):
    """Of a field that is written on the way: as it was sent, or as it is now."""

    SENT = "sent"
    NOW = "now"


#: One bit: field, copy, and its place (0 is the lowest).
Bit = tuple[str, Part, int]


class Layout:
    """The variables of one proof.

    Args:
        size: How many edge ports a packet may enter by, and the highest port number.
        needs: What the tables write, and the bits that they use.
        library: Name of the engine, and how many nodes it may have.
        domains: Of address fields that are numbers.
    """

    def __init__(
        self,
        size: tuple[int, int],
        needs: Needs,
        library: tuple[str, int],
        domains: Mapping[str, Domain],
    ) -> None:
        sources, ports = size
        self._written = frozenset(map(slot, needs.written)) & HEADER.keys()
        self._used = needs.used
        self.domains = domains
        self.port_bits = ports.bit_length() + 1  # the highest value is the switch's own port
        self.source_bits = max(1, (sources - 1).bit_length())
        order = list(self._order())
        self.number: dict[Bit, int] = {bit: number for number, bit in enumerate(order)}
        assert len(self.number) == len(order), "a bit stands twice in the order"
        self.engine: Engine = engine(library[0], len(order), library[1])
        self._cubes: dict[tuple[str, Part, int, int], Set] = {}
        self._matches: dict[Match, Set] = {}

    def covers(self, needs: Needs) -> bool:
        """Tell whether there are variables for all that other tables need."""
        has_room = all(not bits & ~self._used[field] for field, bits in needs.used.items())
        written = frozenset(map(slot, needs.written)) & HEADER.keys()
        return has_room and written <= self._written and not needs.marking & needs.looked_up

    @property
    def answered(self) -> int:
        """How many questions about rules are remembered."""
        return len(self._matches)

    def width(self, field: str) -> int:
        """Return how many bits of *field* there are."""
        if field == "source":
            return self.source_bits
        if field in ("in_port", "out_port"):
            return self.port_bits
        if field in self.domains:
            return self.domains[field].bits
        return HEADER.get(field) or _GIVEN.get(field) or SWITCH.get(field) or WIDTHS[field]

    def bits(self, field: str, part: Part = Part.NOW) -> list[tuple[int, int]]:
        """Return (place, variable) of every bit of *field* that has a variable."""
        part = part if field in self._written else Part.SENT
        places = range(self.width(field))
        return [
            (place, self.number[field, part, place])
            for place in places
            if (field, part, place) in self.number
        ]

    def equals(self, field: str, value: int, mask: int = -1, part: Part = Part.NOW) -> Set:
        """Return all strings where *field* has *value* under *mask*."""
        part = part if field in self._written else Part.SENT
        key = field, part, value, mask
        if key not in self._cubes:
            self._cubes[key] = self._equals(field, value, mask, part)
        return self._cubes[key]

    def _equals(self, field: str, value: int, mask: int, part: Part) -> Set:
        known = dict(self.bits(field, part))
        if field in self.domains:
            out = self.engine.false
            for code in self.domains[field].codes(value, mask):
                out = out | cube(self.engine, ((n, bool(code >> p & 1)) for p, n in known.items()))
            return out
        wanted = mask & (1 << max(self.width(field), value.bit_length())) - 1
        absent = sum(
            1 << place
            for place in range(wanted.bit_length())
            if wanted >> place & 1 and place not in known
        )
        if value & absent:  # a bit that nothing writes is 0
            return self.engine.false
        bits = ((n, bool(value >> p & 1)) for p, n in known.items() if wanted >> p & 1)
        return cube(self.engine, bits)

    def matching(self, match: Match) -> Set:
        """Return all packets that satisfy *match*; a field that a packet lacks never matches."""
        if match not in self._matches:
            out = self.engine.true
            for field, value, mask in match:
                out = out & self._condition(field, value, mask)
            self._matches[match] = out
        return self._matches[match]

    def _condition(self, field: str, value: int, mask: int) -> Set:
        if field == "in_port":
            return self.equals(field, self.port(value))
        if field == "ct_state":
            if value >> PHASE + 1:  # translated addresses: refused where they could come about
                return self.engine.false
            tracked, phase = value >> PHASE & 1, value & (1 << PHASE) - 1
            out = self.equals("tracked", tracked, mask >> PHASE & 1)
            read = self.equals("phase", phase, mask & (1 << PHASE) - 1)
            untracked = self.engine.false if phase else self.equals("tracked", 0)
            return out & (self.equals("tracked", 1) & read | untracked)
        out = self.equals(slot(field), value, mask)
        if field == "eth_type":
            return out & self.equals("hidden", 0)
        if field in _PORTS or field == "tcp_flags_nxm":
            out = out & self._condition("ip_proto", _WHOSE.get(field, TCP), 0xFF)
        if field in _IP_FIELDS or field in _PORTS or field == "tcp_flags_nxm":
            out = out & self._condition("eth_type", ETH_IPV4, 0xFFFF)
        return out & self._condition("eth_type", ETH_ARP, 0xFFFF) if field in _ARP_FIELDS else out

    def port(self, number: int) -> int:
        """Return what stands for port *number* in a string."""
        return (1 << self.port_bits) - 1 if number == LOCAL else number

    def free(self, fields: Sequence[str], mask: int = -1) -> Set:
        """Return the cube of the present bits of *fields*, to be freed."""
        return cube(
            self.engine,
            ((n, True) for f in fields for p, n in self.bits(f) if mask >> p & 1),
        )

    def all_but(self, kept: Collection[int]) -> Set:
        """Return the cube of all variables but *kept*, to be freed."""
        return cube(self.engine, ((n, True) for n in self.number.values() if n not in kept))

    def same(self, one: int, other: int) -> Set:
        """Return all strings where two variables are the same."""
        a, b = self.engine.var(one), self.engine.var(other)
        return a & b | ~a & ~b

    def alike(self, field: str, other: str) -> Set:
        """Return all strings where two fields of one width have the same present value."""
        pairs = zip(self.bits(field), self.bits(other), strict=True)
        out = self.engine.true
        for (_, one), (_, two) in sorted(pairs, reverse=True):
            out = self.same(one, two) & out
        return out

    @property
    def copied(self) -> tuple[str, ...]:
        """Fields of a packet that have two copies."""
        return tuple(field for field in HEADER if field in self._written)

    def unchanged(self, fields: Iterable[str]) -> Set:
        """Return all strings where *fields* are now as they were sent."""
        pairs = [
            (self.number[field, Part.SENT, place], self.number[field, Part.NOW, place])
            for field in fields
            if field in self._written
            for place in range(self.width(field))
        ]
        out = self.engine.true
        for one, other in sorted(pairs, reverse=True):
            out = self.same(one, other) & out
        return out

    @cached_property
    def possible(self) -> Set:
        """All packets that there are, as sent: fields of layers that a packet lacks are 0."""
        ip, arp = (self._sent("eth_type", t) for t in (ETH_IPV4, ETH_ARP))
        tcp, udp = self._sent("ip_proto", TCP), self._sent("ip_proto", UDP)
        later = self._sent("ip_frag", 2, 2)
        out = self._zero(*_IP_FIELDS) | ip
        out = out & (self._zero(*_ARP_FIELDS) | arp)
        typed = (
            self._sent("ip_proto", ICMP) & self._sent("tp_src", 0, ~_TYPE) & self._zero("tp_dst")
        )
        out = out & (self._zero("tp_src", "tp_dst") | ip & (tcp | udp | typed) & ~later)
        out = out & (self._zero("tcp_flags_nxm") | ip & tcp & ~later)
        out = out & (~later | self._sent("ip_frag", 1, 1))
        untagged = self._sent("vlan_vid", 0, 0x1000)
        out = out & (self._zero("vlan_vid") | ~untagged)
        for kind in _TAG_TYPES:
            out = out & ~(untagged & self._sent("eth_type", kind))
        for field, domain in self.domains.items():
            if field in HEADER:  # a number that stands for no address is none
                out = out & self._below(field, len(domain.values))
        return out & self.tracked

    def _below(self, field: str, limit: int) -> Set:
        out = self.engine.false
        for place, number in sorted(self.bits(field, Part.SENT)):
            bit = self.engine.var(number)
            out = ~bit | out if limit >> place & 1 else ~bit & out
        return out if limit < 1 << self.width(field) else self.engine.true

    def value(self, field: str, code: int) -> int:
        """Return the value of *field* that *code* stands for."""
        domain = self.domains.get(field)
        return domain.values[code] if domain else code

    @cached_property
    def tracked(self) -> Set:
        """All packets of which a tracker says what it can say; of what is not IPv4, nothing."""
        ip = self._sent("eth_type", ETH_IPV4)
        return ip & self._phases | ~ip & self._sent("phase", 0)

    @cached_property
    def changing(self) -> Set:
        """The cube of all present copies and of the port that a packet leaves by, to be freed."""
        return self.free([*self.copied, "out_port"])

    @cached_property
    def beside_sent(self) -> Set:
        """The cube of all that changes on the way, to be freed: what is left is what was sent."""
        kept = {
            number
            for (field, part, _), number in self.number.items()
            if part is Part.SENT and (field in HEADER or field in _GIVEN)
        }
        return self.all_but(kept)

    @cached_property
    def _phases(self) -> Set:
        """What a tracker may say: new or established, related or not; or invalid alone."""
        new, est, invalid = (self._sent("phase", 1 << n, 1 << n) for n in (0, 1, 4))
        return self._sent("phase", 16) | ~invalid & (new & ~est | est & ~new)

    def _sent(self, field: str, value: int, mask: int = -1) -> Set:
        return self.equals(field, value, mask, Part.SENT)

    def _zero(self, *fields: str) -> Set:
        out = self.engine.true
        for field in fields:
            out = out & self._sent(field, 0)
        return out

    def _order(self) -> Iterator[Bit]:
        yield from self._field("source")
        yield from self._field("in_port")
        yield from self._sender()
        yield from self._tagged()
        if self.domains:
            yield from self._field("eth_dst")
        for field in ("ipv4_dst", "out_port"):  # one decides the other
            yield from self._field(field)
        yield from self._some("metadata", _TARGET_BITS)
        for field in ("eth_type", "ip_frag", "nw_ttl", "ip_proto"):
            yield from self._field(field)
        for field in ("tp_dst", "tp_src", "tcp_flags_nxm", "phase", *SWITCH, "room", "ct_mark"):
            yield from self._field(field)
        yield from self._field("arp_op")
        yield from self._beside("arp_sha", "arp_tha")
        yield from self._beside("arp_spa", "arp_tpa", "reg0")

    def _sender(self) -> Iterator[Bit]:
        """Yield the addresses of who sends.

        Where addresses are numbers, all that a source decides comes first and together: whatever
        is below is shared by sources that may do the same. Bit by bit, a copy of one address to
        another would then be as large as there are addresses, so both stand side by side.
        """
        if not self.domains:
            yield from self._beside("eth_src", "eth_dst")
            yield from self._field("ipv4_src")
            return
        later = list[Bit]()
        for bit in self._field("eth_src"):
            if bit[1] is Part.SENT:
                yield bit
            else:
                later.append(bit)
        yield from self._field("ipv4_src")
        yield from later

    def _field(self, field: str) -> Iterator[Bit]:
        for place in reversed(range(self.width(field))):
            yield from self._copies(field, place)

    def _beside(self, *fields: str) -> Iterator[Bit]:
        """Yield fields that are copied to each other, bit by bit."""
        for place in reversed(range(self.width(fields[0]))):
            for field in fields:
                yield from self._copies(field, place)

    def _some(self, field: str, places: Iterable[int]) -> Iterator[Bit]:
        for place in places:
            yield from self._copies(field, place)

    def _tagged(self) -> Iterator[Bit]:
        """Yield the bits of a tag, each beside the metadata bit that it may be copied from."""
        yield from self._some("metadata", _SOURCE_BITS[:16])
        yield from self._copies("vlan_vid", 12)
        for place in range(12):
            yield from self._copies("metadata", 48 + place)
            yield from self._copies("vlan_vid", place)
        yield from self._some("metadata", range(60, 64))

    def _copies(self, field: str, place: int) -> Iterator[Bit]:
        is_used = field not in self._used or self._used[field] >> place & 1
        if not is_used and not (field in self.domains and self._used[field]):
            return
        yield field, Part.SENT, place
        if field in self._written and field in HEADER:
            yield field, Part.NOW, place
