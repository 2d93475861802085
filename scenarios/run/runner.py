"""One check of a town, from boot to the last line of the run folder.

Knows the order of things; how each is done is in the modules around it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from scenarios.capture.canaries import Canaries
from scenarios.capture.packet_io import HOST_SLOTS, Wire
from scenarios.engine.config_watch import AFTER, BEFORE, ConfigWatch
from scenarios.engine.session import Attempt, Session
from scenarios.probes.windows import Batching, CasePlan, Window
from scenarios.results.case_records import Recorder, doubted_case, jst
from scenarios.results.closing import close_record, write_findings
from scenarios.results.findings import Findings
from scenarios.results.manifest import manifest
from scenarios.results.plan_lines import write_lines
from scenarios.results.rule_coverage import write_coverage
from scenarios.results.run_stats import Tally, own_peak_mb
from scenarios.run import backup_lines
from scenarios.run.backup_lines import Backups
from scenarios.run.late_copies import note_late, note_strangers
from scenarios.run.proof_beside import Proving
from scenarios.suites import tracker_flood
from scenarios.suites.scope import Run
from scenarios.suites.services import Exchange, Outcome, converse
from scenarios.suites.suite import Suite
from sekisho.errors import LabError, SekishoError
from sekisho.evidence.case import Case
from sekisho.evidence.case_file import CASES, CaseLog
from sekisho.evidence.seal import MANIFEST
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from sekisho.model import Plan
from sekisho.openflow.flow_dump import FlowLine, flows
from sekisho.runtime.child import doing, say
from sekisho.text.trouble import recorded
from topologies.network.kernel_features import features
from topologies.ovs.meanwhile import Meanwhile
from topologies.town import Town
from topologies.watchdog import Watchdog

_REPEATS = 2  # how often an inconclusive case may be tried again
_AFTER_S = 1.8  # so long after the last frame of all everything is still heard, at least

#: Called with the running parts just before the first frame; tests plant their faults with it.
Meddle = Callable[[Town, Wire], None]
#: Ends the process with an exit status.
Leave = Callable[[int], None]


class Check:
    """One run of a suite on a plan's town, written to *folder*.

    Args:
        town: The town; it is entered here, and may have begun to start.

    Attributes:
        proves: Whether the tables are proved for all packets, too.
        host_slots: How many frames the capture of a host holds between two looks at it.
    """

    host_slots = HOST_SLOTS
    proves = True

    def __init__(self, plan: Plan, folder: Path, run: Run, *, town: Town) -> None:
        self._plan, self._folder, self._run, self._town = plan, folder, run, town
        self._tally = Tally(CaseLog(folder / CASES))
        self._say: Callable[..., None] = say
        self._manifest: dict[str, Any] = {}
        self._talks: list[Exchange] = []
        self._around: ConfigWatch | None = None
        self._meanwhile: Meanwhile | None = None
        self._proving: Proving | None = None
        self.aborted = ""

    def run(self, meddle: Meddle | None = None, *, leave: Leave | None = None) -> int:
        """Run everything; return the exit status. The run folder is complete whatever happens.

        Args:
            meddle: Called just before the first frame.
            leave: Called with the exit status instead of taking the town down part by part; for
                the first process of a PID namespace, whose end is the end of all of it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._manifest = manifest(
            self._plan, self._run, started=jst(), features=features(self._plan)
        )
        begun = orjson.dumps(self._manifest, option=orjson.OPT_INDENT_2)
        write_atomically(self._folder / MANIFEST, begun)
        aborted = ""
        try:
            self._in_town(meddle, leave)
        except SekishoError as error:
            aborted = str(error)
        except Exception as error:  # noqa: BLE001  # the one place of this process: record, then end it
            aborted = recorded(error, doing=doing())
        return self._finish(aborted)

    def _in_town(self, meddle: Meddle | None, leave: Leave | None) -> None:
        with self._town as town:
            batches = self._built()
            town.await_in_force()
            self._tally.seconds |= town.seconds
            self._try(town, batches, meddle, leave)

    def _suite(self) -> Suite:
        """What is tried; a check of its own kind has another."""
        return Suite(self._plan, self._run, self._manifest)

    def _built(self) -> list[Window]:
        began = time.monotonic()
        self._say(phase="build")
        suite = self._suite()
        batches, self._talks = suite.windows(), suite.exchanges()
        self._tally.seconds["build"] = time.monotonic() - began
        return batches

    def _try(
        self, town: Town, batches: list[Window], meddle: Meddle | None, leave: Leave | None
    ) -> None:
        """Try all of *batches* in a town whose tables are in force."""
        with Wire(town, host_slots=self.host_slots) as wire, ExitStack() as stack:
            around = self._around = ConfigWatch(town, self._plan)
            if meddle is not None:
                meddle(town, wire)
            self._meanwhile = stack.enter_context(Meanwhile(town))
            self._compared(around, wire, BEFORE)
            self._proving = self._begin_proof(town, around)
            if self._proving is not None:
                stack.callback(self._proving.stop)
            session = Session(town, wire, run=zlib.crc32(self._run.id.encode()))
            findings = Findings(town, self._folder, session)
            self._probe(session, batches, findings, town)
            self._converse(town, wire, session, findings)
            held = {s.id: flows(town.ovs.flows(s.id)) for s in self._plan.switches}
            self._held(town, held)
            self._try_backups(town, wire, session, findings)
            self._flood(town, wire, session, findings)
            self._close(town, wire, session, findings)
            if town.is_ours and self._run.is_whole:
                write_coverage(self._folder, self._plan, held, batches, self._tally.cases.rows())
            stack.close()  # whatever changes the town from here on does so on purpose
            self._go_on(town, wire, findings)
            write_lines(
                self._folder, self._plan, self._tally.cases.rows(), is_proved=self._is_proved()
            )
            town.check()
            write_findings(self._folder, findings.all)
            self._tally.peak_mb = town.peak_memory_mb() + own_peak_mb()
            self._tally.peak_mb += self._proving.peak_mb if self._proving is not None else 0
            if leave is not None:
                wire.close()  # together: the kernel would close them one by one
                leave(self._finish(""))

    def _begin_proof(self, town: Town, around: ConfigWatch) -> Proving | None:
        """Begin to prove the tables that were read, where everything is tried."""
        if town.is_ours and self._run.is_whole and self.proves:
            return Proving(self._plan, around.dumps, self._folder)
        return None

    def _is_proved(self) -> bool:
        """Whether the sets of all packets were computed, and came to a verdict."""
        return self._proving is not None and not self._proving.refused

    def _held(self, town: Town, held: Mapping[str, list[FlowLine]]) -> None:
        """Look at what the tables have counted by now; a check of its own kind has a reason to."""

    def _go_on(self, town: Town, wire: Wire, findings: Findings) -> None:
        """Try what changes the town itself; a check has nothing of the kind."""

    def _compared(self, around: ConfigWatch, wire: Wire, when: str) -> None:
        """Compare the whole fabric, and ask the controller, before the first frame or after."""
        began = time.monotonic()
        with wire.draining():  # the controller's own questions go by a capture, too
            around.compare(when)
            around.ask_controller(when)
        self._add("compare", time.monotonic() - began)

    def _close(self, town: Town, wire: Wire, session: Session, findings: Findings) -> None:
        """Hear what comes late, compare the fabric once more, and settle what is doubted."""
        self._say(phase="judge")
        around = self._around
        assert around is not None
        self._compared(around, wire, AFTER)
        around.note_changes(self._meanwhile)
        self._keep_dumps(around)
        if self._proving is not None:
            self._proving.end(around)
        began = time.monotonic()
        self._hear_late(wire, session, findings)
        tally = self._tally
        tally.captured, tally.dropped = wire.captured, sum(wire.dropped.values())
        tally.frames_sent = session.frames_sent
        doubts = [d for d in around.differences if not d.is_finding]
        if doubts:
            self._doubt(doubts[0].en)
        self._add("judge", time.monotonic() - began)

    def _hear_late(self, wire: Wire, session: Session, findings: Findings) -> None:
        """Hear what comes after the last frame, and enter it; the observations are proved."""
        around, observed = self._around, session.observed
        assert around is not None
        canaries = Canaries(self._plan, observed, session.run)
        session.listen()
        canaries.send(wire)
        while (left := session.last_sent + _AFTER_S - time.monotonic()) > 0:
            time.sleep(min(left, _AFTER_S / 4))
            session.listen()
        around.ask_drift()
        session.listen()
        observed.settle()
        for missing in canaries.taken_out():
            around.note(AFTER, "instrument", "observations", missing)
        findings.all += note_late(self._tally.cases, observed.late)
        if wire.blind() or session.lost_outside:
            observed.doubt_strays(of_all=True)
        around.note_lost(session.lost_outside)
        note_strangers(around, observed)

    def _keep_dumps(self, around: ConfigWatch) -> None:
        """Write the flow dumps of the last reading to the run folder."""
        folder = self._folder / "flows"
        folder.mkdir(exist_ok=True)
        for name, dump in around.dumps.items():
            write_atomically(folder / f"{name}.txt", dump.encode())
            self._tally.rules += len(flows(dump))

    def _probe(
        self, session: Session, batches: list[Window], findings: Findings, town: Town
    ) -> None:
        recorder = Recorder(self._plan, self._run)
        for number, window in enumerate(batches, 1):
            self._say(phase="probe", done=number - 1, of=len(batches))
            self._probe_one(session, window, findings, recorder)
            town.check()
        self._say(phase="probe", done=len(batches), of=len(batches))

    def _probe_one(
        self, session: Session, window: Window, findings: Findings, recorder: Recorder
    ) -> None:
        """Try one window; inconclusive cases at most twice more. A leak is never tried again."""
        plans = {case.number: case for case in window.cases}
        self._tally.last_case = max(self._tally.last_case, *plans, 0)
        pending = set(plans)
        for attempt_number in range(_REPEATS + 1):
            began = time.monotonic()
            attempt = session.attempt(window, _with_twins(window, pending))
            self._add("probe", time.monotonic() - began)
            self._tally.send_s += attempt.send_s
            self._note_frames(attempt)
            undecided = pending & {
                j.case for j in attempt.judgements if j.verdict is Verdict.INCONCLUSIVE
            }
            last = attempt_number == _REPEATS or not undecided or bool(attempt.stuck)
            began = time.monotonic()
            cases = recorder.cases(plans, attempt)
            wanted = pending if last else pending - undecided
            names = {plans[number].name for number in wanted}
            chosen = (case for case in cases if case.case in names)
            self._tally.cases.add(findings.add(chosen, plans, attempt))
            self._add("judge", time.monotonic() - began)
            if attempt.stuck:
                write_findings(self._folder, findings.all)
                raise LabError(attempt.stuck)
            if last:
                return
            pending = undecided
            self._tally.repeated += len(pending)

    def _note_frames(self, attempt: Attempt) -> None:
        for frame in attempt.frames.values():  # tokens differ from run to run; headers do not
            self._tally.frames_digest = zlib.crc32(frame[:18], self._tally.frames_digest)

    def _converse(self, town: Town, wire: Wire, session: Session, findings: Findings) -> None:
        """Hold the permitted conversations; where something stood still, once more."""
        self._say(phase="exchange")
        began = time.monotonic()
        recorder, watchdog = Recorder(self._plan, self._run), Watchdog(town.ovs)
        outcomes: dict[int, Outcome] = {}
        pending = list(enumerate(self._talks, 1))
        for _ in range(_REPEATS + 1):
            with wire.draining(), watchdog:
                held = converse(town, [conn for _, conn in pending])
            session.listen()
            session.note_sent()
            outcomes |= {n: o for (n, _), o in zip(pending, held, strict=True)}
            pending = (
                [(n, t) for n, t in pending if outcomes[n].trouble] if watchdog.stalled else []
            )
            if not pending:
                break
            self._tally.repeated += len(pending)
        stood, cases = {number for number, _ in pending}, list[Case]()
        for number, outcome in sorted(outcomes.items()):
            case = recorder.exchange(number, outcome, watchdog.stalled if number in stood else "")
            cases.append(case)
            if case.verdict.is_finding:
                findings.bare(case)
        self._tally.cases.add(cases)
        self._tally.exchanges = len(self._talks)
        session.rebase()
        self._add("exchange", time.monotonic() - began)

    def _try_backups(self, town: Town, wire: Wire, session: Session, findings: Findings) -> None:
        """Cut every line that has a way around it, and try again what then goes another way."""
        if not (town.is_ours and self._run.is_whole):
            return
        began, recorder = (
            time.monotonic(),
            Recorder(self._plan, self._run, state=backup_lines.STATE),
        )
        lines, around = Backups(town, self._plan, wire, session), self._around
        assert around is not None
        for cut in backup_lines.cuts(self._plan):
            self._say(phase="backup")
            lines.cut(cut, around)
            try:
                numbers = Batching(first_case=self._tally.last_case + 1)
                for window in backup_lines.trial(
                    self._plan, cut, seed=self._run.seed, batching=numbers
                ):
                    self._probe_one(session, window, findings, recorder)
            finally:
                lines.mend(cut)
        self._add("backup", time.monotonic() - began)

    def _flood(self, town: Town, wire: Wire, session: Session, findings: Findings) -> None:
        """Let one permitted station begin more conversations than it may, and all others talk."""
        by = tracker_flood.flooder(self._plan)
        is_full = self._run.suite == "full" and self._run.is_whole
        if not (town.is_ours and is_full and by):
            return
        self._say(phase="flood")
        began, recorder = (
            time.monotonic(),
            Recorder(self._plan, self._run, state=tracker_flood.STATE),
        )
        with Watchdog(town.ovs) as watchdog:
            flooded = tracker_flood.flood(town, wire, by)
        for number, outcome in enumerate(flooded.others, len(self._talks) + 1):
            case = recorder.exchange(number, outcome, watchdog.stalled)
            self._tally.cases.add([doubted_case(case, flooded.doubt) if flooded.doubt else case])
            if case.verdict.is_finding:
                findings.bare(case)
        self._manifest["flood"] = flooded.account()
        session.listen()
        session.flush_conntrack()
        session.note_sent()
        session.rebase()
        self._add("flood", time.monotonic() - began)

    def _doubt(self, why: str) -> None:
        """Turn every pass into inconclusive: something was not as planned."""
        self._tally.cases.change(lambda case: doubted_case(case, why))

    def _add(self, phase: str, seconds: float) -> None:
        self._tally.seconds[phase] = self._tally.seconds.get(phase, 0.0) + seconds

    def _finish(self, aborted: str) -> int:
        self.aborted = aborted
        tally, around = self._tally, self._around
        self._say(phase="write")
        tally.differences = around.differences if around is not None else []
        status = close_record(self._folder, self._plan, tally, self._manifest, aborted=aborted)
        if aborted:
            self._say(error=aborted, exit=status)
        self._say(end=True, exit=status)
        return status


def _with_twins(window: Window, pending: set[int]) -> list[CasePlan]:
    """The pending cases, and the permitted ones towards the same targets: their positive twins."""
    targets = {case.target.id for case in window.cases if case.number in pending}
    return [c for c in window.cases if c.number in pending or c.is_twin_of(targets)]
