"""Flow rules as values, and the cookies that name them.

The compiler makes these values, the controller turns them into OpenFlow messages and back, the
reference switch runs them. No field is used that is not listed here: `RuleError` otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from sekisho.errors import RuleError
from sekisho.model import Plan
from sekisho.packet.packet import DropPoint, Reason

#: Match fields by OpenFlow name and their width in bits (OpenFlow 1.3.5, 7.2.3.7; the last six
#: are Open vSwitch's, ovs-fields(7)).
WIDTHS: dict[str, int] = {
    "in_port": 32,
    "metadata": 64,
    "eth_dst": 48,
    "eth_src": 48,
    "eth_type": 16,
    "vlan_vid": 13,
    "ip_proto": 8,
    "ipv4_src": 32,
    "ipv4_dst": 32,
    "tcp_src": 16,
    "tcp_dst": 16,
    "udp_src": 16,
    "udp_dst": 16,
    "icmpv4_type": 8,
    "arp_op": 16,
    "arp_spa": 32,
    "arp_tpa": 32,
    "arp_sha": 48,
    "arp_tha": 48,
    "ip_frag": 8,
    "nw_ttl": 8,
    "tcp_flags_nxm": 16,
    "ct_state": 32,
    "ct_mark": 32,
    "reg0": 32,
}

VLAN_PRESENT = 0x1000  # OFPVID_PRESENT, OpenFlow 1.3.5, 7.2.3.7
IN_PORT = 0xFFFFFFF8  # OFPP_IN_PORT, OpenFlow 1.3.5, 7.2.1
# Ports that no rule of ours names: OFPP_NORMAL, OFPP_FLOOD, OFPP_CONTROLLER, OFPP_LOCAL, ibid.
NORMAL, FLOOD, CONTROLLER, LOCAL = 0xFFFFFFFA, 0xFFFFFFFB, 0xFFFFFFFD, 0xFFFFFFFE
# Connection-tracking state bits, ovs-fields(7) "ct_state"
CT_NEW, CT_EST, CT_REL, CT_REPLY, CT_INVALID, CT_TRACKED = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

#: field name -> (value, mask); an exact match has a mask of all ones.
Match = tuple[tuple[str, int, int], ...]


def match(**fields: int | tuple[int, int]) -> Match:
    """Build a canonical match: sorted by field, values under their masks, no empty mask.

    Raises:
        RuleError: A field is not modelled, or does not fit its width.
    """
    out = []
    for name, given in sorted(fields.items()):
        if name not in WIDTHS:
            raise RuleError(f"match field {name!r} is not modelled")
        full = (1 << WIDTHS[name]) - 1
        value, mask = given if isinstance(given, tuple) else (given, full)
        if value & ~full or mask & ~full:
            raise RuleError(f"{name}={value:#x}/{mask:#x} does not fit {WIDTHS[name]} bits")
        if mask:  # a field under an empty mask matches all: a switch would not report it
            out.append((name, value & mask, mask))
    return tuple(out)


@dataclass(frozen=True, slots=True, order=True)
class Output:
    """Send out of *port* (`IN_PORT` for where it came from)."""

    port: int


@dataclass(frozen=True, slots=True, order=True)
class SetField:
    """Write *value* into *field*."""

    field: str
    value: int


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """Copy *bits* bits of *source* from *source_bit* into *target* from bit 0."""

    source: str
    target: str
    bits: int
    source_bit: int = 0


@dataclass(frozen=True, slots=True, order=True)
class PushVlan:
    """Push an 802.1Q tag (TPID 0x8100)."""


@dataclass(frozen=True, slots=True, order=True)
class PopVlan:
    """Pop the outermost tag."""


@dataclass(frozen=True, slots=True, order=True)
class DecTtl:
    """Decrement the IPv4 TTL."""


@dataclass(frozen=True, slots=True, order=True)
class Track:
    """Pass through connection tracking in *zone*: look up or commit, and go on in *table*.

    Attributes:
        zone: Number of the zone.
        table: Where the packet goes on with what the tracker says of it; -1 for nowhere else.
        commit: Whether the conversation is kept.
        mark: Written on what is kept, and so on the packet if it is kept; 0 for no mark.
    """

    zone: int
    table: int = -1
    commit: bool = False
    mark: int = 0


Action = Output | SetField | Move | PushVlan | PopVlan | DecTtl | Track


@dataclass(frozen=True, slots=True)
class Rule:
    """One flow entry. No actions and no goto: drop.

    Attributes:
        metadata: (value, mask) written before *goto*, or None.
        goto: Next table, or None.
    """

    table: int
    priority: int
    match: Match
    cookie: int
    actions: tuple[Action, ...] = ()
    metadata: tuple[int, int] | None = None
    goto: int | None = None

    @property
    def key(self) -> tuple[int, int, Match]:
        """What makes two rules the same entry of a switch (OpenFlow 1.3.5, 6.4)."""
        return (self.table, self.priority, self.match)

    @property
    def drops(self) -> bool:
        """True for a rule that ends a packet's way."""
        return not self.actions and self.goto is None


class Kind(IntEnum):
    """What a rule is for: the second byte of its cookie. Below 64 it lets on, from 64 it drops."""

    ADMIT = 1
    ADMIT_TRUNK = 2
    ADMIT_ARP = 3
    ANSWER_ARP = 4
    ROUTER = 5
    DESTINATION = 6
    TRACK = 7
    OPEN = 8
    CONTINUE = 9
    REPLY = 10
    DELIVER = 11
    TRANSIT = 12
    SHARE = 13
    COUNTED = 14
    DROP_TAGGED = 64
    DROP_IPV6 = 65
    DROP_ETHERTYPE = 66
    DROP_IDENTITY = 67
    DROP_ARP_CLAIM = 68
    DROP_ARP_TARGET = 69
    DROP_QUARANTINE = 70
    DROP_TRUNK = 71
    DROP_FRAGMENT = 72
    DROP_TTL = 73
    DROP_GROUP = 74
    DROP_NEXT_HOP = 75
    DROP_DESTINATION = 76
    DROP_CELL = 77
    DROP_FORWARD = 78
    DROP_SHARE = 79

    @property
    def is_of_permission(self) -> bool:
        """Its cookie names a clause, a source class and a destination class."""
        return self in _OF_PERMISSION

    @property
    def is_admission(self) -> bool:
        """It lets the frames of one attachment in."""
        return self in _ADMISSION

    @property
    def is_of_attachment(self) -> bool:
        """Its cookie names a port, and the attachment there."""
        return self in _OF_ATTACHMENT

    @property
    def is_of_target(self) -> bool:
        """It is met by what is for one attachment."""
        return self in _OF_TARGET

    @property
    def is_of_edge(self) -> bool:
        """It is met by what enters at one edge port."""
        return self in _OF_EDGE

    @property
    def is_of_port(self) -> bool:
        """It stands at one port, where frames come in or are delivered."""
        return self in _OF_PORT


_OF_PERMISSION = frozenset({Kind.OPEN, Kind.CONTINUE, Kind.REPLY})
_ADMISSION = frozenset({Kind.ADMIT, Kind.ADMIT_ARP})
_OF_ATTACHMENT = _ADMISSION | {Kind.DELIVER}
_OF_TARGET = frozenset({Kind.DESTINATION, Kind.DELIVER})
_OF_EDGE = _ADMISSION | {
    *(Kind.DROP_TAGGED, Kind.DROP_IPV6, Kind.DROP_ETHERTYPE),
    *(Kind.DROP_IDENTITY, Kind.DROP_ARP_CLAIM),
}
_OF_PORT = _OF_EDGE | {Kind.ADMIT_TRUNK, Kind.DROP_TRUNK, Kind.DELIVER}

_REASON_OF = {Kind["DROP_" + reason.name]: reason for reason in Reason}
_READ = 1 << 16  # cookies that are known when they are read again: a large town has 20,000
_KINDS = {kind.value: kind for kind in Kind}
_OURS = 0x5E  # first byte of every cookie, so that a foreign rule shows itself


@dataclass(frozen=True, slots=True, order=True)
class Cookie:
    """The name of a rule in 64 bits: ``5e | kind | a | b | c`` (8, 8, 16, 16 and 16 bits).

    ``a``, ``b`` and ``c`` are 1-based positions in the plan: of source class and destination
    class for a cell; of clause, source class and destination class for a permission; a port
    number for rules of one port; an attachment for its own rules.
    """

    kind: Kind
    a: int = 0
    b: int = 0
    c: int = 0

    def __int__(self) -> int:
        return _OURS << 56 | self.kind << 48 | self.a << 32 | self.b << 16 | self.c

    @staticmethod
    @lru_cache(maxsize=_READ)
    def parse(value: int) -> Cookie | None:
        """Read a cookie back; None for a rule that is not ours."""
        kind = _KINDS.get(value >> 48 & 0xFF)
        if value >> 56 != _OURS or kind is None:
            return None
        return Cookie(kind, value >> 32 & 0xFFFF, value >> 16 & 0xFFFF, value & 0xFFFF)


def drop_rule(table: int, priority: int, cookie: Cookie, **fields: int | tuple[int, int]) -> Rule:
    """Return a rule that drops what matches *fields*."""
    return Rule(table, priority, match(**fields), int(cookie))


def drop_point(cookie: int, switch: str, plan: Plan) -> DropPoint | None:
    """Return in words which dropping rule *cookie* names at *switch*; None if it drops nothing.

    Anybody may write any cookie into a switch: a class that the plan has not is named by number.
    """
    parsed = Cookie.parse(cookie)
    if parsed is None or parsed.kind not in _REASON_OF:
        return None
    reason = _REASON_OF[parsed.kind]
    if reason is Reason.CELL:
        row = _name([c.id for c in plan.sources], parsed.a)
        column = _name([c.id for c in plan.destinations], parsed.b)
        return DropPoint(reason.value, switch, f"{row}/{column}")
    return DropPoint(reason.value, switch, str(parsed.a) if parsed.a else "")


def _name(ids: Sequence[str], number: int) -> str:
    return ids[number - 1] if 0 < number <= len(ids) else f"no. {number}"
