"""A sentence of page one that the plan itself contradicts is false, whatever the packets say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.verdict import Verdict
from sekisho.report import tally
from sekisho.report.html import render
from sekisho.report.reading import read
from sekisho.runtime.namespaces import launched
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live
_ROOT = Path(__file__).resolve().parents[2]


def test_a_tablet_on_wifi_in_a_wired_class_makes_the_sentence_about_wifi_false(
    tmp_path: Path,
) -> None:
    """It opens the register as planned, so no case leaks; page one says × all the same."""
    run, plan = tmp_path / "run", _ROOT / "topologies" / "tiny.yaml"
    run.mkdir()
    words = [sys.executable, "-m", "tests.live.contradicted", str(plan), str(run)]
    with (
        (tmp_path / "log").open("wb") as log,
        launched(["env", f"PYTHONPATH={_ROOT}", *words], folder=run, log=log) as process,
    ):
        process.communicate(timeout=120 * SLOWER)
    record = read(run)
    line, found = tally.by_line(record)[0]

    assert process.returncode == 1
    assert record.verdict is RunVerdict.FAIL
    assert Verdict.LEAK not in tally.overall(record).counts
    assert (line.number, found.mark) == (1, "×")
    assert line.permitting == f"A01 [https] ({plan}:80)"
    assert "permitted by A01 [https]" in render(record)


def test_what_work_needs_is_decided_by_real_conversations(tmp_path: Path) -> None:
    """A clerk opens the register on the wire, and the information page both ways."""
    words = ["check", "topologies/tiny.yaml", "--out", str(tmp_path)]
    subprocess.run(
        [sys.executable, "-m", "sekisho.cli", *words], cwd=_ROOT, timeout=300, check=True
    )
    record = read(tmp_path / "latest")

    assert [(n.number, f.mark, f.total) for n, f in tally.by_need(record)] == [
        (1, "○", 1), (2, "○", 4)
    ]  # fmt: skip
