"""The bytes of a plan may come from any editor; what they say stays the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sekisho.errors import PlanError
from sekisho.plan import load, nodes

TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"


def test_the_same_bytes_give_equal_plans() -> None:
    """Reading is a function of path and bytes."""
    assert load(str(TINY)) == load(TINY)


def test_a_byte_order_mark_changes_nothing_but_the_digest(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TINY.read_bytes())
    plan = load(path)

    assert plan.clauses[0].purpose == load(TINY).clauses[0].purpose
    assert plan.sha256 != load(TINY).sha256


def test_line_ends_of_windows_are_line_ends(tmp_path: Path) -> None:
    """Lines are counted alike on every system."""
    path = tmp_path / "windows.yaml"
    path.write_bytes(TINY.read_bytes().replace(b"\n", b"\r\n"))
    lines = [[zone.where.rpartition(":")[2] for zone in load(p).zones] for p in (path, TINY)]

    assert lines[0] == lines[1]


def test_a_fault_knows_its_file_and_line(tmp_path: Path) -> None:
    """Callers get faults as values, not only as text."""
    path = tmp_path / "wrong.yaml"
    path.write_text("sekisho: 1\nsites: [\n", encoding="utf-8")
    with pytest.raises(PlanError) as caught:
        load(path)
    (fault,) = caught.value.faults

    assert (fault.file, fault.line) == (str(path), 3)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("path", "reason"),
    [(f"{TINY}/x", "Not a directory"), ("no\0path", "a NUL is in its name")],
)
def test_a_path_that_leads_nowhere_is_refused(path: str, reason: str) -> None:
    """Whatever the system says about a path is said to the user."""
    with pytest.raises(PlanError) as caught:
        load(path)

    assert str(caught.value) == (
        f"{path}: cannot be read: {reason}\n  hint: check the path and its permissions"
    )


def test_a_plan_reads_alike_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML's own parser serves where its C one is missing."""
    plan = load(TINY)
    monkeypatch.setattr(nodes, "_LOADER", yaml.SafeLoader)

    assert load(TINY) == plan
