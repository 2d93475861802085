"""Findings by their cause: what has to be repaired, and how many cases come of it.

Two leaks have one cause where the same rule let both go, two unattributed drops where the same rule
of the same switch did not count them, two over-blocks where the same rule of the plan does not do
what it says. What an event found is its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.evidence.case import Case
from sekisho.evidence.finding import Finding
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.report.reading import RunRecord

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """What several findings have in common.

    Attributes:
        words: What it is.
        findings: The first is shown; they are in the order of the run.
        cells: Cells of the matrix, each once.
    """

    verdict: Verdict
    words: Label
    findings: tuple[Finding, ...]
    cells: tuple[str, ...]

    @property
    def where(self) -> str:
        """The first of its cells."""
        more = len(self.cells) - _MOST_NAMED
        return " ".join(self.cells[:_MOST_NAMED]) + (f" … +{more}" if more > 0 else "")


_Key = tuple[Verdict, str, str]


def causes(record: RunRecord) -> list[Cause]:
    """Return the causes of the run's findings: the worst first, then those of most cases."""
    traced = {
        (f.src, f.dst, f.verdict): f.rule for f in reversed(record.findings) if f.path and f.rule
    }
    found: dict[_Key, tuple[Label, list[Finding], dict[str, None]]] = {}
    for finding in record.findings:
        case = record.cases[record.cases.row(finding.case)]
        rule = traced.get((finding.src, finding.dst, finding.verdict), finding.rule)
        key, words = _cause(finding, case, rule)
        _, members, cells = found.setdefault(key, (words, [], {}))
        members.append(finding)
        cells[case.cell] = None
    out = [
        Cause(key[0], words, tuple(members), tuple(cells))
        for key, (words, members, cells) in found.items()
    ]
    return sorted(out, key=lambda cause: (-cause.verdict.badness, -len(cause.findings)))


def _cause(finding: Finding, case: Case, rule: str) -> tuple[_Key, Label]:
    """What has to be looked at: its key, and in words."""
    verdict = finding.verdict
    if case.case.startswith("E-"):
        words = Label(f"事象 {case.probe} のとき", f"while {case.probe}")
        return (verdict, "event", case.probe), words
    if verdict is Verdict.OVERBLOCK:
        service = case.reason.partition(":")[0] if case.probe == "exchange" else ""
        named = " ".join(word for word in (case.clause, service) if word)
        words = Label(
            f"許可 {named}({case.plan_line})が通らない",
            f"permission {named} ({case.plan_line}) does not let it pass",
        )
        return (verdict, case.plan_line, service), words
    if verdict is Verdict.UNATTRIBUTED:
        words = Label(
            f"{case.drop_switch} の規則「{case.drop_rule}」で数えられていない",
            f"not counted by rule {case.drop_rule!r} of {case.drop_switch}",
        )
        return (verdict, case.drop_switch, case.drop_rule), words
    if rule:
        return (verdict, "rule", rule), Label(f"規則 {rule} が通した", f"let go by rule {rule}")
    place = ", ".join(finding.seen_at)
    return (verdict, case.cell, place), Label(f"{place} で観測", f"seen at {place}")


def told(found: list[Cause], number: int) -> Label:
    """Return how many causes and cases there are, e.g. ``7 causes, 2,922 cases``.

    Args:
        found: The causes.
        number: How many findings there are, where some have no entry of their own.
    """
    plural = "" if len(found) == 1 else "s"
    cases = "" if number == 1 else "s"
    return Label(
        f"原因{len(found):,}件、該当する試験{number:,}件",
        f"{len(found):,} cause{plural}, {number:,} case{cases}",
    )
