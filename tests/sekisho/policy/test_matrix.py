"""The matrix of a plan: one cell for each pair of classes, with its reason and its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.model import CellKind, CellNote, Label, Plan
from sekisho.plan import load
from sekisho.policy.matrix import Cell, counts, matrix

TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"

ALPHA = """
    Q1  Q2  Q3  Q4  Q5  Q6  Q7  Q8  Q9  Q10 Q11
P1  R01 ×   R02 ×   ×!  ×   ×   ×   ×!  ×   ×
P2  ×!  ×!  ×!  R05 R07 R09 R10 ×   (N20) R06 ×
P3  ×!  ×!  ×!  R05 R07 R09 R10 ×   ×!  R06 ×
P4  －  R03 R02 R04 ×!  ×   ×   ×   ×!  ×   ×
P5  ×!  ×!  ×!  －  ×   ×   ×   ×   ×!  ×   ×
P6  ×!  ×!  ×!  ×!  －  R09 ×   ×   R08 ×   ×
P7  ×!  ×!  ×!  ×!  ×!  －  ×   R13 ×!  ×   ×
P8  ×!  ×!  ×!  ×   ×   ×   －  ×   ×   ×   ×
P9  ×!  ×!  ×!  ×   ×   ×   ×   R12 ×   ×   ×
P10 ×!  ×!  ×!  ×!  ×   ×   ×   ×   －  －  ×
P11 ×!  ×!  ×!  R11 ×   ×   ×   ×   －  －  ×
P12 ×!  ×!  ×!  ×!  ×!  ×!  ×!  ×!  ×!  ×!  ×!
"""


@pytest.fixture(name="tiny")
def _tiny() -> Plan:
    return load(TINY)


def line_of(text: str) -> str:
    """Return ``file:line`` of the one line of the tiny plan that holds *text*."""
    lines = TINY.read_text(encoding="utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if text in line]
    return f"{TINY}:{number}"


def with_notes(plan: Plan, *notes: CellNote) -> Plan:
    """Return *plan* with *notes* in place of its own."""
    return replace(plan, notes=notes)


def note(kind: CellKind, name: str, severity: str = "", edition: str = "") -> CellNote:
    """Return a note on the cell S3/D1 of the tiny plan."""
    label = Label("注", "note")
    return CellNote(kind, name, ("S3",), ("D1",), severity, edition, label, f"x.yaml:{name}")


def test_the_matrix_of_the_tiny_town(tiny: Plan) -> None:
    """Row by row, what the smallest town allows and denies."""
    marks = {f"{s}/{d}": cell.mark for (s, d), cell in matrix(tiny).items()}

    assert marks == {
        "S1/D1": "A01", "S1/D2": "A02", "S1/D3": "×",
        "S2/D1": "×!", "S2/D2": "A02", "S2/D3": "×",
        "S3/D1": "×!", "S3/D2": "A03", "S3/D3": "×!",
        "S4/D1": "－", "S4/D2": "×", "S4/D3": "×",
        "S5/D1": "×", "S5/D2": "－", "S5/D3": "×",
    }  # fmt: skip


def test_another_town_needs_data_only() -> None:
    """A plain three-layer town with other sizes, names and classes has its matrix as well."""
    plan = load(TINY.with_name("alpha.yaml"))
    head, *rows = (line.split() for line in ALPHA.strip().splitlines())
    agreed = {
        (row[0], column): mark for row in rows for column, mark in zip(head, row[1:], strict=True)
    }

    assert {key: cell.mark for key, cell in matrix(plan).items()} == agreed


def test_the_cells_come_row_by_row(tiny: Plan) -> None:
    """The order is that of the plan, so two renderings never differ."""
    assert list(matrix(tiny)) == [(s.id, d.id) for s in tiny.sources for d in tiny.destinations]


def test_an_allowed_cell_names_its_clause_and_its_line(tiny: Plan) -> None:
    """A reader can go from a cell to the line of the plan that opened it."""
    assert matrix(tiny)["S1", "D1"] == Cell(
        kind=CellKind.ALLOW,
        mark="A01",
        clauses=("A01",),
        requirements=(),
        severity="",
        edition="",
        where=(line_of("{from: [S1], to: D1, services: [https]}"),),
    )


def test_a_denied_cell_names_its_requirement_and_the_edition(tiny: Plan) -> None:
    """A denial that a guideline asks for says which sentence of which edition."""
    assert matrix(tiny)["S2", "D1"] == Cell(
        kind=CellKind.DENY,
        mark="×!",
        clauses=(),
        requirements=("MN-07",),
        severity="A",
        edition="R4.3",
        where=(line_of("id: MN-07"),),
    )


def test_a_cell_that_nobody_speaks_about_is_denied(tiny: Plan) -> None:
    """Default deny needs no line in the plan."""
    assert matrix(tiny)["S1", "D3"] == Cell(CellKind.DENY, "×", (), (), "", "", ())


def test_the_gravest_of_several_requirements_counts(tiny: Plan) -> None:
    """Two requirements on one cell are both named; the graver one marks it."""
    plan = with_notes(tiny, note(CellKind.DENY, "B1", "B"), note(CellKind.DENY, "A1", "A", "R4.3"))

    cell = matrix(plan)["S3", "D1"]
    assert (cell.mark, cell.severity, cell.requirements) == ("×!", "A", ("B1", "A1"))
    assert cell.where == ("x.yaml:B1", "x.yaml:A1")
    assert cell.edition == "R4.3"


def test_a_requirement_without_severity_does_not_mark_the_cell(tiny: Plan) -> None:
    """Naming a requirement alone leaves the plain mark."""
    cell = matrix(with_notes(tiny, note(CellKind.DENY, "X1")))["S3", "D1"]

    assert (cell.mark, cell.requirements) == ("×", ("X1",))


@pytest.mark.parametrize("kind", [CellKind.PLANNED, CellKind.EXTERNAL])
def test_a_planned_or_external_cell_shows_its_number(tiny: Plan, kind: CellKind) -> None:
    """What is not yet allowed, or happens elsewhere, goes by the number of its note."""
    cell = matrix(with_notes(tiny, note(kind, "N1")))["S3", "D1"]

    assert (cell.kind, cell.mark) == (kind, "(N1)")


def test_a_clause_outranks_a_note(tiny: Plan) -> None:
    """What a clause allows is shown as allowed, whatever a note says about the cell."""
    about = replace(note(CellKind.DENY, "B1", "B"), destinations=("D2",))

    assert matrix(with_notes(tiny, about))["S3", "D2"].mark == "A03"


def test_cells_are_counted_by_kind(tiny: Plan) -> None:
    """Every cell is of one kind; kinds that do not occur count 0."""
    assert counts(matrix(tiny).values()) == {
        CellKind.ALLOW: 4,
        CellKind.DENY: 9,
        CellKind.NOT_APPLICABLE: 2,
        CellKind.PLANNED: 0,
        CellKind.EXTERNAL: 0,
    }
