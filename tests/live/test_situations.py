"""Situations on a real town: a file of one's own runs, and a misread plan fails the run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sekisho.evidence.case_file import CASES, lines
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_TINY = _ROOT / "topologies" / "tiny.yaml"
_PAGE = _ROOT / "docs" / "scenarios.md"
_LIMIT_S = 120 * SLOWER


def example() -> str:
    """Return the situation that the documentation adds."""
    (text,) = re.findall(r"```yaml\n(.*?)```", _PAGE.read_text("utf-8"), re.S)
    return str(text)


def checked(text: str, folder: Path) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Check the situation *text* on the tiny town; return the status, summary and its entry."""
    file = folder / "my-clock.yaml"
    file.write_text(text, "utf-8")
    words = [sys.executable, "-m", "sekisho.cli", "check", str(_TINY), "--quiet"]
    done = subprocess.run(
        [*words, f"--scenario={file}", f"--out={folder / 'runs'}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        timeout=_LIMIT_S,
        check=False,
    )
    run = folder / "runs" / "latest"
    manifest = json.loads((run / "manifest.json").read_bytes())
    (entry,) = manifest["situations"]
    return done.returncode, json.loads((run / "summary.json").read_bytes()), entry


def test_the_situation_of_the_page_runs(tmp_path: Path) -> None:
    """As it stands there, from a file anywhere, without touching any code."""
    status, summary, entry = checked(example(), tmp_path)
    rows = lines(tmp_path / "runs" / "latest" / CASES)
    own = [case for case in map(json.loads, rows) if case["src_class"] == "S3"]

    assert (status, summary["verdict"]) == (0, "pass")
    assert {(case["cell"], case["expect"]) for case in own} == {("S3/D1", "drop")}
    assert {case["probe"] for case in own} == {"service", "spoof-both", "tcp-scan"}
    assert entry["contradictions"] == []


def test_a_misread_plan_fails_the_run_with_its_line(tmp_path: Path) -> None:
    """The packets did as the plan says; the plan does not say what its author thinks."""
    text = example().replace("who: [S3]", "who: [S1]").replace("spoof-both, tcp-scan", "exchange")
    status, summary, entry = checked(text, tmp_path)

    assert (status, summary["verdict"], summary["leak"]) == (1, "fail", 0)
    assert entry["contradictions"]
    assert all("tiny.yaml:" in one["where"] for one in entry["contradictions"])


def test_the_streams_of_a_situation_run_through_its_events(tmp_path: Path) -> None:
    """Every source of it has sent, nothing leaked, and the line that cannot break is named."""
    words = ["-m", "sekisho.cli", "chaos", str(_TINY), "--scenario=wireless-resident"]
    done = subprocess.run(
        [sys.executable, *words, "--repeat=1", "--lang=en", f"--out={tmp_path}"],
        cwd=_ROOT,
        timeout=_LIMIT_S,
        capture_output=True,
        text=True,
        check=False,
    )
    (file,) = tmp_path.glob("*/events.json")
    data = json.loads(file.read_bytes())
    killed = next(one for one in data["outcomes"] if one["event"] == "controller-killed")

    assert done.returncode == 0
    assert (killed["verdict"], killed["leaked"]) == ("pass", 0)
    assert data["situations"][0]["sent_from"] == ["guest.wireless", "nb.wireless"]
    assert "states that this plan cannot have: line-cut" in done.stdout
