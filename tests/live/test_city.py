"""A city that nobody wrote code for: judged as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.demo import ROOT
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live
CITY = ROOT / "topologies" / "city.yaml"
_LIMIT_S = 420.0 * SLOWER
_MOST_MB = 15


def test_a_right_city_passes(tmp_path: Path) -> None:
    """Every sentence of it, and every need of its work; in a small folder."""
    words = [sys.executable, "-m", "sekisho.cli", "check", str(CITY), "--out", str(tmp_path)]
    done = subprocess.run(
        [*words, "--quiet"], cwd=ROOT, timeout=_LIMIT_S, check=False, capture_output=True, text=True
    )
    folder = (tmp_path / "latest").resolve()
    summary = json.loads((folder / "summary.json").read_bytes())
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    assert (done.returncode, summary["verdict"]) == (0, "pass"), done.stderr
    assert summary["captures_dropped"] == 0
    assert summary["cases"] > 30_000
    assert size < _MOST_MB * 1_000_000
