"""Each sentence of page one as an item of pytest: what became of it in a run is what it becomes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sekisho.evidence.verdict import Verdict
from tests.sekisho.report.fake_run import cases, manifest, write_run

ROOT = Path(__file__).parents[3]
_CASES = 900
MATSUNO = ROOT / "topologies" / "matsuno.yaml"
#: The check of the plugin is another test's (tests/live/test_plugin.py): here it has been made.
_CONFTEST = """
from pathlib import Path
from sekisho.testing import running
running.checked = lambda plan, out: Path({folder!r})
"""


def _items(folder: Path, verdicts: dict[int, Verdict], *, aborted: str = "") -> str:
    """Run the sentences of Matsuno on a run with such verdicts; return what pytest says."""
    run = write_run(folder / "run", number=_CASES, verdicts=verdicts, aborted=aborted, whole=True)
    (folder / "conftest.py").write_text(_CONFTEST.format(folder=str(run)))
    (folder / "pytest.ini").write_text("[pytest]\n")
    shutil.copy(MATSUNO, folder / "town.yaml")
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", "town.yaml"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


def test_a_run_without_a_finding_passes_and_leaves_the_rest_open(tmp_path: Path) -> None:
    """What only another state of the town decides is skipped."""
    said = _items(tmp_path, {})
    assert re.search(r"must_drop-1 PASSED", said)
    assert re.search(r"must_drop-3 SKIPPED", said)
    assert "FAILED" not in said


@pytest.mark.parametrize("verdict", [Verdict.LEAK, Verdict.UNATTRIBUTED])
def test_what_is_not_as_planned_fails(verdict: Verdict, tmp_path: Path) -> None:
    """The sentence and its cases are told, and not our own code."""
    said = _items(tmp_path, dict.fromkeys(range(_CASES), verdict))
    assert re.search("must_drop-1 FAILED", said)
    assert "PASSED" not in said
    assert re.search(rf"\d+ {verdict.value}", said)
    assert "plugin.py" not in said


def test_what_no_network_can_decide_is_no_pass(tmp_path: Path) -> None:
    """All cases of the first sentence are residual; the others are as planned."""
    (first, *_) = manifest()["plan"]["must_drop"]  # type: ignore[index]
    own = {
        row: Verdict.RESIDUAL
        for row, case in enumerate(cases(_CASES, {}, whole=True))
        if case.src_class in first["sources"]
    }
    said = _items(tmp_path, own)
    assert re.search("must_drop-1 SKIPPED", said)
    assert "PASSED" in said


def test_nothing_passes_in_a_run_that_is_inconclusive(tmp_path: Path) -> None:
    """Neither where one case is inconclusive, nor where the run broke."""
    for number, (verdicts, aborted) in enumerate(
        (({0: Verdict.INCONCLUSIVE}, ""), ({}, "it broke"))
    ):
        (folder := tmp_path / str(number)).mkdir()
        said = _items(folder, verdicts, aborted=aborted)
        assert "PASSED" not in said
        assert "the run is inconclusive: " in said
