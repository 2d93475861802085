"""From judgements to the lines of ``cases.jsonl.gz``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from scenarios.engine.session import Attempt
from scenarios.events.tried import DROP, During, Tried
from scenarios.probes.windows import CasePlan
from scenarios.suites.scope import Run
from scenarios.suites.services import Outcome
from sekisho.evidence.case import Case
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
        self._ends = {a.id: self._end(a) for a in plan.attachments}

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
        return Case(
            **self._shared(case.source, case.target),
            case=case.name,
            **_of_plan(case),
            **_of_drop(self._plan, case, judged, rule),
            sent=judged.sent,
            sent_seen=judged.sent_seen,
            arrived=judged.arrived,
            elsewhere=judged.elsewhere,
            answered=judged.answered,
            control="" if case.to else names.get(twin, "capture test"),
            control_arrived=0 if case.to else judged.twins_arrived,
            control_gap_ms=0.0 if case.to else round(gap, 3),
            verdict=judged.verdict,
            mark=judged.verdict.mark,
            reason=judged.reason,
            start=jst(min(times)) if times else jst(),
            end=jst(max(times)) if times else jst(),
            pcap="",
            pcap_sha256="",
        )

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
        return Case(
            **self._shared(tried.source, tried.target),
            case=f"X-{number:06d}",
            clause=tried.clause.id,
            requirement="",
            severity="",
            edition="",
            probe="exchange",
            item=0,
            proto=tried.service.protocol.word,
            ports=str(tried.port),
            spoof="",
            expect="arrive",
            sent=1,
            sent_seen=1,
            arrived=0 if outcome.trouble else 1,
            elsewhere=0,
            answered=0,
            **_NO_WITNESS,
            verdict=verdict,
            mark=verdict.mark,
            reason=f"{tried.service.id}: {stalled or outcome.trouble}" if outcome.trouble else "",
            start=now,
            end=now,
            pcap="",
            pcap_sha256="",
            plan_line=tried.where,
        )

    def tried(self, number: int, tried: Tried, during: During) -> Case:
        """Return the case of one pair that was tried while an event was played."""
        source, target = (self._plan.attachment[end] for end in (tried.source, tried.target))
        cell, now = self._matrix[source.source, target.destination], jst()
        verdict, reason = during.judged(tried)
        shared = self._shared(source, target)
        if tried.expect == DROP:
            shared |= {
                "requirement": " ".join(cell.requirements),
                "severity": cell.severity,
                "edition": cell.edition,
                "control": during.control,
                "control_arrived": during.heard,
            }
        base = {**_NO_WITNESS, "requirement": "", "severity": "", "edition": "", **shared}
        return Case(
            **base,
            case=event_case(number),
            clause=" ".join(cell.clauses),
            probe=during.event,
            item=0,
            proto=tried.proto,
            ports=str(tried.port or ""),
            spoof="",
            expect=tried.expect,
            sent=tried.sent,
            sent_seen=tried.sent,
            arrived=tried.arrived,
            elsewhere=tried.elsewhere,
            answered=0,
            verdict=verdict,
            mark=verdict.mark,
            reason=reason,
            start=now,
            end=now,
            pcap="",
            pcap_sha256="",
            plan_line=cell.where[-1] if cell.where else "",
        )

    def _end(self, a: Attachment) -> dict[str, Any]:
        return {
            "class_s": a.source,
            "class_d": a.destination,
            "host": a.device,
            "site": a.site,
            "switch": a.at.switch,
            "port": a.at.name or a.at.port,
            "zone": a.zone,
            "vlan": self._plan.zone[a.zone].vlan,
            "mac": a.mac,
            "ip": str(a.ip),
        }

    def _shared(self, source: Attachment, target: Attachment) -> dict[str, Any]:
        out: dict[str, Any] = {
            "run": self._run.id,
            "state": self._state,
            "cell": f"{source.source}/{target.destination}",
            "src": source.id,
            "dst": target.id,
            "src_class": source.source,
            "dst_class": target.destination,
            "tester": self._run.tester,
            "witness": self._run.witness,
        }
        for side, end in (("src", self._ends[source.id]), ("dst", self._ends[target.id])):
            out |= {f"{side}_{key}": end[key] for key in _END_KEYS}
        return out


_END_KEYS = ("host", "site", "switch", "port", "zone", "vlan", "mac", "ip")
_NO_WITNESS: dict[str, Any] = {
    "drop_switch": "",
    "drop_table": "",
    "drop_cookie": "",
    "drop_priority": "",
    "drop_rule": "",
    "drop_expected": 0,
    "drop_counted": 0,
    "control": "",
    "control_arrived": 0,
    "control_gap_ms": 0.0,
}
_NO_DROP = {
    "drop_switch": "",
    "drop_table": "",
    "drop_cookie": "",
    "drop_priority": "",
    "drop_rule": "",
}


def _of_plan(case: CasePlan) -> dict[str, Any]:
    return {
        "clause": case.clause if case.to else " ".join(case.cell.clauses),
        "requirement": "" if case.to else " ".join(case.cell.requirements),
        "severity": "" if case.to else case.cell.severity,
        "edition": "" if case.to else case.cell.edition,
        "probe": case.probe,
        "item": case.item,
        "proto": case.proto,
        "ports": " ".join(map(str, case.ports)),
        "spoof": case.spoof,
        "expect": "arrive" if case.to else "drop",
        "plan_line": case.where,
    }


def _of_drop(
    plan: Plan, case: CasePlan, judged: Judgement, rule: FlowLine | None
) -> dict[str, Any]:
    out: dict[str, Any] = dict(_NO_DROP)
    if case.drop is not None:
        key = case.drop.key
        if key.isdigit():  # a rule of one port
            key = plan.switch[case.drop.switch].port(int(key)).word
        key = f" {key}" if key else ""
        out |= {"drop_switch": case.drop.switch, "drop_rule": f"{case.drop.reason}{key}"}
    if rule is not None:
        out |= {
            "drop_table": str(rule.table),
            "drop_cookie": f"{rule.cookie:#x}",
            "drop_priority": str(rule.priority),
        }
    return {**out, "drop_expected": judged.expected, "drop_counted": judged.counted}
