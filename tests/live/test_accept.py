"""The whole test of a town in one run: every sentence decided, and planted faults told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.verdict import Verdict
from sekisho.report import tally
from sekisho.report.reading import RunRecord, read
from sekisho.runtime.namespaces import launched
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_TINY = _ROOT / "topologies" / "tiny.yaml"
_LIMIT_S = 240 * SLOWER
_UNDOCK = (
    "  - {number: 4, label: {ja: 抜いたら切れる, en: Dead when undocked}, from: [S1, S2], "
    "to: [D1], state: undock}\n"
)
_DEAD = (
    "  - {number: 5, label: {ja: 停止中も同じ, en: The same with the controller dead}, "
    "from: all, to: all, state: controller-dead}\n"
)
_HEAD = "must_drop:\n"


def accepted(folder: Path, *lines: str, fault: str = "nothing") -> tuple[int, RunRecord]:
    """Accept the tiny town with more *lines* of page one; return the status and the record."""
    plan, run = folder / "tiny.yaml", folder / "run"
    text = _TINY.read_text("utf-8")
    plan.write_text(text.replace(_HEAD, _HEAD + "".join(lines), 1), "utf-8")
    run.mkdir()
    command = [sys.executable, "-m", "tests.live.accepted", fault, str(plan), str(run)]
    with (
        (folder / "log").open("wb") as log,
        launched(["env", f"PYTHONPATH={_ROOT}", *command], folder=run, log=log) as process,
    ):
        process.communicate(timeout=_LIMIT_S)
    return process.returncode, read(run)


def test_every_sentence_of_page_one_is_decided(tmp_path: Path) -> None:
    """Also those about a pulled cable and a dead controller, with the gate sent again then."""
    status, record = accepted(tmp_path, _UNDOCK, _DEAD)
    lines = {line.number: found for line, found in tally.by_line(record)}
    states = record.cases.columns["state"].values

    assert (status, record.verdict) == (0, RunVerdict.PASS), str(record.trouble)
    assert all(found.mark == "○" for found in lines.values())
    assert lines[5].total > 100
    assert {"normal", "undock", "controller-dead"} <= set(states)
    assert record.events is not None
    assert {row["event"] for row in record.events["outcomes"]} == {"controller-killed", "undocked"}
    assert _exercised(record) == _decided(record)


def _exercised(record: RunRecord) -> dict[tuple[str, int], int]:
    """Return by how many cases each sentence was exercised, as the run wrote it."""
    lines = json.loads((record.folder / "lines.json").read_bytes())["lines"]
    told = [line for line in lines if line["kind"].startswith("must_")]
    return {(line["kind"], int(line["id"])): line["wire"] for line in told}


def _decided(record: RunRecord) -> dict[tuple[str, int], int]:
    """Return how many cases decided each sentence on page one."""
    both = (("must_drop", tally.by_line(record)), ("must_reach", tally.by_need(record)))
    return {
        (kind, line.number): found.total - found.counts.get(Verdict.INCONCLUSIVE, 0)
        for kind, lines in both
        for line, found in lines
    }


def test_switches_that_go_on_without_their_controller_are_told(tmp_path: Path) -> None:
    """The check itself saw nothing of it: its controller was alive."""
    status, record = accepted(tmp_path, _DEAD, fault="standalone")
    (dead,) = (found for line, found in tally.by_line(record) if line.number == 5)

    assert (status, record.verdict) == (1, RunVerdict.FAIL)
    assert dead.mark == "×"


def test_streams_that_are_never_sent_decide_no_sentence(tmp_path: Path) -> None:
    """Nothing sent proves nothing: the sentence is undecided, and so is the run."""
    status, record = accepted(tmp_path, _UNDOCK, fault="muted")
    (undocked,) = (found for line, found in tally.by_line(record) if line.number == 4)

    assert (status, record.verdict) == (3, RunVerdict.INCONCLUSIVE)
    assert undocked.mark == "◇"


@pytest.mark.parametrize("fault", ["bridge_before", "bridge_left"])
def test_a_fabric_that_is_not_as_planned_around_an_event_proves_nothing(
    fault: str, tmp_path: Path
) -> None:
    """It is read before each event and after it."""
    status, record = accepted(tmp_path, _UNDOCK, fault=fault)
    (undocked,) = (found for line, found in tally.by_line(record) if line.number == 4)

    assert (status, undocked.mark) == (3, "◇")
