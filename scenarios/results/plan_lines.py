"""Which lines of the plan a run has exercised: by the proof over all packets, and on the wire.

A line is one that makes rules or denials: a permission, a cell, a sentence of what must drop or
must be reached. The proof exercises it where somebody is there to send a packet that it decides;
the wire, where a case that it decides was judged. What was inconclusive exercises nothing. Which
cases decide a sentence is what page one says of it (`sekisho.report.tally`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from sekisho.model import CellKind, MustDrop, MustReach, Plan
from sekisho.model.states import NORMAL
from sekisho.policy.matrix import opened

LINES = "lines.json"
_DENIES = (CellKind.DENY, CellKind.PLANNED)

Case = Mapping[str, Any]


class _Line(NamedTuple):
    """One line: where it stands, whether anybody is there for it, and how many cases it decides."""

    where: str
    kind: str
    name: str
    is_peopled: bool
    wire: int


@dataclass(frozen=True, slots=True)
class _Judged:
    """Cases that were judged, counted by what decides them.

    Attributes:
        permitted: By the line that permits them.
        cells: Denied ones, by classes.
        denied: By sender, target, number of the probe and state of the town.
        held: Conversations in the normal state, by their ends, protocol and port.
    """

    permitted: Counter[str] = field(default_factory=Counter)
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    denied: Counter[tuple[str, str, int, str]] = field(default_factory=Counter)
    held: Counter[tuple[str, str, str, int]] = field(default_factory=Counter)

    def add(self, case: Case) -> None:
        """Count one case."""
        ends = case["src"], case["dst"]
        if case["expect"] == "drop":
            self.cells[case["src_class"], case["dst_class"]] += 1
            self.denied[(*ends, case["item"], case["state"])] += 1
            return
        self.permitted[case["plan_line"]] += 1
        if (case["state"], case["probe"]) == (NORMAL, "exchange"):
            self.held[(*ends, case["proto"], int(case["ports"]))] += 1


def write_lines(folder: Path, plan: Plan, cases: Iterable[Case], *, is_proved: bool) -> None:
    """Write for each line of *plan* whether it was exercised, and by how many cases.

    Args:
        folder: Of the run.
        plan: The town.
        cases: Lines of the file of cases.
        is_proved: Whether the run proved the tables for all packets.
    """
    judged = _Judged()
    for case in cases:
        if Verdict(case["verdict"]) is not Verdict.INCONCLUSIVE:
            judged.add(case)
    told = [
        {
            "where": line.where,
            "kind": line.kind,
            "id": line.name,
            "proof": is_proved and line.is_peopled,
            "wire": line.wire,
        }
        for line in _lines(plan, judged)
    ]
    data = {"schema": SCHEMA, "proved": is_proved, "lines": told}
    write_atomically(folder / LINES, orjson.dumps(data))


def _lines(plan: Plan, judged: _Judged) -> Iterator[_Line]:
    for clause in plan.clauses:
        for allow in clause.allows:
            wire = judged.permitted[allow.where]
            yield _Line(allow.where, "allow", clause.id, bool(opened(plan, allow)), wire)
    for note in plan.notes:
        if note.kind in _DENIES:
            wire = sum(judged.cells[s, d] for s in note.sources for d in note.destinations)
            senders = {a.id for a in plan.attachments if a.source in note.sources}
            targets = {b.id for b in plan.attachments if b.destination in note.destinations}
            peopled = _any_pair(plan, senders, targets)
            yield _Line(note.where, "cell", note.id, peopled, wire)
    sentences: tuple[MustDrop | MustReach, ...] = (*plan.must_drop, *plan.must_reach)
    for line in sentences:
        senders = {a.id for a in plan.attachments if line.is_from(a)}
        targets = {b.id for b in plan.attachments if line.is_to(b)}
        peopled = _any_pair(plan, senders, targets)
        if isinstance(line, MustDrop):
            kind, wire = "must_drop", _denied(line, senders, targets, judged)
        else:
            kind, wire = "must_reach", _held(plan, line, (senders, targets), judged)
        yield _Line(line.where, kind, str(line.number), peopled, wire)


def _denied(line: MustDrop, senders: set[str], targets: set[str], judged: _Judged) -> int:
    return sum(
        count
        for (source, target, item, state), count in judged.denied.items()
        if state == line.state
        and source in senders
        and target in targets
        and (not line.items or item in line.items)
    )


def _held(plan: Plan, need: MustReach, ends: tuple[set[str], set[str]], judged: _Judged) -> int:
    services = [plan.service[name] for name in need.services]
    ports = [(each.protocol.word, some) for each in services for some in each.ports]
    return sum(
        count
        for (source, target, proto, port), count in judged.held.items()
        if source in ends[0]
        and target in ends[1]
        and any(proto == word and each.first <= port <= each.last for word, each in ports)
    )


def _any_pair(plan: Plan, senders: set[str], targets: set[str]) -> bool:
    """Tell whether one of *senders* stands on another device than one of *targets*."""
    sources = {plan.attachment[name].device for name in senders}
    return any(sources - {plan.attachment[name].device} for name in targets)
