"""Whole checks over planted faults: none passes, and one that would is counted and told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sekisho.commands.planted import score
from sekisho.mutation.catalogue import IDS
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 900 * SLOWER
_PLAN = "topologies/tiny.yaml"


def test_one_fault_of_every_kind_spoils_a_whole_check(tmp_path: Path) -> None:
    """Under the controller that heals and under the one that leaves changes alone."""
    kinds = sorted(name for name in IDS if name.startswith("N-"))
    command = [sys.executable, "-m", "sekisho.cli", "mutate", _PLAN, "--whole", "--suite", "gate"]
    done = subprocess.run(
        [*command, "--faults", str(len(kinds)), "--out", str(tmp_path), "--lang", "en"],
        cwd=_ROOT,
        timeout=_LIMIT_S,
        check=False,
        capture_output=True,
        text=True,
    )
    (run,) = (path for path in tmp_path.iterdir() if path.is_dir())
    outcomes = json.loads((run / "planted.json").read_bytes())["outcomes"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert {(o["id"], o["guard"]) for o in outcomes} == {
        (name, guard) for name in kinds for guard in ("healing", "lenient")
    }
    assert {o["verdict"] for o in outcomes} <= {"fail", "inconclusive"}
    assert all(o["by"] for o in outcomes)
    assert f"{len(kinds)} faults, {2 * len(kinds)} checks, 0 false passes" in done.stdout


def test_a_check_that_is_told_ends_and_is_told_all_the_same(tmp_path: Path) -> None:
    """Settings of the tracker, fragments too: what one reading tells ends the check there."""
    command = [sys.executable, "-m", "sekisho.cli", "mutate", _PLAN, "--whole", "--until-told"]
    done = subprocess.run(
        [*command, "--suite", "gate", "--id", "N-15", "--out", str(tmp_path), "--lang", "en"],
        cwd=_ROOT,
        timeout=_LIMIT_S,
        check=False,
        capture_output=True,
        text=True,
    )
    (run,) = (path for path in tmp_path.iterdir() if path.is_dir())
    outcomes = json.loads((run / "planted.json").read_bytes())["outcomes"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert {o["words"] for o in outcomes} >= {"the tracker puts smaller fragments together"}
    assert {o["verdict"] for o in outcomes} <= {"fail", "inconclusive"}
    assert all("tracking" in o["by"] for o in outcomes)
    assert {o["windows"] for o in outcomes} == {0, 1}  # told before the first, or after it


def test_a_false_pass_is_counted() -> None:
    """The score is no constant."""
    told = {"id": "N-01", "place": "floor", "words": "x", "guard": "healing", "suite": "gate"}
    lines = list(score([{**told, "verdict": "inconclusive"}, {**told, "verdict": "pass"}], "en"))

    assert lines[0].startswith("× N-01 1/2")
    assert lines[-1] == "1 faults, 2 checks, 1 false passes"
