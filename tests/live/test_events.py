"""Events on a real town: nothing leaks, ways are found again, and a planted hole is seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sekisho.launch import launched

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_TINY = _ROOT / "topologies" / "tiny.yaml"
_LIMIT_S = 180
_LINE = '  - {a: "floor:8", b: "room:8", mbps: 1000}\n'
_SPARE = '  - {a: "floor:7", b: "room:7", mbps: 100, backup: true}\n'


def played(event: str, folder: Path, *, fault: str = "nothing") -> tuple[int, dict[str, Any]]:
    """Play *event* once on the tiny town with a spare line; return the status and the outcome."""
    plan, run = folder / "tiny.yaml", folder / "run"
    plan.write_text(_TINY.read_text("utf-8").replace(_LINE, _LINE + _SPARE), "utf-8")
    run.mkdir()
    command = [sys.executable, "-m", "tests.live.disturbed", fault, event, str(plan), str(run)]
    with (
        (folder / "log").open("wb") as log,
        launched(["env", f"PYTHONPATH={_ROOT}", *command], folder=run, log=log) as process,
    ):
        process.communicate(timeout=_LIMIT_S)
    data = json.loads((run / "events.json").read_bytes())
    return data["exit"], data["outcomes"][0]


@pytest.mark.parametrize(
    "event", ["controller-killed", "tables-wiped", "undocked", "permission-ends", "relay:www"]
)
def test_nothing_leaks_while_it_happens(event: str, tmp_path: Path) -> None:
    """Forbidden tokens are sent all the while, and nobody ever sees one."""
    status, outcome = played(event, tmp_path)

    assert (status, outcome["verdict"], outcome["leaked"]) == (0, "pass", 0)
    assert outcome["forbidden_sent"] > 500
    assert outcome["zero"]


def test_a_broken_line_is_gone_around_in_less_than_a_second(tmp_path: Path) -> None:
    """The guard hears of the cut from the switch and sends the new way at once."""
    status, outcome = played("line-cut", tmp_path)

    assert (status, outcome["verdict"]) == (0, "pass")
    assert outcome["gap_ms"] < 1000 + outcome["pause_ms"]
    assert outcome["permitted_heard"] < outcome["permitted_sent"]


def test_a_hole_is_a_leak_whatever_happens_meanwhile(tmp_path: Path) -> None:
    """Wi-Fi taken for the wire: its tokens reach the register while the guard is dead."""
    status, outcome = played("controller-killed", tmp_path, fault="register_open")

    assert (status, outcome["verdict"]) == (1, "leak")
    assert outcome["leaked"] > 100
    assert "juki.lan" in outcome["seen_at"]


def test_streams_that_do_not_run_are_void_and_never_a_pass(tmp_path: Path) -> None:
    """Nothing sent proves nothing."""
    status, outcome = played("controller-hung", tmp_path, fault="muted")

    assert (status, outcome["verdict"], outcome["leaked"]) == (3, "void", 0)
