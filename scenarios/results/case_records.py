"""From judgements to the lines of ``cases.jsonl.gz``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from scenarios.engine.session import Attempt
from scenarios.events.tried import DROP, During, Tried
from scenarios.probes.windows import CasePlan
from scenarios.suites.scope import Run
from scenarios.suites.services import Outcome
from sekisho.evidence.case import Case
from sekisho.evidence.judged_case import (
    Attribution,
    Control,
    End,
    Expected,
    Identity,
    JudgedCase,
    Observed,
)
from sekisho.evidence.verdict import Verdict
from sekisho.judge.judge import Judgement
from sekisho.model import Attachment, Plan
from sekisho.openflow.flow_dump import FlowLine
from sekisho.policy.matrix import matrix

JST = timezone(timedelta(hours=9), "JST")
STATE = "normal"
_MS = 1_000_000  # nanoseconds


def jst(at_ns: int | None = None) -> str:
    """Return a time (nanoseconds since the epoch; default now) in ISO 8601, Japan's clock."""
    at = datetime.now(UTC) if at_ns is None else datetime.fromtimestamp(at_ns / 1e9, UTC)
    return at.astimezone(JST).isoformat(timespec="milliseconds")


def event_case(number: int) -> str:
    """Return the number of a case that an event decides, as reports show it."""
    return f"E-{number:06d}"


def doubted_case(case: Case, why: str) -> Case:
    """Return *case*, inconclusive where it passed."""
    if case.verdict is not Verdict.PASS:
        return case
    return replace(case, verdict=Verdict.INCONCLUSIVE, mark=Verdict.INCONCLUSIVE.mark, reason=why)


class Recorder:
    """Write judgements down as cases of *run* on *plan*."""

    def __init__(self, plan: Plan, run: Run, *, state: str = STATE) -> None:
        self._plan, self._run, self._state = plan, run, state
        self._matrix = matrix(plan)
        self._sources = {a.id: self._end(a, a.source) for a in plan.attachments}
        self._targets = {a.id: self._end(a, a.destination) for a in plan.attachments}

    def cases(self, plans: dict[int, CasePlan], attempt: Attempt) -> Iterable[Case]:
        """Yield the cases of one attempt, in the order of their numbers."""
        names = {
            number: plans[e.case].name for e in attempt.expectations.values() for number in e.frames
        }
        for judged in attempt.judgements:
            yield self._case(plans[judged.case], judged, attempt, names)

    def _case(
        self, case: CasePlan, judged: Judgement, attempt: Attempt, names: dict[int, str]
    ) -> Case:
        expected, sightings = attempt.expectations[case.number], attempt.sightings
        times = [sightings.sent_at_ns[n] for n in expected.frames if n in sightings.sent_at_ns]
        real = [n for n in expected.twins if n in names and names[n] != case.name]
        twin = (real or list(expected.twins) or [0])[0]
        heard = sightings.heard_at_ns.get(twin)
        gap = abs(heard - times[0]) / _MS if heard and times else 0.0
        rule = attempt.rules.get(case.drop) if case.drop else None
        observed = Observed(
            sent=judged.sent,
            sent_seen=judged.sent_seen,
            arrived=judged.arrived,
            elsewhere=judged.elsewhere,
            answered=judged.answered,
            verdict=judged.verdict,
            reason=judged.reason,
            start=jst(min(times)) if times else jst(),
            end=jst(max(times)) if times else jst(),
        )
        control = Control(
            case=names.get(twin, "capture test"),
            arrived=judged.twins_arrived,
            gap_ms=round(gap, 3),
        )
        return JudgedCase(
            self._identity(case.name, case.source, case.target),
            _of_plan(case),
            observed,
            Control() if case.to else control,
            _of_drop(self._plan, case, judged, rule),
        ).flat()

    def exchange(self, number: int, outcome: Outcome, stalled: str = "") -> Case:
        """Return the case of one real conversation.

        Args:
            number: Its number.
            outcome: What became of it.
            stalled: What stood still while it failed, in words.
        """
        tried, now = outcome.exchange, jst()
        missed = Verdict.INCONCLUSIVE if stalled else Verdict.OVERBLOCK
        verdict = missed if outcome.trouble else Verdict.PASS
        reason = f"{tried.service.id}: {stalled or outcome.trouble}" if outcome.trouble else ""
        expected = Expected(
            clause=tried.clause.id,
            probe="exchange",
            proto=tried.service.protocol.word,
            ports=str(tried.port),
            expect="arrive",
            plan_line=tried.where,
        )
        observed = Observed(
            sent=1,
            sent_seen=1,
            arrived=0 if outcome.trouble else 1,
            verdict=verdict,
            reason=reason,
            start=now,
            end=now,
        )
        identity = self._identity(f"X-{number:06d}", tried.source, tried.target)
        return JudgedCase(identity, expected, observed).flat()

    def tried(self, number: int, tried: Tried, during: During) -> Case:
        """Return the case of one pair that was tried while an event was played."""
        source, target = (self._plan.attachment[end] for end in (tried.source, tried.target))
        cell, now = self._matrix[source.source, target.destination], jst()
        verdict, reason = during.judged(tried)
        is_drop = tried.expect == DROP
        expected = Expected(
            clause=" ".join(cell.clauses),
            requirement=" ".join(cell.requirements) if is_drop else "",
            severity=cell.severity if is_drop else "",
            edition=cell.edition if is_drop else "",
            probe=during.event,
            proto=tried.proto,
            ports=str(tried.port or ""),
            expect=tried.expect,
            plan_line=cell.where[-1] if cell.where else "",
        )
        observed = Observed(
            sent=tried.sent,
            sent_seen=tried.sent,
            arrived=tried.arrived,
            elsewhere=tried.elsewhere,
            verdict=verdict,
            reason=reason,
            start=now,
            end=now,
        )
        control = Control(case=during.control, arrived=during.heard) if is_drop else Control()
        identity = self._identity(event_case(number), source, target)
        return JudgedCase(identity, expected, observed, control).flat()

    def _end(self, a: Attachment, of_class: str) -> End:
        return End(
            id=a.id,
            of_class=of_class,
            host=a.device,
            site=a.site,
            switch=a.at.switch,
            port=a.at.name or a.at.port,
            zone=a.zone,
            vlan=self._plan.zone[a.zone].vlan,
            mac=a.mac,
            ip=str(a.ip),
        )

    def _identity(self, name: str, source: Attachment, target: Attachment) -> Identity:
        return Identity(
            case=name,
            run=self._run.id,
            state=self._state,
            source=self._sources[source.id],
            target=self._targets[target.id],
            tester=self._run.tester,
            witness=self._run.witness,
        )


def _of_plan(case: CasePlan) -> Expected:
    is_drop = not case.to
    return Expected(
        clause=" ".join(case.cell.clauses) if is_drop else case.clause,
        requirement=" ".join(case.cell.requirements) if is_drop else "",
        severity=case.cell.severity if is_drop else "",
        edition=case.cell.edition if is_drop else "",
        probe=case.probe,
        item=case.item,
        proto=case.proto,
        ports=" ".join(map(str, case.ports)),
        spoof=case.spoof,
        expect="drop" if is_drop else "arrive",
        plan_line=case.where,
    )


def _of_drop(plan: Plan, case: CasePlan, judged: Judgement, rule: FlowLine | None) -> Attribution:
    key = case.drop.key if case.drop else ""
    if case.drop and key.isdigit():  # a rule of one port
        key = plan.switch[case.drop.switch].port(int(key)).word
    return Attribution(
        switch=case.drop.switch if case.drop else "",
        table=str(rule.table) if rule else "",
        cookie=f"{rule.cookie:#x}" if rule else "",
        priority=str(rule.priority) if rule else "",
        rule=f"{case.drop.reason} {key}".rstrip() if case.drop else "",
        expected=judged.expected,
        counted=judged.counted,
    )
