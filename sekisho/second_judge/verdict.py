"""What arrives against what the plan promises, asked for each ordered pair of places.

For each place where packets may arrive: may anything arrive that is not promised, may anything
promised not arrive, may a packet come to a switch again as it was, and may anything arrive that is
not promised if each switch's tracker says what it likes. Each answer is a packet or none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import CONTROLLER, LOCAL
from sekisho.second_judge.actions import Packets
from sekisho.second_judge.packets import FIELDS, INSIDE, edges, sent, tracked
from sekisho.second_judge.promises import Promises
from sekisho.second_judge.scope import Tables, refuse_unmodelled
from sekisho.second_judge.terms import (
    Asking,
    Truth,
    both,
    every,
    is_value,
    no,
    replaced,
    same,
    some,
    variable,
)
from sekisho.second_judge.walk import Walk, is_same

#: Everything that a tracker can say (ovs-fields(7), "ct_state"), and what it says of no IPv4.
_PHASES = (0, 16, *(state | more for state in (1, 2) for more in (0, 4, 8, 12)))

#: What excuses the packet that was found last, with others like it; False if nothing does.
Excuse = Callable[[Asking], Truth]


class Kind(Enum):
    """What is asked of a pair; the words are those of the first judge."""

    FORBIDDEN = "forbidden"
    MISSING = "missing"
    APART = "apart"
    RETURNS = "returns"


@dataclass(frozen=True, slots=True)
class Found:
    """A pair of places of which something is true that must not be.

    Attributes:
        source: The edge port where the packet enters.
        at: Where it arrives, or must.
        sent: Its fields as sent.
        now: The same where it arrives, or must.
        phase: What the first tracker says of it.
        has_room: Whether the share of its port has room.
    """

    kind: Kind
    source: PortRef
    at: PortRef
    sent: Mapping[str, int]
    now: Mapping[str, int]
    phase: int
    has_room: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answers of the second judge.

    Attributes:
        pairs: How many ordered pairs of places were asked about.
        found: All pairs that speak against the tables.
    """

    pairs: int
    found: tuple[Found, ...]


def judged(plan: Plan, tables: Tables, down: Collection[PortRef] = ()) -> Judgement:
    """Return what the second judge finds.

    Raises:
        RefusedError: The tables have a part that it does not model.
    """
    questions = Questions(plan, tables, down)
    found = tuple(questions.found())
    return Judgement(len(questions.sources) * len(questions.places), found)


class Questions:
    """Everything that may be asked of a plan's tables.

    Args:
        plan: The town.
        tables: By switch.
        down: Ends of the lines that carry nothing.

    Raises:
        RefusedError: The tables have a part that the second judge does not model.
    """

    def __init__(self, plan: Plan, tables: Tables, down: Collection[PortRef] = ()) -> None:
        refuse_unmodelled(plan, tables)
        self._plan, self.packet = plan, sent(plan)
        self.sources = [PortRef(s.id, p) for s in plan.switches for p in edges(plan, s.id)]
        controllers = [PortRef(switch.id, CONTROLLER) for switch in plan.switches]
        self.places = [*self.sources, *controllers]
        self._walk = Walk(plan, tables, self.packet, down)
        self._arrivals = self._walk.everything()
        self._promises = Promises(plan, self.packet).by_port()
        self._there = {name: variable(f"there {name}", bits) for name, bits in FIELDS.items()}
        self._number = {switch.id: number for number, switch in enumerate(plan.switches)}

    def enters(self, source: PortRef) -> Truth:
        """Return whether the packet enters by *source*."""
        return both(
            is_value(self.packet.switch, self._number[source.switch], 0xFFFF, 16),
            is_value(self.packet.port, source.port, 0xFFFFFFFF, 32),
        )

    def forbidden(self, at: PortRef, *, is_named: bool = True) -> Truth:
        """Return whether something arrives at *at* that is not promised.

        Args:
            at: The place.
            is_named: Whether an answer must say what it is there.
        """
        return some(
            both(
                packets.when,
                no(self._is_promised(at, packets)),
                self._is_there(packets) if is_named else True,
            )
            for packets in self._arrivals.at.get(at, ())
        )

    def missing(self, at: PortRef) -> Truth:
        """Return whether something does not arrive at *at* that is promised."""
        out = []
        for promise in self._promises.get(at, ()):
            kept = some(
                both(packets.when, is_same(packets, promise.now))
                for packets in self._arrivals.at.get(at, ())
            )
            there = self._is_there(Packets(promise.when, promise.now))
            out.append(both(promise.when, self.packet.has_room, no(kept), there))
        return some(out)

    def returned(self, switch: str) -> Truth:
        """Return whether a packet comes to *switch* again as it was."""
        return some(both(p.when, self._is_there(p)) for p in self._arrivals.returned[switch])

    def found(self) -> Iterator[Found]:
        """Yield every pair that speaks against the tables."""
        for at in self.places:
            yield from self._asked(Kind.FORBIDDEN, at, self.forbidden(at))
            yield from self._asked(Kind.MISSING, at, self.missing(at))
        for switch in self._plan.switches:
            at = PortRef(switch.id, LOCAL)
            yield from self._asked(Kind.RETURNS, at, self.returned(switch.id))
        yield from self._found_apart()

    def _found_apart(self) -> Iterator[Found]:
        """Yield what arrives where the trackers of two switches say different things.

        What the plan lets arrive in any state of its conversation may arrive then; what the first
        switch let on although it is forbidden may not arrive at all.
        """
        allowed = some(each.when for own in self._promises.values() for each in own)
        arrivals = self._walk.apart(self._arrivals.first)
        for at, parts in sorted(arrivals.at.items()):
            if at.port in (CONTROLLER, LOCAL):
                continue
            here = some(both(packets.when, self._is_there(packets)) for packets in parts)
            for wrong, known in (
                (both(here, no(allowed)), self._arrives(at)),
                (here, some((self._arrives(at), self._kept(at)))),
            ):
                whole = both(tracked(self.packet.now["phase"], self.packet.now["eth_type"]), known)
                yield from self._asked(Kind.APART, at, wrong, self._in_any_phase(whole))

    def _in_any_phase(self, truth: Truth) -> Excuse:
        """Return what finds one more state in which *truth* holds of the packet found last."""
        left = {
            phase: replaced(truth, ((self.packet.now["phase"], phase),), INSIDE["phase"])
            for phase in _PHASES
        }

        def one(asking: Asking) -> Truth:
            for phase, known in left.items():
                if known is not False and asking.value(known):
                    return left.pop(phase)
            return False

        return one

    def _asked(
        self, kind: Kind, at: PortRef, wrong: Truth, excuse: Excuse = lambda _: False
    ) -> Iterator[Found]:
        """Yield a packet for each source of which *wrong* may hold without an *excuse*."""
        if wrong is False:
            return
        asking = Asking(self.packet.is_possible, wrong)
        while asking.may():
            excused = excuse(asking)
            if excused is not False:
                asking.add(no(excused))
                continue
            found = self._read(asking, kind, at)
            yield found
            asking.add(no(self.enters(found.source)))

    def _read(self, asking: Asking, kind: Kind, at: PortRef) -> Found:
        value, packet = asking.value, self.packet
        switch = self._plan.switches[value(packet.switch)].id
        return Found(
            kind,
            PortRef(switch, value(packet.port)),
            at,
            {name: value(packet.now[name]) for name in FIELDS},
            {name: value(self._there[name]) for name in FIELDS},
            value(packet.now["phase"]),
            bool(value(packet.has_room)),
        )

    def _is_there(self, packets: Packets) -> Truth:
        """Name what packets are at their end, so that an answer has it."""
        return is_same(packets, self._there)

    def _is_promised(self, at: PortRef, packets: Packets) -> Truth:
        return some(
            both(promise.when, is_same(packets, promise.now))
            for promise in self._promises.get(at, ())
        )

    def _arrives(self, at: PortRef) -> Truth:
        """Return whether a packet arrives at *at* that is there what is named."""
        parts = self._arrivals.at.get(at, ())
        return some(both(packets.when, self._is_there(packets)) for packets in parts)

    def _kept(self, at: PortRef) -> Truth:
        """Return whether a promise is about the packet that is named."""
        return some(
            both(promise.when, every(same(promise.now[n], self._there[n]) for n in FIELDS))
            for promise in self._promises.get(at, ())
        )
