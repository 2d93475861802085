"""All packets from all edge ports through all switches, unrolled hop by hop.

At the first hop every switch gets what enters it; at each further one, what the switches before it
sent over a line. Where no packet can come any more, z3 says so, and the walk ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sekisho.errors import RefusedError
from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import CONTROLLER, LOCAL, Rule
from sekisho.second_judge.actions import Machine, Packets, Through, Where, merged
from sekisho.second_judge.matching import Level, levels
from sekisho.second_judge.packets import FIELDS, FORGOTTEN, INSIDE, Sent, edges, tracked
from sekisho.second_judge.scope import Tables
from sekisho.second_judge.terms import (
    Asking,
    Truth,
    both,
    every,
    is_value,
    no,
    same,
    some,
    variable,
)

_MOST_HOPS = 64
#: What makes two arrivals at one port the same arrival.
_STATE = (*FIELDS, "counted", "double")

#: Packets by the port of the switch that they come to.
Arriving = Mapping[PortRef, list[Packets]]


@dataclass(slots=True)
class Arrivals:
    """Where packets come to, as they are there.

    Attributes:
        at: By edge port; a switch's own port stands for its host, `CONTROLLER` for its controller.
        returned: By switch: what comes to it in a state in which it was there before.
        first: By port: what comes over a line straight from where it entered.
    """

    at: dict[PortRef, list[Packets]] = field(default_factory=lambda: defaultdict(list))
    returned: dict[str, list[Packets]] = field(default_factory=lambda: defaultdict(list))
    first: dict[PortRef, list[Packets]] = field(default_factory=lambda: defaultdict(list))


class Walk:
    """The switches of a plan with their tables.

    Args:
        plan: Its switches and lines.
        tables: By switch.
        sent: What may enter.
        down: Ends of lines that carry nothing.
    """

    def __init__(self, plan: Plan, tables: Tables, sent: Sent, down: Collection[PortRef]) -> None:
        self._plan, self._sent = plan, sent
        self._down = frozenset(down)
        self._under_tags = {a.at for a in plan.attachments if a.tag}
        self._peer = {link.a: link.b for link in plan.links}
        self._peer |= {link.b: link.a for link in plan.links}
        made: dict[tuple[Rule, ...], tuple[Level, ...]] = {}
        self._machines = {
            each.id: Machine(_levels(tables[each.id], each.id, made), each.ports, sent.has_room)
            for each in plan.switches
        }

    def everything(self) -> Arrivals:
        """Follow all packets from where they enter."""
        out = Arrivals()
        for number, switch in enumerate(self._plan.switches):
            here = is_value(self._sent.switch, number, 0xFFFF, 16)
            ports = some(is_value(self._sent.port, p, 0xFFFFFFFF, 32)
                         for p in edges(self._plan, switch.id))  # fmt: skip
            packets = Packets(both(here, ports), self._sent.now)
            self._through(switch.id, packets, out, out.first)
        self._follow(out.first, out)
        return out

    def apart(self, first: Arriving) -> Arrivals:
        """Follow *first*, while each switch's tracker says of each packet what it likes."""
        out = Arrivals()
        self._follow(first, out, is_apart=True)
        return out

    def _follow(self, first: Arriving, out: Arrivals, *, is_apart: bool = False) -> None:
        waiting = first
        seen: dict[PortRef, list[Packets]] = defaultdict(list)
        for hop in range(1, _MOST_HOPS):
            coming: dict[PortRef, list[Packets]] = defaultdict(list)
            before = {port: list(some_packets) for port, some_packets in seen.items()}
            for port, parts in sorted(waiting.items()):
                for number, packets in enumerate(self._apart_or_one(parts)):
                    if is_apart:
                        packets = self._any_phase(packets, f"{hop} {port} {number}")
                    packets = self._new(port, packets, before.get(port, []), out)
                    if self._ever(packets.when):
                        seen[port].append(packets)
                        self._through(port.switch, packets, out, coming)
            if not coming:
                return
            waiting = coming
        raise RefusedError(
            f"packets are still under way after {_MOST_HOPS} switches\n"
            "  hint: the second judge does not follow them further, so it says nothing"
        )

    def _apart_or_one(self, parts: list[Packets]) -> Iterator[Packets]:
        """Yield *parts* as one where no two are copies of one packet, else each by itself."""
        alive = [part for part in parts if self._ever(part.when)]
        pairs = ((one, other) for n, one in enumerate(alive) for other in alive[n + 1 :])
        if any(self._ever(both(one.when, other.when)) for one, other in pairs):
            yield from alive
        elif alive:
            yield merged(alive)

    def _any_phase(self, packets: Packets, name: str) -> Packets:
        phase = variable(f"phase {name}", INSIDE["phase"])
        when = both(packets.when, tracked(phase, packets.now["eth_type"]))
        return Packets(when, {**packets.now, "phase": phase})

    def _ever(self, truth: Truth) -> bool:
        """Tell whether *truth* holds of any packet."""
        is_known = isinstance(truth, bool)
        return bool(truth) if is_known else Asking(self._sent.is_possible, truth).may()

    def _new(
        self, port: PortRef, packets: Packets, before: list[Packets], out: Arrivals
    ) -> Packets:
        """Return *packets* without those that were here in the same state; these are told."""
        known = some(
            both(there.when, *(same(there.now[n], packets.now[n]) for n in _STATE))
            for there in before
        )
        again = both(packets.when, known)
        if again is not False:
            out.returned[port.switch].append(Packets(again, packets.now))
        return Packets(both(packets.when, no(known)), packets.now)

    def _through(
        self, switch: str, packets: Packets, out: Arrivals, coming: dict[PortRef, list[Packets]]
    ) -> None:
        """Let *packets* through one switch, and over the lines behind it."""
        done = self._machines[switch].run(packets)
        self._refuse(switch, done)
        for (where, number), parts in done.out.items():
            if where is not Where.PORT:
                own = CONTROLLER if where is Where.CONTROLLER else LOCAL
                out.at[PortRef(switch, own)] += parts
                continue
            port = PortRef(switch, number)
            if port in self._down:
                continue
            peer = self._peer.get(port)
            if peer is None:
                self._refuse_second_tags(port, parts)
                out.at[port] += parts
            else:
                coming[peer] += [_over(part, peer) for part in parts]

    def _refuse_second_tags(self, port: PortRef, parts: list[Packets]) -> None:
        """Refuse two tags where one is expected: which of them is inside is not followed.

        Raises:
            RefusedError: A packet leaves with two there.
        """
        double = some(both(each.when, each.now["double"]) for each in parts)
        if port in self._under_tags and self._ever(double):
            raise RefusedError(
                f"{port}: packets leave with two VLAN tags\n"
                "  hint: the second judge does not model this, so it says nothing"
            )

    def _refuse(self, switch: str, done: Through) -> None:
        """Refuse what is not modelled, where a packet does it.

        Raises:
            RefusedError: One does.
        """
        if not self._ever(some(truth for truth, _ in done.refused)):
            return
        why = next(why for truth, why in done.refused if self._ever(truth))
        raise RefusedError(
            f"{switch}: a packet {why}\n"
            "  hint: the second judge does not model this, so it says nothing"
        )


def _over(packets: Packets, peer: PortRef) -> Packets:
    """Return *packets* at the other end of a line: what a switch alone knows is gone."""
    now = {**packets.now, **FORGOTTEN, "in_port": peer.port, "hidden": packets.now["double"]}
    return Packets(packets.when, now)


def _levels(
    rules: tuple[Rule, ...], switch: str, made: dict[tuple[Rule, ...], tuple[Level, ...]]
) -> dict[int, tuple[Level, ...]]:
    by: dict[int, list[Rule]] = defaultdict(list)
    for rule in rules:
        by[rule.table].append(rule)
    for own in by.values():
        if tuple(own) not in made:
            made[tuple(own)] = levels(own, switch)
    return {number: made[tuple(own)] for number, own in by.items()}


def is_same(one: Packets, other: Mapping[str, object]) -> Truth:
    """Return whether packets have exactly these fields."""
    return every(same(one.now[name], other[name]) for name in FIELDS)
