"""Rules with times on a real town: the controller keeps them, and a check judges at a moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.live.machine import SLOWER
from tests.live.story import told
from tests.live.test_small_towns import sekisho
from tests.sekisho.model.test_terms import written

pytestmark = pytest.mark.live
_LIMIT_S = 180 * SLOWER


@pytest.fixture(scope="module", name="day")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    day = told("tests.live.termed", tmp_path_factory.mktemp("termed"), limit_s=_LIMIT_S)
    if not day["was in time"]:
        pytest.skip("the town took longer to boot than the rule held")
    return day


def test_the_guard_ends_a_rule_at_its_time(day: dict[str, Any]) -> None:
    """It was used before, and is not any more; another rule goes on."""
    assert day["before"] and day["other before"]
    assert day["after"] == ""
    assert day["other after"]


def test_the_end_is_stated_and_all_is_in_force(day: dict[str, Any]) -> None:
    """Once, with what went on which switch; nothing came."""
    (turned,) = day["turned"]

    assert all(gone and not come for gone, come in turned["touched"].values())
    assert day["in force"] == ""


def test_a_guard_that_died_does_not_open_it_again(day: dict[str, Any]) -> None:
    """What holds follows from the plan and the clock: the tables it finds are right."""
    in_force = [fact for fact in day["again"] if fact["event"] == "in-force"]

    assert in_force and all((f["added"], f["deleted"]) == (0, 0) for f in in_force)
    assert day["after its death"] == ""


@pytest.mark.parametrize(
    ("moment", "rests"), [("2027-03-31 12:00", False), ("2027-04-01 12:00", True)]
)
def test_a_check_judges_at_the_moment_that_it_is_told(
    moment: str, rests: bool, tmp_path: Path
) -> None:
    """On both sides of the end; page one says at which, and what did not hold."""
    plan = written(tmp_path, until="2027-03-31")
    done = sekisho("check", str(plan), "--at", moment, "--out", str(tmp_path / "r"))
    run = tmp_path / "r" / "latest"
    page = (run / "report.html").read_text("utf-8")
    rules = json.loads((run / "manifest.json").read_bytes())["plan"]["clauses"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert rules["A01"]["rests"] is rests
    assert ("Not in force" in done.stdout) is rests
    assert ("1. Upkeep not tested" in done.stdout) is rests
    assert ("効力なし(許可していない): A01(2027-03-31まで)" in page) is rests


def test_faults_are_told_while_a_rule_rests(tmp_path: Path) -> None:
    """Also what it would permit, put back by hand."""
    plan = written(tmp_path, until="2020-03-31")
    words = ("--level", "flow", "--id", "M05", "--faults", "10", "--out", str(tmp_path / "m"))
    done = sekisho("mutate", str(plan), *words)
    (path,) = (tmp_path / "m").glob("*/mutations.json")
    fates = json.loads(path.read_bytes())["fates"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert "score 100.0 %" in done.stdout
    assert any("A01 permits on" in fate["words"] for fate in fates)
