"""One check of a town, from boot to the last line of the run folder.

Knows the order of things; how each is done is in the modules around it.
"""

from __future__ import annotations

import time
import traceback
import zlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from scenarios import situations
from scenarios.catalogue import load_families
from scenarios.catalogue.apply import Catalogue, representative_pairs
from scenarios.covering import write_coverage
from scenarios.ending import say
from scenarios.exchange import Exchange, converse, exchanges
from scenarios.findings import Findings
from scenarios.gate import CasePlan, Window, windows
from scenarios.manifest import manifest
from scenarios.record import Recorder, Run, jst
from scenarios.session import Attempt, Session
from scenarios.surroundings import Surroundings
from scenarios.tally import Tally, own_peak_mb
from scenarios.wire import Wire
from sekisho.dumps import FlowLine, digest, flows
from sekisho.errors import LabError, SekishoError
from sekisho.evidence import (
    RunVerdict,
    Verdict,
    run_verdict,
    write_atomically,
    write_cases,
    write_summary,
)
from sekisho.model import Plan
from topologies.features import features
from topologies.town import OWN_GUARD, Town

_REPEATS = 2  # how often a void case may be tried again
_EXIT = {RunVerdict.PASS: 0, RunVerdict.FAIL: 1, RunVerdict.VOID: 3}

#: Called with the running parts just before the first frame; tests plant their faults with it.
Meddle = Callable[[Town, Wire], None]
#: Ends the process with an exit status.
Leave = Callable[[int], None]


class Check:
    """One run of a suite on a plan, written to *folder*."""

    def __init__(
        self, plan: Plan, folder: Path, run: Run, *, work: Path, guard: str = OWN_GUARD
    ) -> None:
        self._plan, self._folder, self._run, self._work = plan, folder, run, work
        self._guard = guard
        self._tally = Tally()
        self._started = time.monotonic()
        self._manifest: dict[str, Any] = {}
        self._held: dict[str, list[FlowLine]] = {}
        self._talks: list[Exchange] = []

    def run(self, meddle: Meddle | None = None, *, leave: Leave | None = None) -> int:
        """Run everything; return the exit status. The run folder is complete whatever happens.

        Args:
            meddle: Called just before the first frame.
            leave: Called with the exit status instead of taking the town down part by part; for
                the first process of a PID namespace, whose end is the end of all of it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._manifest = manifest(
            self._plan, self._run, started=jst(), facts={}, features=features(self._plan)
        )
        self._write_manifest()
        aborted = ""
        try:
            self._in_town(meddle, leave)
        except SekishoError as error:
            aborted = str(error)
        except Exception:  # noqa: BLE001  # the one place of this process: record, then end it
            aborted = traceback.format_exc()
        return self._finish(aborted)

    def _in_town(self, meddle: Meddle | None, leave: Leave | None) -> None:
        plan, seconds = self._plan, self._tally.seconds
        town = Town(
            plan,
            folder=self._folder,
            work=self._work,
            progress=lambda p: say(phase=p),
            guard=self._guard,
        )
        with town:
            batches = self._built()
            town.await_in_force()
            seconds |= town.seconds
            self._try(town, batches, meddle, leave)

    def _built(self) -> list[Window]:
        began = time.monotonic()
        say(phase="build")
        batches = self._windows()
        self._tally.seconds["build"] = time.monotonic() - began
        return batches

    def _try(
        self, town: Town, batches: list[Window], meddle: Meddle | None, leave: Leave | None
    ) -> None:
        """Try all of *batches* in a town whose tables are in force."""
        with Wire(town) as wire:
            if meddle is not None:
                meddle(town, wire)
            before, around = self._tables(town, keep=False), Surroundings(town)
            session = Session(town, wire, run=zlib.crc32(self._run.id.encode()))
            findings = Findings(town, self._folder, session)
            self._probe(session, batches, findings, town)
            self._tally.captured, self._tally.dropped = (
                wire.captured,
                sum(wire.dropped.values()),
            )
            self._tally.frames_sent = session.frames_sent
            self._converse(town, findings)
            say(phase="judge")
            after = self._tables(town, keep=True)
            if why := around.doubt(tables_changed=town.is_ours and after != before):
                self._doubt(why)
            if town.is_ours and self._run.is_whole:
                write_coverage(self._folder, self._plan, self._held, batches, self._tally.cases)
            town.check()
            self._write_findings(findings)
            self._tally.peak_mb = town.peak_memory_mb() + own_peak_mb()
            if leave is not None:
                wire.close()  # together: the kernel would close them one by one
                leave(self._finish(""))

    def _windows(self) -> list[Window]:
        """The chosen part of the suite; what is left out goes into the manifest."""
        chosen, left_out = self._run.selection.narrowed(self._suite())
        if left_out:
            words = self._run.selection.words(left_out)
            line = {"id": "selection", "ja": words.ja, "en": words.en}
            self._manifest["not_tested"].insert(0, line)
        self._talks = self._exchanges()
        self._manifest["situations"] = situations.account(
            self._run.situations,
            self._plan,
            suite=self._run.suite,
            cases=[case for window in chosen for case in window.cases],
            talks=self._talks,
        )
        return chosen

    def _exchanges(self) -> list[Exchange]:
        """The chosen part of the permitted conversations."""
        wanted = list(exchanges(self._plan))
        if self._run.suite == "smoke":
            wanted = _one_a_cell(wanted)
        return [each for each in wanted if self._run.selection.wants_exchange(each)]

    def _suite(self) -> list[Window]:
        """The base gate (or its smoke), and for ``full`` the whole catalogue behind it."""
        plan, run = self._plan, self._run
        base = list(windows(plan, seed=run.seed, suite="smoke" if run.suite == "smoke" else "gate"))
        if run.suite != "full":
            return base
        first = 1 + max(case.number for window in base for case in window.cases)
        catalogue = Catalogue(plan, seed=run.seed, first_case=first, first_window=len(base) + 1)
        entries = [e for e in load_families() if self._run.selection.wants_probe(e.id)]
        more = list(catalogue.windows(entries, representative_pairs(plan)))
        self._manifest["catalogue"] = catalogue.account(entries)
        return base + more

    def _probe(
        self, session: Session, batches: list[Window], findings: Findings, town: Town
    ) -> None:
        recorder = Recorder(self._plan, self._run)
        for number, window in enumerate(batches, 1):
            say(phase="probe", done=number - 1, of=len(batches))
            plans = {case.number: case for case in window.cases}
            pending = set(plans)
            for attempt_number in range(_REPEATS + 1):
                began = time.monotonic()
                attempt = session.attempt(window, _with_twins(window, pending))
                self._add("probe", time.monotonic() - began)
                self._tally.send_s += attempt.send_s
                self._note_frames(attempt)
                void = pending & {j.case for j in attempt.judgements if j.verdict is Verdict.VOID}
                last = attempt_number == _REPEATS or not void or len(void) == len(plans)
                last = last or bool(attempt.stuck)
                began = time.monotonic()
                cases = recorder.cases(plans, attempt)
                wanted = pending if last else pending - void
                names = {plans[number].name for number in wanted}
                chosen = (case for case in cases if case.case in names)
                self._tally.cases += findings.add(chosen, plans, attempt)
                self._add("judge", time.monotonic() - began)
                if attempt.stuck:
                    self._write_findings(findings)
                    raise LabError(attempt.stuck)
                if last:
                    break
                pending = void
                self._tally.repeated += len(pending)
            town.check()
        say(phase="probe", done=len(batches), of=len(batches))

    def _note_frames(self, attempt: Attempt) -> None:
        for frame in attempt.frames.values():  # tokens differ from run to run; headers do not
            self._tally.frames_digest = zlib.crc32(frame[:18], self._tally.frames_digest)

    def _converse(self, town: Town, findings: Findings) -> None:
        say(phase="exchange")
        began = time.monotonic()
        recorder = Recorder(self._plan, self._run)
        for number, outcome in enumerate(converse(town, self._talks), 1):
            case = recorder.exchange(number, outcome)
            self._tally.cases.append(case)
            if case.verdict.is_finding:
                findings.bare(case)
        self._tally.exchanges = len(self._talks)
        self._add("exchange", time.monotonic() - began)

    def _tables(self, town: Town, *, keep: bool) -> dict[str, str]:
        """Digest the tables of every switch; *keep* writes the dumps to the run folder."""
        town.ovs.settle()
        for switch in self._plan.switches:
            dump = town.ovs.flows(switch.id)
            self._held[switch.id] = flows(dump)
            if keep:
                path = self._folder / "flows" / f"{switch.id}.txt"
                path.parent.mkdir(exist_ok=True)
                write_atomically(path, dump.encode())
        self._tally.rules = sum(map(len, self._held.values()))
        return {name: digest(lines) for name, lines in self._held.items()}

    def _doubt(self, why: str) -> None:
        """Turn every pass into void: something changed that must not have."""
        self._tally.cases = [
            replace(c, verdict=Verdict.VOID, mark=Verdict.VOID.mark, reason=why)
            if c.verdict is Verdict.PASS
            else c
            for c in self._tally.cases
        ]

    def _add(self, phase: str, seconds: float) -> None:
        self._tally.seconds[phase] = self._tally.seconds.get(phase, 0.0) + seconds

    def _write_findings(self, findings: Findings) -> None:
        worst_first = sorted(findings.all, key=lambda f: (-f.verdict.badness, f.case))
        data = orjson.dumps([asdict(f) for f in worst_first], default=lambda v: v.value)
        write_atomically(self._folder / "findings.json", data)

    def _write_manifest(self) -> None:
        data = orjson.dumps(self._manifest, option=orjson.OPT_INDENT_2)
        write_atomically(self._folder / "manifest.json", data)

    def _finish(self, aborted: str) -> int:
        tally = self._tally
        verdict = run_verdict((c.verdict for c in tally.cases), aborted=aborted)
        if not aborted and any(s["contradictions"] for s in self._manifest.get("situations", [])):
            verdict = RunVerdict.FAIL  # a mistake in the plan, or in how somebody reads it
        status = _EXIT[verdict]
        say(phase="write")
        if not (self._folder / "findings.json").exists():
            write_atomically(self._folder / "findings.json", b"[]")
        write_cases(self._folder / "cases.jsonl", tally.cases)
        tally.seconds["total"] = time.monotonic() - self._started
        write_summary(
            self._folder / "summary.json", tally.summary(self._plan, verdict, aborted, status)
        )
        self._manifest |= {"ended": jst(), "exit": status}
        self._manifest["hashes"]["frames"] = f"{tally.frames_digest:08x}"
        self._write_manifest()
        if aborted:
            say(error=aborted, exit=status)
        say(end=True, exit=status)
        return status


def _with_twins(window: Window, pending: set[int]) -> list[CasePlan]:
    """The pending cases, and the permitted ones towards the same targets: their positive twins."""
    targets = {case.target.id for case in window.cases if case.number in pending}
    return [c for c in window.cases if c.number in pending or c.is_twin_of(targets)]


def _one_a_cell(wanted: list[Exchange]) -> list[Exchange]:
    first = {
        (e.source.source, e.source.site, e.target.destination, e.service.id): e
        for e in reversed(wanted)
    }
    return list(first.values())
