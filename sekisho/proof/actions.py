"""What actions make of a set of packets: where they go on, where they leave, what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from sekisho.errors import RefusedError
from sekisho.openflow.rules import (
    CONTROLLER,
    IN_PORT,
    LOCAL,
    VLAN_PRESENT,
    Action,
    DecTtl,
    Move,
    Output,
    PopVlan,
    PushVlan,
    SetField,
    Track,
)
from sekisho.packet.packet import ETH_IPV4
from sekisho.proof.engine import Set
from sekisho.proof.fields import Layout, slot
from sekisho.proof.tables import Group


class To(Enum):
    """What a set of packets comes to."""

    TABLE = "table"
    OUT = "out"  # of the port that each has for its ``out_port``
    CONTROLLER = "controller"
    LOCAL = "local"
    KEPT = "kept"  # committed to connection tracking, in a zone


class Event(NamedTuple):
    """One thing that happens to some packets.

    Attributes:
        number: Of the table or the zone.
    """

    to: To
    number: int
    packets: Set


class Actor:
    """Carries out actions on sets.

    Args:
        layout: The variables.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout, self._engine = layout, layout.engine
        self._back = layout.alike("in_port", "out_port")

    def run(self, group: Group, packets: Set) -> Iterator[Event]:
        """Yield what becomes of *packets*, which meet with *group*."""
        for action in group.before:
            yield from self._events(action, packets)
            packets = self._changed(action, packets)
        if group.written is not None:
            packets = self._engine.without(packets, group.written.free) & group.written.by
        for action in group.after:
            yield from self._events(action, packets)
            packets = self._changed(action, packets)
        if group.leaves:
            yield Event(To.OUT, 0, packets)
        if group.goto is not None:
            yield self._on(group.goto, packets)

    def _events(self, action: Action, packets: Set) -> Iterator[Event]:
        """Yield where *action* lets copies of *packets* go."""
        match action:
            case Output(port):
                yield self._output(port, packets)
            case Track():
                self._refuse_other(packets, "connection tracking")
                yield from self._tracked(action, packets)

    def _changed(self, action: Action, packets: Set) -> Set:
        """Return what *action* makes of *packets*."""
        match action:
            case Output() | Track():
                return packets
            case DecTtl():
                self._refuse_other(packets, "a TTL that is counted down")
                return self._decreased(packets & ~self._dying())
        return self._written(action, packets)

    def _output(self, port: int, packets: Set) -> Event:
        match port:
            case int() if port == IN_PORT:
                return Event(To.OUT, 0, packets & self._back)
            case int() if port == CONTROLLER:
                return Event(To.CONTROLLER, 0, packets)
            case int() if port == LOCAL:
                return Event(To.LOCAL, 0, packets)
        came_in, out = (self._layout.equals(way, port) for way in ("in_port", "out_port"))
        return Event(To.OUT, 0, packets & ~came_in & out)  # never out where it came in

    def _tracked(self, action: Track, packets: Set) -> Iterator[Event]:
        """Yield what is kept, and what goes on in the table that is named."""
        layout, engine = self._layout, self._engine
        if action.commit and not action.mark:  # what is counted alone lets nothing back
            yield Event(To.KEPT, action.zone, packets)
        if action.table < 0:
            return
        before = layout.equals("tracked", 1)
        if not action.mark and packets & before != engine.false:
            raise RefusedError(
                f"connection tracking is asked of packets again, in zone {action.zone}\n"
                "  hint: this is not modelled; nothing is proved"
            )
        out = engine.without(packets & ~before, layout.free(["tracked"]))
        again = engine.without(packets & before, layout.free(["again"]))
        out = (out | again & layout.equals("again", 1)) & layout.equals("tracked", 1)
        if action.mark:
            out = self._counted(action, out)
        yield self._on(action.table, out)

    def _refuse_other(self, packets: Set, what: str) -> None:
        """Refuse *what* of packets that are not IPv4: their state and hop limit are in no set."""
        if packets & ~self._layout.equals("eth_type", ETH_IPV4) != self._engine.false:
            raise RefusedError(
                f"{what}, of packets that are not IPv4\n"
                "  hint: this is not modelled; nothing is proved"
            )

    def _counted(self, action: Track, packets: Set) -> Set:
        """Return *packets* with the mark where there was room for it, and without where not."""
        layout, engine = self._layout, self._engine
        counted = layout.equals("counted", 1)
        if packets & counted != engine.false:
            raise RefusedError(
                "connection tracking counts packets a second time\n"
                "  hint: this is not modelled; nothing is proved"
            )
        room = layout.equals("room", 1)
        marked, not_marked = layout.equals("ct_mark", action.mark), layout.equals("ct_mark", 0)
        out = engine.without(packets, layout.free(["ct_mark", "counted"])) & counted
        return out & (room & marked | ~room & not_marked)

    def _dying(self) -> Set:
        return self._layout.equals("nw_ttl", 0, 0xFE)  # 0 and 1

    def _decreased(self, packets: Set) -> Set:
        """Return *packets* with one less: a new value is there if the old, one more, was."""
        bits = sorted(self._layout.bits("nw_ttl"))
        carry, by = self._engine.true, {}
        for _, number in bits:
            bit = self._engine.var(number)
            by[number] = bit & ~carry | ~bit & carry
            carry = bit & carry
        return self._engine.replace(packets, by) & ~carry

    def _written(self, action: Action, packets: Set) -> Set:
        layout = self._layout
        match action:
            case SetField(field, value):
                name = slot(field)
                return self._engine.without(packets, layout.free([name])) & layout.equals(
                    name, value
                )
            case Move():
                return self._moved(action, packets)
            case PushVlan():
                return self._pushed(packets)
            case PopVlan():
                inner = layout.equals("eth_type", 0x8100) | layout.equals("eth_type", 0x88A8)
                self._refuse(packets & (inner | layout.equals("double", 1)))
                return self._vlan(packets, 0)
        raise RefusedError(f"the action {action!r} is not modelled")

    def _pushed(self, packets: Set) -> Set:
        tagged = packets & self._layout.equals("vlan_vid", VLAN_PRESENT, VLAN_PRESENT)
        self._refuse(tagged & self._layout.equals("double", 1))
        double = self._engine.without(tagged, self._layout.free(["double"]))
        double = double & self._layout.equals("double", 1)
        return self._vlan(packets & ~tagged | double, VLAN_PRESENT)

    def _on(self, table: int, packets: Set) -> Event:
        """Return what goes on to a table; inside a switch, a second tag is not looked behind."""
        new = self._layout.equals("double", 1) & self._layout.equals("hidden", 0)
        self._refuse(packets & new)
        return Event(To.TABLE, table, packets)

    def _vlan(self, packets: Set, value: int) -> Set:
        free = self._engine.without(packets, self._layout.free(["vlan_vid"]))
        return free & self._layout.equals("vlan_vid", value)

    def _refuse(self, packets: Set) -> None:
        if packets != self._engine.false:
            raise RefusedError(
                "a packet with two VLAN tags is looked into, or gets or loses one more\n"
                "  hint: this is not modelled; nothing is proved"
            )

    def _moved(self, action: Move, packets: Set) -> Set:
        """Return *packets* with bits of one field copied to another.

        The relation is made for the values that there are: for all values it could be as large as
        they are many, where the two fields stand far apart in the order.
        """
        layout, engine = self._layout, self._engine
        source, target = slot(action.source), slot(action.target)
        old, new = dict(layout.bits(source)), dict(layout.bits(target))
        first, bits = action.source_bit, action.bits
        if source in layout.domains:  # a number, whole: `domains` has seen to that
            first, bits = 0, layout.width(source)
        places = [(old.get(n + first), new[n]) for n in range(bits)]
        copied = engine.without(packets, layout.all_but({n for n, _ in places if n is not None}))
        for there, here in places:
            copied = copied & (~engine.var(here) if there is None else layout.same(there, here))
        free = layout.free([target], (1 << bits) - 1)
        return engine.without(packets, free) & copied
