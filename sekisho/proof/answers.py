"""What one may send another, exactly: asked of the sets that the tables let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.model import Attachment, Plan, PortRef, Protocol
from sekisho.packet.packet import ETH_IPV4, mac_number
from sekisho.proof.engine import Set
from sekisho.proof.fields import ICMP, TCP, UDP, Part, tag_of
from sekisho.proof.flood import Fabric
from sekisho.proof.simple import simplest
from sekisho.proof.verdict import Packet, Tables, packet_of

_NEW = 0b00001  # ovs-fields(7), "ct_state"
_NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp"}


def _port(protocol: int) -> str:
    """Return the field that stands for the port of a service: of ICMP the type of its message."""
    return "tp_src" if protocol == ICMP else "tp_dst"


@dataclass(frozen=True, slots=True)
class Opening:
    """A range of destination ports that may be opened.

    Attributes:
        protocol: ``tcp``, ``udp`` or the number of another.
        first: The lowest port.
        last: The highest.
        packet: One that opens it.
    """

    protocol: str
    first: int
    last: int
    packet: Packet

    def __str__(self) -> str:
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.protocol}/{ports}"


class Answers:
    """Everything that tables let through, ready to be asked.

    Args:
        plan: The town.
        tables: By switch.
    """

    def __init__(self, plan: Plan, tables: Tables) -> None:
        self._fabric = Fabric(plan, tables)
        self._edges = self._fabric.flood().edges

    def opened(self, sender: Attachment, target: Attachment) -> list[Opening]:
        """Return everything that *sender* may open on *target*, in its own name."""
        return list(self._openings(self._sent_by(sender) & self._arriving(target)))

    def senders(self, target: Attachment) -> list[tuple[PortRef, Attachment | None, list[Opening]]]:
        """Return everybody, from any port, who may open something on *target*.

        Somebody who is nobody's own name is a port without an attachment.
        """
        nothing = self._fabric.layout.engine.false
        arriving = self._arriving(target) & self._phase(_NEW)
        out: list[tuple[PortRef, Attachment | None, list[Opening]]] = []
        for a in self._fabric.plan.attachments:
            here = arriving & self._sent_by(a)
            if here != nothing:
                out.append((a.at, a, list(self._openings(here))))
            arriving = arriving & ~here
        for number, port in enumerate(self._fabric.sources):
            here = arriving & self._fabric.layout.equals("source", number)
            if here != nothing:
                out.append((port, None, list(self._openings(here))))
        return out

    def one(
        self, sender: Attachment, target: Attachment, service: tuple[Protocol, int]
    ) -> tuple[Packet, bool]:
        """Return a packet by which *sender* would open *service*, and whether it arrives."""
        layout, number = self._fabric.layout, service[0].value
        asked = self._sent_by(sender) & layout.equals("ipv4_dst", int(target.ip))
        asked = asked & layout.equals("ip_proto", number) & layout.equals(_port(number), service[1])
        asked = asked & self._phase(_NEW)
        arriving = asked & self._arriving(target)
        does = bool(arriving != layout.engine.false)
        chosen = arriving if does else asked & self._fabric.honest
        return packet_of(self._fabric, simplest(self._fabric, chosen)), does

    def _arriving(self, target: Attachment) -> Set:
        layout = self._fabric.layout
        here = self._fabric.at(self._edges, target.at)
        return here & layout.equals("eth_dst", mac_number(target.mac))

    def _sent_by(self, sender: Attachment) -> Set:
        layout = self._fabric.layout
        own = layout.engine.true
        if sender.tag:
            own = layout.equals("vlan_vid", tag_of(sender), -1, Part.SENT)
        return (
            own
            & layout.equals("source", self._fabric.number[sender.at])
            & layout.equals("eth_src", mac_number(sender.mac), -1, Part.SENT)
            & layout.equals("ipv4_src", int(sender.ip), -1, Part.SENT)
            & layout.equals("eth_type", ETH_IPV4, -1, Part.SENT)
        )

    def _phase(self, phase: int) -> Set:
        return self._fabric.layout.equals("phase", phase)

    def _openings(self, packets: Set) -> Iterator[Opening]:
        """Yield the ranges of destination ports of *packets*, by protocol."""
        layout = self._fabric.layout
        packets = packets & self._phase(_NEW)
        for number in range(256):
            some = packets & layout.equals("ip_proto", number)
            if some == layout.engine.false:
                continue
            field = _port(number)
            bits = dict(layout.bits(field))
            ports = layout.engine.without(some, layout.all_but(set(bits.values())))
            for first, last in _joined(self._ranges(ports, layout.engine.true, 0, bits)):
                example = some & layout.equals(field, first)
                chosen = packet_of(self._fabric, simplest(self._fabric, example))
                yield Opening(_NAMES.get(number, str(number)), first, last, chosen)

    def _ranges(
        self, ports: Set, under: Set, first: int, bits: Mapping[int, int]
    ) -> Iterator[tuple[int, int]]:
        """Yield the parts of *ports* that are whole, from the port *first* on."""
        layout = self._fabric.layout
        here = ports & under
        if here == layout.engine.false:
            return
        if here == under:
            yield first, first + (1 << len(bits)) - 1
            return
        place = len(bits) - 1
        bit, lower = layout.engine.var(bits[place]), {p: n for p, n in bits.items() if p < place}
        yield from self._ranges(here, under & ~bit, first, lower)
        yield from self._ranges(here, under & bit, first + (1 << place), lower)


def _joined(parts: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join ranges that follow each other."""
    last: tuple[int, int] | None = None
    for first, end in parts:
        if last is not None and last[1] + 1 == first:
            last = last[0], end
            continue
        if last is not None:
            yield last
        last = first, end
    if last is not None:
        yield last
