"""A few packets that meet every live rule, and how few there could be at best.

Rules that no packet meets together, any two of them, need a packet each: as many as are found is a
lower bound. From each of these rules on, the set of packets that meet it is narrowed to those that
meet one more rule of another table, and one more, as long as any is left; what is still unmet then
begins a packet of its own. Where each packet goes is then walked by the reference switch, which
shares no code with the sets: unless it meets every rule that it was chosen for, the sets are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sekisho.coverage.ordinary import Ordinary, Talk
from sekisho.coverage.regions import Dead, Place, Regions, Tables
from sekisho.errors import RuleError
from sekisho.model import Plan
from sekisho.openflow.rules import Rule
from sekisho.proof.engine import Set
from sekisho.proof.verdict import Packet
from sekisho.proof.witness import Walker

#: Switch and table.
_Stage = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Probe:
    """One packet of the set.

    Attributes:
        packet: As it is sent.
        meets: Every rule that it meets on its way.
        talk: The conversation that it belongs to, where one is under way and somebody answers.
    """

    packet: Packet
    meets: tuple[Place, ...]
    talk: Talk | None = None


@dataclass(frozen=True, slots=True)
class ProbeSet:
    """Packets that meet every live rule.

    Attributes:
        apart: Rules of which no packet meets two.
        live: Every rule that they meet.
        dead: Every other rule, with the reason.
    """

    probes: tuple[Probe, ...]
    apart: tuple[Place, ...]
    live: tuple[Place, ...]
    dead: tuple[Dead, ...]

    @property
    def bound(self) -> int:
        """No set of packets for all these rules can be smaller."""
        return len(self.apart)


def probe_set(plan: Plan, tables: Tables, talks: Sequence[Talk] = ()) -> ProbeSet:
    """Choose packets for every live rule of *tables*.

    Args:
        plan: The town.
        tables: By switch.
        talks: Conversations that can be held: a packet under way is one of these, if any will do.

    Raises:
        RefusedError: A rule has a part that is not modelled.
        RuleError: A packet does not meet what the sets say: the model is wrong.
    """
    regions = Regions(plan, tables)
    places = list(regions.live)
    sets = list(regions.live.values())
    ordinary, walker = Ordinary(regions.fabric, talks), Walker(plan, tables)
    choice = _Choice(regions, places, sets)
    apart = choice.apart()
    known = {(place.switch, id(place.rule)): place for place in places}
    probes: list[Probe] = []
    for packets, chosen in choice.covers(apart, ordinary.begun):
        packet, talk = ordinary.packet(packets, len(probes))
        steps = walker.way(packet).steps
        met = [known.get((s.at.switch, id(rule))) for s in steps for rule in s.rules]
        meets = tuple(place for place in met if place is not None)
        if missed := {places[n] for n in chosen} - set(meets):
            raise RuleError(
                f"the sets say that a packet meets {_named(min(missed, key=str))}, and the "
                f"reference switch does not: {packet}\n  hint: a fault of the proof; please report"
            )
        probes.append(Probe(packet, meets, talk))
    alone = tuple(places[number] for number in apart)
    return ProbeSet(tuple(probes), alone, tuple(places), tuple(regions.dead))


def _named(place: Place) -> str:
    rule: Rule = place.rule
    return f"{place.switch} table {rule.table} priority {rule.priority} cookie {rule.cookie:#x}"


class _Choice:
    """Which rules one packet is to meet together.

    Args:
        regions: Of the town.
        places: The live rules.
        sets: What meets each.
    """

    def __init__(self, regions: Regions, places: Sequence[Place], sets: Sequence[Set]) -> None:
        engine = regions.fabric.layout.engine
        self._nothing, self._sets = engine.false, sets
        sizes = [engine.size(packets) for packets in sets]
        #: Narrow sets first: the few packets in them meet little else.
        self._order = sorted(range(len(sets)), key=lambda n: (sizes[n], n))
        stages: dict[_Stage, list[int]] = {}
        for number in self._order:
            place = places[number]
            stages.setdefault((place.switch, place.rule.table), []).append(number)
        self._stage = {n: stage for stage, some in stages.items() for n in some}
        late = sorted(stages, key=lambda stage: (-stage[1], stage[0]))
        self._unmet = {s: _Unmet(self._nothing, stages[s], sets) for s in late}

    def apart(self) -> list[int]:
        """Return rules of which no packet meets two."""
        out: list[int] = []
        together = self._nothing
        for number in self._order:
            if self._sets[number] & together == self._nothing:
                out.append(number)
                together = together | self._sets[number]
        return out

    def covers(
        self, first: Sequence[int], begun: Callable[[Set], Set]
    ) -> Iterator[tuple[Set, list[int]]]:
        """Yield sets of packets that together meet every rule, each with the rules it is for.

        Args:
            first: Rules that need a packet each.
            begun: Narrows a set to what is easy to send, before more is asked of it.
        """
        for number in (*first, *self._order):
            if not self._unmet[self._stage[number]].has(number):
                continue
            packets, chosen = begun(self._sets[number]), [number]
            for stage, unmet in self._unmet.items():
                other = None if stage == self._stage[number] else unmet.find(packets)
                if other is not None:
                    packets = packets & self._sets[other]
                    chosen.append(other)
            for each in chosen:
                self._unmet[self._stage[each]].take(each)
            yield packets, chosen


class _Unmet:
    """The rules of one table of one switch that are still to be met, in a tree of unions.

    Args:
        nothing: The empty set.
        numbers: Of the rules.
        sets: What meets each rule of all tables.
    """

    def __init__(self, nothing: Set, numbers: Sequence[int], sets: Sequence[Set]) -> None:
        self._nothing, self._numbers = nothing, numbers
        self._first = 1 << (len(numbers) - 1).bit_length()
        self._leaf = {number: self._first + n for n, number in enumerate(numbers)}
        self._tree = [nothing] * (2 * self._first)
        for number, leaf in self._leaf.items():
            self._tree[leaf] = sets[number]
        for node in range(self._first - 1, 0, -1):
            self._join(node)

    def _join(self, node: int) -> None:
        self._tree[node] = self._tree[2 * node] | self._tree[2 * node + 1]

    def has(self, number: int) -> bool:
        """Tell whether rule *number* is still to be met."""
        return bool(self._tree[self._leaf[number]] != self._nothing)

    def take(self, number: int) -> None:
        """Note that rule *number* is met."""
        node = self._leaf[number]
        self._tree[node] = self._nothing
        while node := node >> 1:
            self._join(node)

    def find(self, packets: Set, node: int = 1) -> int | None:
        """Return a rule that some of *packets* meet; None where there is none."""
        if packets & self._tree[node] == self._nothing:
            return None
        if node >= self._first:
            return self._numbers[node - self._first]
        left = self.find(packets, 2 * node)
        return left if left is not None else self.find(packets, 2 * node + 1)
