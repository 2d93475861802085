"""Where faults are planted: a running town, and the gate's own cases to try on it."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from scenarios.attacks import Entry, load_families
from scenarios.capture.packet_io import Wire
from scenarios.engine.session import Attempt, Session
from scenarios.mutants.affected import AffectedCases
from scenarios.mutants.subset import Suites
from scenarios.probes.windows import CasePlan, Window
from scenarios.suites.attack_cases import Catalogue, Pair, representative_pairs
from scenarios.suites.services import Exchange, converse, exchanges
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError
from sekisho.evidence.verdict import Verdict
from sekisho.judge.judge import Judgement
from sekisho.openflow.flow_dump import digest, flows
from topologies.hosts.neighbours import forget_neighbours
from topologies.ovs import state
from topologies.town import Town

_MOST_EXCHANGES = 4
_MOST_PAIRS = 6  # of the catalogue
_TRIES = 2  # where a try is inconclusive, or only a count is wrong
_CONVERSE_S, _CALM_S = 1.5, 2.0
KILLED, SURVIVED, EQUIVALENT, INCONCLUSIVE = "killed", "survived", "equivalent", "inconclusive"
WITNESS_F = "witness f (the fabric)"


@dataclass(frozen=True, slots=True)
class MutantResult:
    """What became of one fault.

    Attributes:
        fate: ``killed``, ``survived``, ``equivalent`` or ``inconclusive``.
        by: The probe or witness that noticed, or whatever decided.
        how: What it said.
    """

    fate: str
    by: str
    how: str
    cases: int = 0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault, how it is planted and taken out, and what is tried meanwhile.

    Attributes:
        ids: What it stands for in the lists of faults.
        level: ``flow``, ``plan``, ``app``, ``switch``, ``host`` or ``instrument``.
        place: Where it is planted.
        rule: The rule concerned, where there is one.
        switches: Switches whose tables are compared before and after; empty means all.
    """

    ids: tuple[str, ...]
    level: str
    place: str
    words: str
    planted: Callable[[MutationHarness], AbstractContextManager[None]]
    tried: Callable[[MutationHarness], MutantResult]
    rule: str = ""
    switches: tuple[str, ...] = ()


class MutationHarness:
    """A running town with its captures open, and what can be tried on it.

    Args:
        town: The town, in force.
        wire: Its open captures and senders.
        seed: Decides which cases stand for the others.
    """

    def __init__(self, town: Town, wire: Wire, *, seed: int) -> None:
        self.town, self.plan, self.wire = town, town.plan, wire
        self.tables = compile_town(town.plan)
        self.session = Session(town, wire, run=zlib.crc32(f"mutate {seed}".encode()))
        self._chance, self._seed = random.Random(seed), seed
        self.suites = Suites(self.plan, seed, self._chance)
        self._exchanges = list(exchanges(self.plan))
        # Tries once more what told a fault.
        self._again: Callable[[], MutantResult | None] | None = None
        self.right = {
            s.id: {(x.table, x.cookie, x.text) for x in flows(town.ovs.flows(s.id))}
            for s in self.plan.switches
        }

    def ofctl(self, *words: str) -> None:
        """Speak to a switch past the controller."""
        self.town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *words)

    def control(self) -> None:
        """Try the town without a fault: it must pass, or no fault could be blamed for anything.

        Raises:
            LabError: Something is told of a town that nobody has touched.
        """
        for found in self.unlike():
            raise LabError(f"the town fails without a fault: {found}")
        told = self.gate_and_talk(self.suite(None), None)
        if told is not None:
            raise LabError(f"the town fails without a fault: {told.by}: {told.how}")
        self.town.ovs.flush_conntrack()

    def play(self, mutant: Mutant) -> MutantResult:
        """Plant a fault, try, take it out, prove that it is out, and tell what became of it.

        Whatever told the fault is then tried once more, without it, and must be silent.

        Raises:
            LabError: The town is not the same as before.
        """
        self._again = None
        self.session.listen()
        self._forget_strays()
        before = self._state(mutant)
        with mutant.planted(self):
            told = mutant.tried(self)
        self._calm()
        after = self._state(mutant)
        changed = sorted(key for key in before if before[key] != after.get(key))
        if changed:
            raise LabError(f"{', '.join(changed[:3])}: not as before after {mutant.words}")
        self.town.ovs.flush_conntrack()
        forget_neighbours(self.town)
        told = self._confirmed(told, mutant)
        self.town.ovs.flush_conntrack()
        self.town.check()
        return told

    def _confirmed(self, told: MutantResult, mutant: Mutant) -> MutantResult:
        """Believe what was told only if it is not told of the town without the fault."""
        is_broken = mutant.level == "instrument"
        if self._again is None or told.fate != (INCONCLUSIVE if is_broken else KILLED):
            return told
        without = self._again()
        if without is not None and without.how.startswith("unattributed"):
            time.sleep(_CALM_S)  # what a loop has multiplied is still being counted
            self._calm()
            without = self._again()
        if without is None:
            return told
        fate = (
            SURVIVED if is_broken else INCONCLUSIVE
        )  # inconclusive is what a broken instrument owes us
        return MutantResult(fate, told.by, f"the same without the fault: {without.how}", told.cases)

    def _calm(self) -> None:
        """Let what is under way arrive, and forget it: whatever it overfilled was not yet tried."""
        self.wire.settle()
        for ring in self.wire.rings.values():
            for _ in ring.drain():
                pass
            ring.dropped = 0

    def _state(self, mutant: Mutant) -> dict[str, str]:
        """What must be the same before and after: tables, and for more than tables all settings."""
        names = mutant.switches or tuple(s.id for s in self.plan.switches)
        out = {f"tables of {n}": digest(flows(self.town.ovs.flows(n))) for n in names}
        if not mutant.switches:
            found = state.read(self.town).statements
            out |= {f"{s.place} {s.kind} {s.text}": "" for s in found}
        return out

    def unlike(self) -> list[str]:
        """Return in words what of the fabric is not as planned."""
        wanted = state.planned(self.town, self.plan, self.tables)
        found = state.differences(wanted, state.read(self.town).statements)
        return [each.label.en for each in found]

    def witnesses(self, *, after_s: float) -> MutantResult | None:
        """Ask what vouches for a run besides its cases: late observations, and the fabric.

        Args:
            after_s: Seconds to go on listening.
        """
        time.sleep(after_s)
        self.session.listen()
        observed = self.session.observed
        observed.settle()
        if late := [copy for copy in observed.late if copy.is_leak]:
            return MutantResult(KILLED, "the observations", f"leak: seen late at {late[0].sight}")
        if observed.strays:
            return MutantResult(
                KILLED,
                "the observations",
                f"nobody sent what came in at {observed.strays[0].sight}",
            )
        unlike = self.unlike()
        return MutantResult(KILLED, WITNESS_F, f"inconclusive: {unlike[0]}") if unlike else None

    def _forget_strays(self) -> None:
        """Begin anew: what a fault before has left in the observations is not this one's doing."""
        observed = self.session.observed
        observed.settle()
        for kept in (observed.late, observed.strays, observed.doubtful):
            kept.clear()

    # What can be tried.

    def suite(self, focus: AffectedCases | None) -> list[CasePlan]:
        """Some cases of every kind that a fault concerns, with their twins."""
        return self.suites.about(focus)

    def gate(self, suite: Sequence[CasePlan]) -> MutantResult | None:
        """Try a part of the gate; return the first finding, what was inconclusive, or None."""
        found = None
        for part in self.suites.parts(suite):
            again = partial(self._try, self.suites.window(part))
            told = again()
            if found is None or told is not None:
                self._again, found = again, told
            if told is not None and told.fate == KILLED:
                break
        return found

    def attempt(self, suite: Sequence[CasePlan]) -> Attempt:
        """Send a part of the gate once, and return what was seen."""
        window = self.suites.window(suite)
        self._again = lambda: self._try(window)
        self.session.rebase()
        return self.session.attempt(window, suite)

    def _try(self, window: Window) -> MutantResult | None:
        told = None
        for _ in range(_TRIES):
            self.session.rebase()
            told = _worst(self.session.attempt(window, window.cases), window.cases)
            if told is None or told.how.startswith(("leak", "overblock")):
                break  # a count may be off by what the fault before has left on its way
        return told

    def gate_and_talk(
        self, suite: Sequence[CasePlan], focus: AffectedCases | None
    ) -> MutantResult | None:
        """Try a part of the gate, and real conversations where it has no finding."""
        told = self.gate(suite)
        return told if told is not None and told.fate == KILLED else self.conn(focus) or told

    def conn(
        self, focus: AffectedCases | None, *, most: int = _MOST_EXCHANGES
    ) -> MutantResult | None:
        """Hold at most so many real conversations that the fault concerns."""
        wanted = [e for e in self._exchanges if focus is None or focus.concerns(e)]
        chosen = self._chance.sample(wanted, min(most, len(wanted)))
        before = self._again
        self._again = lambda: self._converse(chosen)
        told = self._again()
        if told is None:
            self._again = before  # what the gate said stands
        return told

    def _converse(self, chosen: list[Exchange]) -> MutantResult | None:
        outcomes = converse(self.town, chosen, timeout_s=_CONVERSE_S)
        trouble = next((o for o in outcomes if o.trouble), None)
        if trouble is None:
            return None
        how = f"overblock: {trouble.exchange.service.id}: {trouble.trouble}"
        return MutantResult(KILLED, "exchange", how, len(chosen))

    def attacks(self, ids: Iterable[str], focus: AffectedCases | None) -> MutantResult | None:
        """Try entries of the catalogue of attacks, on some pairs that the fault concerns."""
        wanted = set(ids)
        entries = [entry for entry in load_families() if entry.id in wanted]
        for window in self._attack_windows(entries, focus):
            told = self._try(window)
            if told is not None and told.fate == KILLED:
                self._again = partial(self._try, window)
                return told
        self._again = None
        return None

    def _attack_windows(
        self, entries: list[Entry], focus: AffectedCases | None
    ) -> Iterator[Window]:
        first = 1 + max(case.number for case in self.suites.cases)
        attacks = Catalogue(self.plan, seed=self._seed, first_case=first, first_window=1)
        pairs = representative_pairs(self.plan)
        near = [p for p in pairs if focus is None or _is_near(focus, p, self.suites.cases)]
        pairs = self._chance.sample(near or pairs, min(_MOST_PAIRS, len(near or pairs)))
        yield from attacks.windows(entries, pairs)


def _is_near(focus: AffectedCases, pair: Pair, cases: Sequence[CasePlan]) -> bool:
    found = [c for c in cases if (c.source, c.target) == pair]
    return not found or any(map(focus.concerns, found))


def _worst(attempt: Attempt, suite: Sequence[CasePlan]) -> MutantResult | None:
    plans = {case.number: case for case in suite}
    found: list[Judgement] = [j for j in attempt.judgements if j.verdict.is_finding]
    if found:
        worst = max(found, key=lambda j: j.verdict.badness)
        how = f"{worst.verdict.value}: {worst.reason}"
        return MutantResult(KILLED, plans[worst.case].probe, how, len(suite))
    inconclusive = next((j for j in attempt.judgements if j.verdict is Verdict.INCONCLUSIVE), None)
    if inconclusive is not None:
        return MutantResult(
            INCONCLUSIVE, plans[inconclusive.case].probe, inconclusive.reason, len(suite)
        )
    return None
