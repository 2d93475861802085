"""The whole test of a town in one run: the gate, and whatever its sentences and situations name.

The town stays up. First comes a check like any other, to its end. Then the gate is sent once more
while the controller is dead, and each event is played with its streams; before and after each the
whole fabric is read. What was tried becomes cases of the same record, each with its state.
"""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from typing import Any

from scenarios.capture.packet_io import Wire
from scenarios.engine.config_watch import ConfigWatch
from scenarios.engine.session import Session
from scenarios.events.named import Staged, named
from scenarios.events.scenario_streams import Situated
from scenarios.events.stream_selection import Stream, stream_targets
from scenarios.events.trial import EventTrial, Outcome
from scenarios.probes.pairs import chosen_pairs, every_pair
from scenarios.probes.windows import Batching, Scope, Window, windows
from scenarios.results.case_records import Recorder, doubted_case
from scenarios.results.event_cases import EventCases
from scenarios.results.findings import Findings
from scenarios.results.manifest import without_gaps
from scenarios.run.chaos import (
    HOST_SLOTS,
    RESTORED_S,
    doubted,
    left_over,
    skipped,
    words_of,
    write_events,
)
from scenarios.run.outlook import Outlook
from scenarios.run.runner import Check
from scenarios.suites.scenarios import applied
from scenarios.suites.scope import Run
from scenarios.suites.unguarded import STATE, unguarded
from sekisho.evidence.case import Case
from sekisho.model import Label, Plan
from topologies.town import Town

#: States of a situation that the gate itself tries, with every probe, beside the event.
_BY_GATE = ("controller-killed", "line-cut")


class Acceptance(Check):
    """A check, and after it all that its plan's sentences and situations name."""

    host_slots = HOST_SLOTS

    def __init__(self, plan: Plan, folder: Path, run: Run, *, town: Town) -> None:
        super().__init__(plan, folder, run, town=town)
        chosen = [s for s in run.situations if s.not_applicable(plan) is None]
        self._staged = named(plan, chosen)
        self._situated = applied(chosen, plan)
        self._event_cases = EventCases(plan, run)
        self._played: list[tuple[Staged, Outcome]] = []
        outlook = Outlook(plan, [each.event.id for each in self._staged])
        say = self._say
        self._say = lambda **facts: say(**outlook.told(facts))

    def _go_on(self, town: Town, wire: Wire, findings: Findings) -> None:
        self._try_unguarded(town, wire, findings)
        began = time.monotonic()
        self._play_events(town, wire, findings)
        self._add("events", time.monotonic() - began)
        played = [o.event for _, o in self._played if o.verdict != "skipped"]
        without_gaps(self._manifest, played)
        self._tally.captured, self._tally.dropped = wire.captured, sum(wire.dropped.values())

    def _is_named(self, kind: str) -> bool:
        return any(each.event.id == kind for each in self._staged)

    def _try_unguarded(self, town: Town, wire: Wire, findings: Findings) -> None:
        """Send the gate once more while no controller runs, and hear what comes late."""
        if not self._is_named("controller-killed"):
            return
        self._say(phase="unguarded")
        began, tally = time.monotonic(), self._tally
        again, around = self._again(tally.last_case + 1), self._around
        assert around is not None
        self._around = ConfigWatch(town, self._plan)
        with unguarded(town, wire):
            session = Session(town, wire, run=zlib.crc32(f"{self._run.id} {STATE}".encode()))
            own = Findings(town, self._folder, session)
            recorder = Recorder(self._plan, self._run, state=STATE)
            for number, window in enumerate(again):
                self._say(phase="unguarded", done=number, of=len(again))
                self._probe_one(session, window, own, recorder)
            self._hear_late(wire, session, own)
        findings.all += own.all
        tally.frames_sent += session.frames_sent
        doubts = [d.en for d in self._around.differences if not d.is_finding]
        doubts += [why.en] if (why := left_over(town, wire, within_s=RESTORED_S)) else []
        if doubts:
            tally.cases.change(lambda case: _doubted_there(case, doubts[0]))
        around.differences += self._around.differences
        self._around = around
        self._add("unguarded", time.monotonic() - began)

    def _again(self, first: int) -> list[Window]:
        """The windows of the gate, with numbers of their own."""
        plan, run = self._plan, self._run
        pairs = every_pair(plan) if run.is_every_pair else chosen_pairs(plan, run.seed)
        how = Batching(first_case=first)
        return list(windows(plan, seed=run.seed, scope=Scope(pairs=pairs), batching=how))

    def _play_events(self, town: Town, wire: Wire, findings: Findings) -> None:
        """Play every event once; each pair that it tried becomes a case."""
        if not self._staged or self._none_can_happen():
            return
        number = zlib.crc32(f"{self._run.id} events".encode())
        trial = EventTrial(town, wire, run=number)
        situated = Situated(trial, self._situated)
        usual, before = list(trial.stream_targets), left_over(town, wire, within_s=0.0)
        for done, staged in enumerate(self._staged):
            self._say(phase="events", done=done, of=len(self._staged), event=staged.event.id)
            trial.stage(
                [staged.stream_target] if staged.stream_target else usual,
                self._more(staged, situated),
            )
            outcome = self._trial(trial, staged)
            after = left_over(town, wire, within_s=RESTORED_S)
            outcome = doubted(doubted(outcome, "before", before), "afterwards", after)
            before = after
            self._played.append((staged, outcome))
            cases = self._event_cases.of(outcome, trial.tried)
            self._tally.cases.add(cases)
            for case in (case for case in cases if case.verdict.is_finding):
                findings.bare(case)
            self._write(situated.account())

    def _write(self, situations: list[dict[str, Any]]) -> None:
        facts = {"events": words_of(s.event for s in self._staged), "situations": situations}
        write_events(self._folder, self._plan, facts, [o for _, o in self._played])

    def _none_can_happen(self) -> bool:
        """Tell whether the town lacks those whom streams are chosen from, and note it."""
        if stream_targets(self._plan):
            return False
        reason = Label(
            "許可された者と禁止された者の両方がいる宛先がない",
            "no target has both somebody who may and somebody who must not",
        )
        self._played = [(each, skipped(each.event, reason)) for each in self._staged]
        self._write([])
        return True

    def _more(self, staged: Staged, situated: Situated) -> list[Stream]:
        """The streams of situations; the gate has tried all of theirs where it was sent itself."""
        event = staged.event.id
        return [] if event.partition(":")[0] in _BY_GATE else situated.streams(event, 1)

    def _trial(self, trial: EventTrial, staged: Staged) -> Outcome:
        event = staged.event
        if staged.stream_target is None and (reason := event.skip(self._plan)):
            return skipped(event, reason)
        outcome = trial.run(event, 1 + sum(s.event.id == event.id for s, _ in self._played))
        trial.town.check()
        return outcome


def _doubted_there(case: Case, why: str) -> Case:
    """Return *case*, inconclusive where it passed while no controller ran."""
    return doubted_case(case, why) if case.state == STATE else case
