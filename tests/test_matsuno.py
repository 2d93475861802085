"""The functional profile of the four-layer town says exactly what its matrix says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.model import Allow, Attachment, CellKind, Plan
from sekisho.plan import load
from sekisho.policy.matrix import counts, matrix

PLAN = Path(__file__).parent.parent / "topologies" / "matsuno.yaml"

# The matrix as agreed with the town, row by row; the plan has to give the same, cell by cell.
MATRIX = """
    D1   D2   D3   D4   D5   D6   D7   D8   D9   D10  D11  D12  D13  D14  D15  D16  D17
S1  A01  ×    A02  A03  A04  A05  A06  A07  A08  ×    A09  A10  ×    ×    A11  ×    ×
S2  ×!   ×!   ×!   A03  A04  A05  A06  A07  A08  ×    A09  A10w ×    ×    A11  ×    ×
S3  A01  ×    A02  A03  A04  A05  A06  A07  A08  ×    A09  A10  ×    ×    A11  ×    ×
S4  ×!   ×!   ×!   A03  A04  A05  A06  A07  A08  ×    A09  A10w ×    ×    A11  ×    ×
S5  ×!   ×!   ×!   A12  ×    ×    ×    A13  ×    ×    ×    ×    ×    ×    A11  ×    A14
S6  ×!   ×!   ×!   ×    ×    ×    (E01) ×    ×    ×    ×    ×    ×    ×    ×    ×    ×
S7  ×!   ×!   ×!   ×    ×    ×    A06  ×    ×    ×    ×    ×    ×    ×    A11  ×    ×
S8  ×!   ×!   ×!   ×    ×    ×    ×    ×    A16  －   A15  ×    ×    ×    A11  ×    ×
S9  ×!   ×!   ×!   ×    A18  A18  ×    ×    ×    ×    ×    ×    ×    ×    A18  ×    ×
S10 ×!   ×!   ×!   ×    ×    ×    ×    A19  ×    ×    ×    ×    ×    ×    A11  ×    ×
S11 ×!   ×!   ×!   ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    A20  ×    ×    ×
S12 ×!   ×!   ×!   ×    ×    ×    ×    A21  ×    ×    ×    ×    ×    ×    A11  ×    ×
S13 ×!   ×!   ×!   ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    ×
S14 ×!   ×!   ×!   ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    A22  A11  ×    ×
S15 ×!   ×!   ×!   ×    －   －   －   ×    ×    ×    ×    ×    －   ×    ×    ×    A14
S16 ×!   ×!   ×!   ×    ×    ×    ×    ×    ×    ×    ×    ×    －   ×    ×    ×    ×
S17 ×!   ×!   ×!   A23  ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    ×
S18 －   A24  A25  A26  ×!   ×!   ×!   ×    ×    A27  A17  A10m ×    ×    A11m ×    ×
S19 ×!   ×!   ×!   －   ×!   ×    ×    (P28) ×    ×    ×    A10l ×    ×    A11  ×    ×
S20 ×!   ×!   ×!   ×!   A30  ×    ×    －   －   ×    ×    A10b ×    ×    A11  ×    ×
S21 ×!   ×!   ×!   ×!   ×!   ×    ×    ×    ×    ×    ×    －   ×    A31  A11  ×    ×
S22 ×!   ×!   ×!   ×    ×    ×    ×    ×    ×    A32  －   ×    ×    A31  A11  ×    ×
S23 ×!   ×!   ×!   ×    ×    ×    ×    ×    ×    ×    ×    ×    ×    A34  A11  ×    ×
"""

MN_01_LISTED = {"A01", "A02", "A17", "A24", "A25", "A26", "A27", "A10m"}

# (clause, who alone may begin, what alone may be reached): rules for single hosts.
HOST_RULES = [
    ("A04", None, {"iproxy.lan"}),
    ("A10w", None, {"fgw.l", "fgw.b", "fgw.i"}),
    ("A12", None, {"stgw.lan"}),
    ("A17", {"mprint.lan"}, {"psrv.lan"}),
    ("A19", None, {"paperless.lan"}),
    ("A20", None, {"jump.lan"}),
    ("A21", None, {"attend.lan"}),
    ("A23", {"lgasp.wan"}, {"lgmail.lan"}),
    ("A24", {"juki.lan"}, {"cs.lan"}),
    ("A27", {"mprint.lan"}, {"mfp-hq.lan", "mfp-br1.lan", "mfp-br2.lan", "mfp-br3.lan"}),
    ("A30", {"groupware.lan", "eapproval.lan"}, {"saas.net"}),
    ("A31", {"fgw.b", "psrv.lan"}, {"log.lan"}),
    ("A34", {"swmgmt.lan"}, {"ctrl.lan", "log.lan"}),
]


@pytest.fixture(scope="module", name="town")
def _town() -> Plan:
    return load(PLAN)


def table(text: str) -> dict[tuple[str, str], str]:
    """Read a matrix that is written as text."""
    head, *rows = (line.split() for line in text.strip().splitlines())
    return {
        (row[0], column): mark for row in rows for column, mark in zip(head, row[1:], strict=True)
    }


def directions(town: Plan) -> Iterator[tuple[str, Allow, list[Attachment], list[Attachment]]]:
    """Yield (clause id, direction, who may begin, what may be reached)."""
    for clause in town.clauses:
        for allow in clause.allows:
            begin = [
                a for a in town.attachments
                if a.source in allow.sources and (not allow.only_from or a.id in allow.only_from)
            ]  # fmt: skip
            reach = [
                a for a in town.attachments
                if a.destination == allow.destination
                and (not allow.only_to or a.id in allow.only_to)
            ]  # fmt: skip
            yield clause.id, allow, begin, reach


def test_every_cell_is_as_agreed(town: Plan) -> None:
    """The matrix derived from the plan equals the agreed one, cell by cell."""
    got = {key: cell.mark for key, cell in matrix(town).items()}

    assert got == table(MATRIX)


def test_the_cells_add_up(town: Plan) -> None:
    """23 rows by 17 columns: what is allowed, denied, and outside the question."""
    assert counts(matrix(town).values()) == {
        CellKind.ALLOW: 80,
        CellKind.DENY: 297,
        CellKind.NOT_APPLICABLE: 12,
        CellKind.PLANNED: 1,
        CellKind.EXTERNAL: 1,
    }


def test_67_cells_must_drop_and_name_their_requirement(town: Plan) -> None:
    """Every cell of the gravest severity says which requirement closes it."""
    grave = [cell for cell in matrix(town).values() if cell.is_must_drop]

    assert len(grave) == 67
    assert all(cell.requirements for cell in grave)


def test_the_wireless_ban_names_its_edition(town: Plan) -> None:
    """The guideline forbade Wi-Fi to the resident systems in one edition and not in the next."""
    cells = matrix(town)

    assert {cells[s, d].edition for s in ("S2", "S4") for d in ("D1", "D2", "D3")} == {"R4.3"}


def test_the_town_has_its_size(town: Plan) -> None:
    """The functional profile is small enough for every commit and large enough to be a town."""
    assert len(town.switches) == 12
    assert 65 <= len(town.devices) <= 78
    assert (len(town.sources), len(town.destinations), len(town.must_drop)) == (23, 17, 16)


def test_a_notebook_is_one_device_with_two_attachments(town: Plan) -> None:
    """Wired and wireless are two faces of one notebook, at one site."""
    classes = {"S1": "S2", "S3": "S4"}
    notebooks = [d for d in town.devices if d.attachments[0].source in classes]

    assert len(notebooks) == 9
    for device in notebooks:
        wired, wireless = device.attachments
        assert (wireless.source, wireless.site) == (classes[wired.source], wired.site)
        assert wireless.air and not wired.air


def test_every_clause_has_a_purpose_and_a_basis(town: Plan) -> None:
    """Nobody has to ask why a permission exists, or who wanted it."""
    lacking = [
        c.id for c in town.clauses
        if not (c.purpose.ja and c.purpose.en and c.basis and c.basis_note)
    ]  # fmt: skip

    assert lacking == []


def test_the_boundary_is_crossed_by_designated_communication_only(town: Plan) -> None:
    """What joins the M layer to another one is a 特定通信 with its six fields."""
    layer = {zone.id: zone.layer for zone in town.zones}
    crossing = {
        clause
        for clause, _, begin, reach in directions(town)
        for a in begin
        for b in reach
        if (layer[a.zone] == "M") != (layer[b.zone] == "M")
    }
    special = {clause.id for clause in town.clauses if clause.special}

    assert crossing <= special
    assert special == MN_01_LISTED | {"A10"}


@pytest.mark.parametrize(("clause", "begin", "reach"), HOST_RULES, ids=[r[0] for r in HOST_RULES])
def test_a_rule_for_single_hosts_is_exact(
    town: Plan, clause: str, begin: set[str] | None, reach: set[str]
) -> None:
    """A permission for one host opens no other host of its class."""
    got = [(b, r) for name, _, b, r in directions(town) if name == clause]

    assert {a.id for _, reached in got for a in reached} == reach
    if begin is not None:
        assert {a.id for beginning, _ in got for a in beginning} == begin


def test_every_permission_has_both_ends_and_a_listener(town: Plan) -> None:
    """No permission is idle: somebody may begin it, and each of its services is answered."""
    for clause, allow, begin, reach in directions(town):
        assert begin and reach, f"{clause} has no end"
        for target in reach:
            lacking = set(allow.services) - set(town.device[target.device].services)
            assert not lacking, f"{clause}: {target.id} does not run {sorted(lacking)}"


def test_infrastructure_never_initiates(town: Plan) -> None:
    """A captured DNS or directory server may begin nothing, whatever its class may."""
    initiators = {a.id for _, _, begin, _ in directions(town) for a in begin}

    assert not [a.id for a in town.attachments if a.destination == "D15" and a.id in initiators]


def test_infrastructure_is_never_shared_between_m_l_and_b(town: Plan) -> None:
    """Servers of one layer look up names in that layer, and nowhere else."""
    layer = {zone.id: zone.layer for zone in town.zones}
    served: dict[str, set[str]] = {}
    for _, allow, begin, reach in directions(town):
        if allow.destination == "D15":
            for target in reach:
                served.setdefault(target.id, set()).update(layer[a.zone] for a in begin)

    assert served == {
        "infra-m.lan": {"M"},
        "infra-l.lan": {"L"},
        "infra-b.lan": {"B"},
        "infra-d.lan": {"B", "D", "G"},  # the tablet of the council is a device, in layer B
        "infra-w.lan": {"W"},
    }


def test_lines_that_need_a_special_state_say_so(town: Plan) -> None:
    """What the ordinary run does not create is not decided by it."""
    states = {line.number: line.state for line in town.must_drop if line.state != "normal"}

    assert states == {3: "undock", 10: "relay", 14: "ticket-ended", 16: "controller-dead"}


def test_the_notebook_between_two_worlds_is_declared(town: Plan) -> None:
    """One PC that opens both the registers and the internet is an exception in the open."""
    assert [(e.id, bool(e.measures.ja)) for e in town.exceptions] == [("EX-01", True)]
