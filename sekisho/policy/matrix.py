"""The communication matrix of a plan: what it says about every pair of classes, as data.

This module knows the plan's words (clauses and cell notes) and nothing else: no packet, no flow
rule, no terminal. Whether a particular host may open a particular port is not decided here; a cell
that a clause allows is still closed for every service and host that the clause does not name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.model import Allow, CellKind, CellNote, Clause, Plan

DENIED = "×"
MUST_DROP = "×!"
NOT_APPLICABLE = "－"

# A cell that no clause allows shows the first of these kinds that a note gives it.
_SIGNS = {CellKind.PLANNED: "P", CellKind.EXTERNAL: "E"}
_PRECEDENCE = (CellKind.NOT_APPLICABLE, CellKind.EXTERNAL, CellKind.PLANNED)


@dataclass(frozen=True, slots=True)
class Cell:
    """What the plan says about one (source class, destination class) pair.

    Attributes:
        mark: What the matrix shows: clause ids, ``×``, ``×!``, ``－``; a note's number in brackets.
        clauses: Ids of the clauses that allow something here, in the order of the plan.
        requirements: Ids of the requirements that deny here, in the order of the plan.
        severity: The gravest severity of those requirements, or empty.
        edition: Guideline editions that the denial comes from, space-separated, or empty.
        where: ``file:line`` of every line of the plan that speaks about this cell.
    """

    kind: CellKind
    mark: str
    clauses: tuple[str, ...]
    requirements: tuple[str, ...]
    severity: str
    edition: str
    where: tuple[str, ...]

    @property
    def is_must_drop(self) -> bool:
        """Whether the cell is denied with the gravest severity."""
        return self.mark == MUST_DROP


def matrix(plan: Plan) -> dict[tuple[str, str], Cell]:
    """Return every cell of the plan by (source class id, destination class id), row by row."""
    allowed = _allowed(plan.clauses)
    noted = _noted(plan.notes)
    return {
        key: _cell(allowed.get(key, ()), noted.get(key, ()))
        for key in ((s.id, d.id) for s in plan.sources for d in plan.destinations)
    }


def opened(plan: Plan, allow: Allow) -> frozenset[tuple[str, str]]:
    """Return the cells in which *allow* lets one device of *plan* open something on another."""
    here = [a for a in plan.attachments if a.registered]
    senders, targets = dict[str, set[str]](), set[str]()
    for a in here:
        if allow.lets(a):
            senders.setdefault(a.source, set()).add(a.device)
        if allow.reaches(a):
            targets.add(a.device)
    return frozenset(
        (source, allow.destination)
        for source, devices in senders.items()
        if targets and len(devices | targets) > 1
    )


def in_force(plan: Plan) -> frozenset[tuple[str, str, str]]:
    """Return (source class id, destination class id, clause id) where that opens something now."""
    return frozenset(
        (*cell, clause.id)
        for clause in plan.clauses
        for allow in clause.allows
        for cell in opened(plan, allow)
    )


def counts(cells: Iterable[Cell]) -> dict[CellKind, int]:
    """Count *cells* by kind; a kind that does not occur counts 0."""
    counted = Counter(cell.kind for cell in cells)
    return {kind: counted[kind] for kind in CellKind}


def _allowed(clauses: tuple[Clause, ...]) -> dict[tuple[str, str], tuple[tuple[str, Allow], ...]]:
    allowed: dict[tuple[str, str], tuple[tuple[str, Allow], ...]] = {}
    for clause in clauses:
        for allow in clause.allows:
            for source in allow.sources:
                key = (source, allow.destination)
                allowed[key] = (*allowed.get(key, ()), (clause.id, allow))
    return allowed


def _noted(notes: tuple[CellNote, ...]) -> dict[tuple[str, str], tuple[CellNote, ...]]:
    noted: dict[tuple[str, str], tuple[CellNote, ...]] = {}
    for note in notes:
        for source in note.sources:
            for destination in note.destinations:
                key = (source, destination)
                noted[key] = (*noted.get(key, ()), note)
    return noted


def _cell(allows: tuple[tuple[str, Allow], ...], notes: tuple[CellNote, ...]) -> Cell:
    clauses = _unique(clause for clause, _ in allows)
    denials = tuple(note for note in notes if note.kind is CellKind.DENY)
    severity = min((note.severity for note in denials if note.severity), default="")
    kind = _kind(clauses, notes)
    return Cell(
        kind=kind,
        mark=_mark(kind, clauses, notes, severity),
        clauses=clauses,
        requirements=_unique(note.id for note in denials if note.id),
        severity=severity,
        edition=" ".join(_unique(note.edition for note in denials if note.edition)),
        where=_unique([*(allow.where for _, allow in allows), *(note.where for note in notes)]),
    )


def _kind(clauses: tuple[str, ...], notes: tuple[CellNote, ...]) -> CellKind:
    if clauses:
        return CellKind.ALLOW
    kinds = {note.kind for note in notes}
    return next((kind for kind in _PRECEDENCE if kind in kinds), CellKind.DENY)


def _mark(
    kind: CellKind, clauses: tuple[str, ...], notes: tuple[CellNote, ...], severity: str
) -> str:
    if kind is CellKind.ALLOW:
        return " ".join(clauses)
    if kind is CellKind.NOT_APPLICABLE:
        return NOT_APPLICABLE
    if kind is CellKind.DENY:
        return MUST_DROP if severity == "A" else DENIED
    ids = _unique(note.id or _SIGNS[kind] for note in notes if note.kind is kind)
    return f"({' '.join(ids)})"  # whatever a town calls it: its id alone may look like a rule's


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
