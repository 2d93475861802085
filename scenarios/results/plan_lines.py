"""Which lines of the plan a run has exercised: by the proof over all packets, and on the wire.

A line is one that makes rules or denials: a permission, a cell, a sentence of what must drop or
must be reached. The proof exercises it where somebody is there to send a packet that it decides;
the wire, where a case that it decides was judged. What was inconclusive exercises nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from sekisho.model import CellKind, Plan
from sekisho.policy.matrix import opened

LINES = "lines.json"
_DENIES = (CellKind.DENY, CellKind.PLANNED)

Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: where it stands, who is there for it, and which cases it decides."""

    where: str
    kind: str
    name: str
    is_peopled: bool
    decides: Callable[[Case], bool]


def write_lines(folder: Path, plan: Plan, cases: Iterable[Case], *, is_proved: bool) -> None:
    """Write for each line of *plan* whether it was exercised, and by how many cases.

    Args:
        folder: Of the run.
        plan: The town.
        cases: Lines of the file of cases.
        is_proved: Whether the run computed the sets of all packets.
    """
    lines = list(_lines(plan))
    counts = dict.fromkeys(range(len(lines)), 0)
    for case in cases:
        if Verdict(case["verdict"]) is not Verdict.INCONCLUSIVE:
            for number, line in enumerate(lines):
                counts[number] += line.decides(case)
    told = [
        {
            "where": line.where,
            "kind": line.kind,
            "id": line.name,
            "proof": is_proved and line.is_peopled,
            "wire": counts[number],
        }
        for number, line in enumerate(lines)
    ]
    data = {"schema": SCHEMA, "proved": is_proved, "lines": told}
    write_atomically(folder / LINES, orjson.dumps(data))


def _lines(plan: Plan) -> Iterator[_Line]:
    for clause in plan.clauses:
        for allow in clause.allows:
            yield _Line(
                allow.where, "allow", clause.id, bool(opened(plan, allow)), _permits(allow.where)
            )
    for note in plan.notes:
        if note.kind in _DENIES:
            cells = {(s, d) for s in note.sources for d in note.destinations}
            senders = {a.id for a in plan.attachments if a.source in note.sources}
            targets = {b.id for b in plan.attachments if b.destination in note.destinations}
            peopled = _any_pair(plan, senders, targets)
            yield _Line(note.where, "cell", note.id, peopled, _denies(cells))
    for kind, sentences in (("must_drop", plan.must_drop), ("must_reach", plan.must_reach)):
        for line in sentences:
            senders = {a.id for a in plan.attachments if line.is_from(a)}
            targets = {b.id for b in plan.attachments if line.is_to(b)}
            peopled = _any_pair(plan, senders, targets)
            items = getattr(line, "items", ())
            decides = _between(senders, targets, kind, items)
            yield _Line(line.where, kind, str(line.number), peopled, decides)


def _any_pair(plan: Plan, senders: set[str], targets: set[str]) -> bool:
    """Tell whether one of *senders* stands on another device than one of *targets*."""
    sources = {plan.attachment[name].device for name in senders}
    return any(sources - {plan.attachment[name].device} for name in targets)


def _permits(where: str) -> Callable[[Case], bool]:
    return lambda case: bool(case["expect"] == "arrive" and case["plan_line"] == where)


def _denies(cells: set[tuple[str, str]]) -> Callable[[Case], bool]:
    return lambda case: case["expect"] == "drop" and (case["src_class"], case["dst_class"]) in cells


def _between(
    senders: set[str], targets: set[str], kind: str, items: tuple[int, ...]
) -> Callable[[Case], bool]:
    expect = "drop" if kind == "must_drop" else "arrive"
    return lambda case: (
        case["expect"] == expect
        and case["src"] in senders
        and case["dst"] in targets
        and (not items or case["item"] in items)
    )
