"""Which sentence of page one a run's findings concern; where none, which pairs of classes."""

from __future__ import annotations

from sekisho.model import Label
from sekisho.report import tally
from sekisho.report.reading import RunRecord
from sekisho.report.tally import Tally

_MOST_PAIRS = 3
_KINDS = (
    (Label("重点確認項目", "main point"), tally.by_line),
    (Label("業務に必要な通信", "need of work"), tally.by_need),
)


def of_whom(record: RunRecord) -> Label:
    """Say it in one sentence, for the box of the verdict."""
    ja, en = [], []
    for label, decided in _KINDS:
        wrong = [str(line.number) for line, found in decided(record) if _is_wrong(found)]
        if wrong:
            ja.append(f"{label.ja}{'・'.join(wrong)}")
            en.append(f"{label.en} {', '.join(wrong)}")
    if ja:
        return Label(f"該当する項目は、{'、'.join(ja)}です。", f"Concerned: {'; '.join(en)}.")
    pairs = _pairs(record)
    if not pairs:
        return Label("", "")
    told_ja, told_en = [p.ja for p in pairs[:_MOST_PAIRS]], [p.en for p in pairs[:_MOST_PAIRS]]
    if more := len(pairs[_MOST_PAIRS:]):
        told_ja.append(f"ほか{more}組")
        told_en.append(f"and {more} more")
    return Label(
        f"下の項目のいずれにもあたらない組合せです({'、'.join(told_ja)})。",
        f"None of the points below: {'; '.join(told_en)}.",
    )


def _pairs(record: RunRecord) -> list[Label]:
    """The pairs of classes that have findings, in words."""
    plan = record.manifest.plan
    sources = {one.id: one.label for one in plan.sources}
    destinations = {one.id: one.label for one in plan.destinations}
    out = []
    for cell, found in tally.by_cell(record).items():
        source, _, destination = cell.partition("/")
        a, b = sources.get(source), destinations.get(destination)
        if _is_wrong(found) and a is not None and b is not None:
            out.append(Label(f"{a.ja}から{b.ja}へ", f"{a.en} to {b.en}"))
    return out


def _is_wrong(found: Tally) -> bool:
    return found.verdict is not None and found.verdict.is_finding
