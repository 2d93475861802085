"""Ports of a running town are moved: what the switches hold, and what a user sees.

One afternoon is played (`tests.live.moved`); each test reads one of its facts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sekisho.errors import NamespaceError
from sekisho.launch import launched

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "topologies" / "tiny.yaml"
_LIMIT_S = 240


@pytest.fixture(scope="module", name="day")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("moved")
    command = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.live.moved", str(PLAN)]
    try:
        with (
            (folder / "err").open("wb") as log,
            launched([*command, str(folder)], folder=folder, log=log) as process,
        ):
            said, _ = process.communicate(timeout=_LIMIT_S)
    except NamespaceError as error:
        pytest.skip(str(error))
    assert said, (folder / "err").read_text(errors="replace")[-3000:]
    return json.loads(said)


def test_a_dry_run_says_everything_and_changes_nothing(day: dict[str, Any]) -> None:
    """Cells, rules and warnings, and the very same tables after it."""
    story = day["story"]
    shown = story["dry run"]["preview"]

    assert shown["touched"] == 10
    assert shown["moved"][0]["before"]["opens"] == ["D1", "D2"]
    assert shown["moved"][0]["after"]["opens"] == ["D2"]
    assert story["after the dry run"] == story["before"]


def test_a_moved_port_loses_the_old_and_gets_the_new(day: dict[str, Any]) -> None:
    """Rules, address, and what the notebook sees."""
    story = day["story"]

    assert story["moved"]["in_force"] is True
    assert story["moved"]["touched"] == {"floor": [5, 5]}
    assert story["own"] is True
    assert story["address"] is True
    assert "juki" in story["page before"]
    assert story["page moved"] == ""


def test_undoing_brings_back_the_very_same_tables(day: dict[str, Any]) -> None:
    """Byte for byte as Open vSwitch dumps them, and the notebook sees the register again."""
    story = day["story"]

    assert story["moved"]["number"] == story["undone"]["undone"] == 1
    assert story["after"] == story["before"]
    assert story["address back"] is True
    assert "juki" in story["page after"]
    assert "does not stand" in story["undone twice"]["error"]


def test_what_is_refused_is_refused_with_its_requirement(day: dict[str, Any]) -> None:
    """An access point, and a change that somebody else was faster with."""
    story = day["story"]

    assert story["refused"]["refusals"][0]["requirement"] == "WL-02"
    assert "change 1 by test came first" in story["conflict"]["error"]


def test_an_open_conversation_is_cut(day: dict[str, Any]) -> None:
    """RT-03: nothing more is heard of it."""
    assert "hello" not in day["session"]["heard"]
    assert day["session"]["heard"] == "" or "Error" in day["session"]["heard"]


def test_two_changes_at_once_are_one_change_and_one_clear_error(day: dict[str, Any]) -> None:
    """Whoever comes second is told who came first."""
    answers = day["together"]["answers"]

    assert sorted("error" in answer for answer in answers) == [False, True]
    assert any("came first" in answer.get("error", "") for answer in answers)
    assert day["together"]["own"] is True


def test_a_change_with_a_time_ends_also_across_a_restart(day: dict[str, Any]) -> None:
    """Its end came while no guard was there; nothing can be moved without one."""
    told = day["in_time"]

    assert told["moved"]["in_force"] is True
    assert "nothing was changed" in told["without a guard"]["error"]
    assert told["standing"] == 0
    assert told["same"] is True
    assert told["address"] is True


def test_a_guard_that_dies_at_any_step_comes_back_to_what_is_written(day: dict[str, Any]) -> None:
    """Before the journal nothing has happened; from it on, everything; never a half."""
    told = day["crashes"]

    assert [each["step"] for each in told] == list(range(len(told)))
    assert len(told) >= 6
    assert all(each["died"] for each in told[:-1])
    assert not told[-1]["died"]
    assert [each["stands"] for each in told] == [False] + [True] * (len(told) - 1)
    assert all(each["own"] for each in told)
    # From the deny on, the old role is dead even while nobody guards.
    pages = [each["page while dead"] for each in told[:-1]]
    assert "juki" in pages[0]
    assert set(pages[2:]) == {""}


def test_a_change_outlives_its_switches(day: dict[str, Any]) -> None:
    """The tables are lost, and come back with the change in them."""
    assert day["restarted"]["own"] is True
    assert day["restarted"]["back"] is True
