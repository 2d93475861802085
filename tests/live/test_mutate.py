"""A handful of faults planted in a running town: told, or decided to change nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 240


def test_planted_faults_are_told_or_change_nothing(tmp_path: Path) -> None:
    """No fault survives, some are killed, and each names the probe that told it."""
    command = [sys.executable, "-m", "sekisho.cli", "mutate", "topologies/tiny.yaml"]
    done = subprocess.run(
        [*command, "--count", "26", "--out", str(tmp_path), "--lang", "en"],
        cwd=_ROOT,
        timeout=_LIMIT_S,
        check=False,
        capture_output=True,
        text=True,
    )
    (run,) = (path for path in tmp_path.iterdir() if path.is_dir())
    fates = json.loads((run / "mutations.json").read_bytes())

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(fates) == 26
    assert {fate["fate"] for fate in fates} == {"killed", "equivalent"}
    assert all(fate["by"] for fate in fates if fate["fate"] == "killed")
    assert "score 100.0 %" in done.stdout
