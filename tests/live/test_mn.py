"""Mininet's own command builds the town from its plan."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sekisho.runtime.namespaces import launched
from tests.live.machine import ROOT, SLOWER

pytestmark = pytest.mark.live


def test_mn_builds_the_town_and_the_guard_guards_it(tmp_path: Path) -> None:
    """``mn --custom topologies/mn.py --topo town,PLAN`` gives hosts, airs and guarded switches."""
    plan = ROOT / "topologies" / "tiny.yaml"
    words = ["env", f"PYTHONPATH={ROOT}", f"HOME={tmp_path}"]  # mn keeps its history there
    words += [sys.executable, "-m", "tests.live.inner_mn", str(plan), str(ROOT)]
    with (tmp_path / "log").open("wb") as log, launched(words, folder=tmp_path, log=log) as process:
        process.communicate(timeout=120 * SLOWER)
    said = (tmp_path / "log").read_text("utf-8")

    assert process.returncode == 0, said
    assert "floor guest-air room staff-air" in said
    assert "*** Starting 4 switches" in said
    assert '"event":"town-in-force"' in said
