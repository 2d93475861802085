"""A case as it is put together: who, what is expected, what was seen, and by which witnesses.

It is laid flat (`JudgedCase.flat`) where it becomes a line of ``cases.jsonl.gz``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from sekisho.evidence.case import Case
from sekisho.evidence.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a case: an attachment, where it stands, and its class as that end."""

    id: str
    of_class: str
    host: str
    site: str
    switch: str
    port: int | str
    zone: str
    vlan: int
    mac: str
    ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which case it is: of which run, in which state of the town, from whom to whom."""

    case: str
    run: str
    state: str
    source: End
    target: End
    tester: str
    witness: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is tried, what must become of it, and where the plan says so.

    Attributes:
        item: Number of the probe in the probe set; 0 for what the set has not.
        expect: ``arrive`` or ``drop``.
    """

    clause: str
    requirement: str = ""
    severity: str = ""
    edition: str = ""
    probe: str
    item: int = 0
    proto: str
    ports: str
    spoof: str = ""
    expect: str
    plan_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen of it, when, and what follows."""

    sent: int
    sent_seen: int
    arrived: int
    elsewhere: int = 0
    answered: int = 0
    verdict: Verdict
    reason: str
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The permitted twin that shows that the instrument would have heard it; none by default."""

    case: str = ""
    arrived: int = 0
    gap_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The rule that should drop it, and how often it counted; none by default."""

    switch: str = ""
    table: str = ""
    cookie: str = ""
    priority: str = ""
    rule: str = ""
    expected: int = 0
    counted: int = 0


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """One case with all that is known of it."""

    identity: Identity
    expected: Expected
    observed: Observed
    control: Control = Control()
    attribution: Attribution = Attribution()

    def flat(self) -> Case:
        """Return the line of it; its packets are written down by whoever has them."""
        who, seen, drop = self.identity, self.observed, self.attribution
        return Case(
            case=who.case,
            run=who.run,
            state=who.state,
            cell=f"{who.source.of_class}/{who.target.of_class}",
            tester=who.tester,
            witness=who.witness,
            sent=seen.sent,
            sent_seen=seen.sent_seen,
            arrived=seen.arrived,
            elsewhere=seen.elsewhere,
            answered=seen.answered,
            verdict=seen.verdict,
            mark=seen.verdict.mark,
            reason=seen.reason,
            start=seen.start,
            end=seen.end,
            pcap="",
            pcap_sha256="",
            control=self.control.case,
            control_arrived=self.control.arrived,
            control_gap_ms=self.control.gap_ms,
            drop_switch=drop.switch,
            drop_table=drop.table,
            drop_cookie=drop.cookie,
            drop_priority=drop.priority,
            drop_rule=drop.rule,
            drop_expected=drop.expected,
            drop_counted=drop.counted,
            **_source(who.source),
            **_target(who.target),
            **_expected(self.expected),
        )


class _Source(TypedDict):
    src: str
    src_class: str
    src_host: str
    src_site: str
    src_switch: str
    src_port: int | str
    src_zone: str
    src_vlan: int
    src_mac: str
    src_ip: str


class _Target(TypedDict):
    dst: str
    dst_class: str
    dst_host: str
    dst_site: str
    dst_switch: str
    dst_port: int | str
    dst_zone: str
    dst_vlan: int
    dst_mac: str
    dst_ip: str


class _Expected(TypedDict):
    clause: str
    requirement: str
    severity: str
    edition: str
    probe: str
    item: int
    proto: str
    ports: str
    spoof: str
    expect: str
    plan_line: str


def _source(end: End) -> _Source:
    return {
        "src": end.id,
        "src_class": end.of_class,
        "src_host": end.host,
        "src_site": end.site,
        "src_switch": end.switch,
        "src_port": end.port,
        "src_zone": end.zone,
        "src_vlan": end.vlan,
        "src_mac": end.mac,
        "src_ip": end.ip,
    }


def _target(end: End) -> _Target:
    return {
        "dst": end.id,
        "dst_class": end.of_class,
        "dst_host": end.host,
        "dst_site": end.site,
        "dst_switch": end.switch,
        "dst_port": end.port,
        "dst_zone": end.zone,
        "dst_vlan": end.vlan,
        "dst_mac": end.mac,
        "dst_ip": end.ip,
    }


def _expected(plan: Expected) -> _Expected:
    return {
        "clause": plan.clause,
        "requirement": plan.requirement,
        "severity": plan.severity,
        "edition": plan.edition,
        "probe": plan.probe,
        "item": plan.item,
        "proto": plan.proto,
        "ports": plan.ports,
        "spoof": plan.spoof,
        "expect": plan.expect,
        "plan_line": plan.plan_line,
    }
