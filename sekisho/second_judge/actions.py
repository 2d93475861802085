"""What one switch does with packets: through its tables in their order, to wherever they leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

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
from sekisho.second_judge.matching import Doing, Level, met
from sekisho.second_judge.matching import field as field_of
from sekisho.second_judge.packets import WIDTH, Now
from sekisho.second_judge.terms import (
    Number,
    Truth,
    both,
    chosen,
    is_value,
    less_one,
    moved,
    no,
    some,
)


class Where(Enum):
    """Where packets leave a switch."""

    PORT = "port"
    CONTROLLER = "controller"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Packets:
    """Some packets at one place: those that *when* holds for, and what they are there."""

    when: Truth
    now: Now


#: Where, and the number of the port.
Exit = tuple[Where, int]


@dataclass(slots=True)
class Through:
    """What became of packets in one switch.

    Attributes:
        out: By exit. Two of one exit may be copies of one packet.
        refused: Packets that do something that is not modelled, and what.
    """

    out: dict[Exit, list[Packets]] = field(default_factory=lambda: defaultdict(list))
    refused: list[tuple[Truth, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _On:
    """Packets that go on in a table of the same switch."""

    table: int
    packets: Packets


class Machine:
    """One switch.

    Args:
        tables: Its rules, by the number of the table.
        ports: How many it has.
        has_room: Whether the share of a packet's port has room.
    """

    def __init__(
        self, tables: Mapping[int, tuple[Level, ...]], ports: int, has_room: Truth
    ) -> None:
        self._tables, self._ports, self._has_room = tables, ports, has_room
        self._reads_state = {
            number
            for number, levels in tables.items()
            if any({"phase", "tracked"} & asked.keys() for level in levels
                   for _, some_asked in level.by for asked in some_asked)
        }  # fmt: skip

    def run(self, packets: Packets) -> Through:
        """Return what becomes of *packets*; a copy that goes its own way is followed as well."""
        out = Through()
        copies = [_On(0, packets)]
        while copies:
            waiting = {(one := copies.pop()).table: [one.packets]}
            while waiting:
                number = min(waiting)
                here = merged(waiting.pop(number))
                self._table(number, here, out, (waiting, copies))
        return out

    def _table(
        self,
        number: int,
        here: Packets,
        out: Through,
        on: tuple[dict[int, list[Packets]], list[_On]],
    ) -> None:
        """Let packets through one table; what goes on is put where it waits."""
        waiting, copies = on
        if number in self._reads_state:
            twice = both(here.when, here.now["again"])
            out.refused.append((twice, "is looked up twice in one switch"))
        left: dict[tuple[Exit, int], list[Packets]] = defaultdict(list)
        for doing, truth in met(self._tables.get(number, ()), here.now):
            when = both(here.when, truth)
            if when is False:
                continue
            on_list = self._done(doing, Packets(when, here.now), left, out)
            for one in on_list[:1]:
                waiting.setdefault(one.table, []).append(one.packets)
            copies += on_list[1:]
        for (place, _), parts in left.items():
            out.out[place].append(merged(parts))

    def _done(
        self,
        doing: Doing,
        packets: Packets,
        left: dict[tuple[Exit, int], list[Packets]],
        out: Through,
    ) -> list[_On]:
        """Do what a rule does; return where it goes on: nowhere, once, or in several copies."""
        on: list[_On] = []
        for number, action in enumerate(doing.actions):
            if isinstance(action, Output):
                for place, some_packets in self._output(action.port, packets):
                    left[place, number].append(some_packets)
            elif isinstance(action, Track):
                out.refused.append((_not_ip(packets), "is no IPv4 and is tracked"))
                if action.table >= 0:
                    found = self._tracked(action, packets, out)
                    on.append(_going(action.table, found, out))
            else:
                packets = _changed(action, packets, out)
        if doing.goto is not None:
            if doing.metadata is not None:
                value, mask = doing.metadata
                packets = _with(packets, metadata=_masked(packets.now["metadata"], value, mask))
            on.append(_going(doing.goto, packets, out))
        return on

    def _output(self, port: int, packets: Packets) -> Iterator[tuple[Exit, Packets]]:
        """Yield where packets leave; nothing leaves by the port that it came in by."""
        came_in = packets.now["in_port"]
        if port == CONTROLLER:
            yield (Where.CONTROLLER, 0), packets
        elif port == LOCAL:
            yield (Where.LOCAL, 0), packets
        elif port == IN_PORT:
            for number in (*range(1, self._ports + 1), LOCAL):
                when = both(packets.when, is_value(came_in, number, 0xFFFFFFFF, 32))
                place = (Where.LOCAL, 0) if number == LOCAL else (Where.PORT, number)
                if when is not False:
                    yield place, Packets(when, packets.now)
        else:
            when = both(packets.when, no(is_value(came_in, port, 0xFFFFFFFF, 32)))
            if when is not False:
                yield (Where.PORT, port), Packets(when, packets.now)

    def _tracked(self, action: Track, packets: Packets, out: Through) -> Packets:
        """Return *packets* with what a tracker says of them."""
        now = packets.now
        if not action.mark:
            again = both(packets.when, now["tracked"])
            out.refused.append((again, "is looked up again in one switch"))
            return _with(packets, tracked=True, again=some((now["again"], now["tracked"])))
        out.refused.append((both(packets.when, now["counted"]), "is counted a second time"))
        mark = chosen(((self._has_room, action.mark), (no(self._has_room), 0)), WIDTH["ct_mark"])
        return _with(
            packets,
            tracked=True,
            again=some((now["again"], now["tracked"])),
            counted=True,
            ct_mark=mark,
        )


def merged(parts: Sequence[Packets]) -> Packets:
    """Return packets that are never two at once as one."""
    if len(parts) == 1:
        return parts[0]
    now = {
        name: chosen([(part.when, part.now[name]) for part in parts], bits)
        for name, bits in WIDTH.items()
    }
    return Packets(some(part.when for part in parts), now)


def _with(packets: Packets, **fields: Number) -> Packets:
    return Packets(packets.when, {**packets.now, **fields})


def _not_ip(packets: Packets) -> Truth:
    return both(packets.when, no(is_value(packets.now["eth_type"], ETH_IPV4, 0xFFFF, 16)))


def _going(table: int, packets: Packets, out: Through) -> _On:
    """Let packets go on in a table: a tag that was pushed on a tag is not looked behind."""
    new = both(packets.when, packets.now["double"], no(packets.now["hidden"]))
    out.refused.append((new, "has two tags and is looked into"))
    return _On(table, packets)


def _masked(number: Number, value: int, mask: int) -> Number:
    """Return *number* with *value* written under *mask*."""
    full = (1 << 64) - 1
    if mask == full:
        return value
    return number & (full & ~mask) | value


def _changed(action: Action, packets: Packets, out: Through) -> Packets:
    now = packets.now
    match action:
        case SetField(name, value):
            return _with(packets, **{field_of(name): value})
        case Move(source, target, bits, first):
            one, to = field_of(source), field_of(target)
            widths = WIDTH[one], WIDTH[to]
            copied = moved(now[one], first, min(bits, widths[0] - first), now[to], widths)
            return _with(packets, **{to: copied})
        case PushVlan():
            is_tagged = is_value(now["vlan_vid"], VLAN_PRESENT, VLAN_PRESENT, WIDTH["vlan_vid"])
            third = both(packets.when, is_tagged, now["double"])
            out.refused.append((third, "gets a third tag"))
            return _with(packets, vlan_vid=VLAN_PRESENT, double=some((now["double"], is_tagged)))
        case PopVlan():
            tags = [is_value(now["eth_type"], kind, 0xFFFF, 16) for kind in (0x8100, 0x88A8)]
            inner = both(packets.when, some((*tags, now["double"])))
            out.refused.append((inner, "loses one of two tags"))
            return _with(packets, vlan_vid=0)
        case DecTtl():
            out.refused.append((_not_ip(packets), "is no IPv4 and its hop limit counts down"))
            lives = no(is_value(now["nw_ttl"], 0, 0xFE, 8))  # 0 and 1 die here
            out_ttl = less_one(now["nw_ttl"])
            return Packets(both(packets.when, lives), {**now, "nw_ttl": out_ttl})
    raise AssertionError(f"{action!r} was not refused")
