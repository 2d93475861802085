"""For each rule of all switches, the packets that meet it: exactly, as they are sent.

The sets are the proof's own (`sekisho.proof`). A rule whose set is empty is dead. A rule that only
packets meet which nobody can send in a running town with a frame or a conversation is not live:
from a port with nothing plugged in, beyond the share of a port, in a state of a conversation that
nothing permitted brings about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sekisho.coverage.phases import Phases
from sekisho.evidence.dead_rules import DeadReason
from sekisho.model import Plan
from sekisho.openflow.rules import Rule
from sekisho.proof.engine import Set
from sekisho.proof.flood import Fabric

Tables = Mapping[str, tuple[Rule, ...]]


class Place(NamedTuple):
    """A rule, and the switch that it stands on."""

    switch: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Dead:
    """A rule that nothing meets that can be sent.

    Attributes:
        by: The rules that take what it matches, where that is the reason.
    """

    place: Place
    reason: DeadReason
    by: tuple[Rule, ...] = ()


class _Noting(Fabric):
    """A fabric that tells what comes to each table, and what each tracker keeps."""

    notes, notes_kept = True, True


class Regions:
    """Which packets meet which rule of *tables*.

    Args:
        plan: The town.
        tables: By switch.

    Attributes:
        fabric: What was flooded.
        live: Every rule that can be met, with the packets that meet it.
        dead: Every other.

    Raises:
        RefusedError: A rule has a part that is not modelled.
    """

    def __init__(self, plan: Plan, tables: Tables) -> None:
        self.fabric = _Noting(plan, tables)
        layout = self.fabric.layout
        self._nothing = layout.engine.false
        reached = self.fabric.flood()
        self._phases = Phases(self.fabric, {s: self._sent(p) for s, p in reached.kept.items()})
        self.live: dict[Place, Set] = {}
        self.dead: list[Dead] = []
        for switch, rules in sorted(tables.items()):
            ordered = sorted(rules, key=lambda rule: (rule.table, -rule.priority))
            for number, some in groupby(ordered, key=lambda rule: rule.table):
                self._table(switch, list(some), reached.met.get((switch, number)))

    def _sent(self, packets: Set) -> Set:
        """Return *packets* as they were sent."""
        return self.fabric.layout.engine.without(packets, self.fabric.layout.beside_sent)

    def _table(self, switch: str, rules: Sequence[Rule], arriving: Set | None) -> None:
        """Sort the rules of one table, the first asked first, into live and dead."""
        if arriving is None:
            self.dead += [Dead(Place(switch, r), DeadReason.UNREACHED) for r in rules]
            return
        left = arriving
        for _, same in groupby(rules, key=lambda rule: rule.priority):
            level = list(same)
            hits = [left & self.fabric.layout.matching(rule.match) for rule in level]
            for rule, hit in zip(level, hits, strict=True):
                self._rule(Place(switch, rule), hit, (arriving, rules))
                left = left & ~hit

    def _rule(self, place: Place, hit: Set, around: tuple[Set, Sequence[Rule]]) -> None:
        if hit == self._nothing:
            self.dead.append(self._unmet(place, *around))
            return
        sent = self._sent(hit)
        can = sent & self._phases.possible(place.switch)
        if can != self._nothing:
            self.live[place] = can
            return
        reason = DeadReason.NO_STATE
        if sent & self._phases.plugged == self._nothing:
            reason = DeadReason.UNPLUGGED
        elif sent & self._phases.room == self._nothing:
            reason = DeadReason.FULL
        self.dead.append(Dead(place, reason))

    def _unmet(self, place: Place, arriving: Set, rules: Sequence[Rule]) -> Dead:
        """Say why nothing is left for a rule: who takes it, if anything comes there at all."""
        left = arriving & self.fabric.layout.matching(place.rule.match)
        if left == self._nothing:
            return Dead(place, DeadReason.UNREACHED)
        return Dead(place, DeadReason.TAKEN, tuple(self._takers(place.rule, left, rules)))

    def _takers(self, rule: Rule, left: Set, rules: Sequence[Rule]) -> Iterator[Rule]:
        for other in rules:
            if left == self._nothing or other.priority <= rule.priority:
                return
            taken = left & self.fabric.layout.matching(other.match)
            if taken != self._nothing:
                yield other
                left = left & ~taken
