"""A town hall of many notebooks is judged like a small one: no copy is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.bench.crowd import crowded
from tests.live.machine import ROOT, SLOWER

pytestmark = [pytest.mark.live, pytest.mark.alone]
_LIMIT_S = 600.0 * SLOWER
_MOST_MB = 15


def test_a_hall_of_72_notebooks_passes(tmp_path: Path) -> None:
    """217 attachments; every rule was met or explained, and the run folder stays small."""
    plan = tmp_path / "hall.yaml"
    text = (ROOT / "topologies" / "matsuno.yaml").read_text("utf-8")
    plan.write_text(crowded(text, 8), "utf-8")
    words = [sys.executable, "-m", "sekisho.cli", "check", str(plan), "--out", str(tmp_path)]
    done = subprocess.run(
        [*words, "--quiet"], cwd=ROOT, timeout=_LIMIT_S, check=False, capture_output=True, text=True
    )
    folder = (tmp_path / "latest").resolve()
    summary = json.loads((folder / "summary.json").read_bytes())
    coverage = json.loads((folder / "coverage.json").read_bytes())
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    assert (done.returncode, summary["verdict"]) == (0, "pass"), done.stderr
    assert (summary["attachments"], summary["inconclusive"], summary["captures_dropped"]) == (
        217,
        0,
        0,
    )
    assert coverage["unmet"] == 0
    assert size < _MOST_MB * 1_000_000
