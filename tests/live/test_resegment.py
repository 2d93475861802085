"""Ports of a running town are moved: what the switches hold, and what a user sees.

One afternoon is played (`tests.live.moved`); each test reads one of its facts.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.machine import SLOWER
from tests.live.story import told

pytestmark = [pytest.mark.live, pytest.mark.alone]

_LIMIT_S = 240 * SLOWER


@pytest.fixture(scope="module", name="day")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return told("tests.live.moved", tmp_path_factory.mktemp("moved"), limit_s=_LIMIT_S)


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
    """RT-03: the same question is answered where the port stays, and never where it moves."""
    assert "www" in day["session"]["stays"]
    assert day["session"]["moves"] == "TimeoutError('timed out')"


def test_two_changes_at_once_are_one_change_and_one_clear_error(day: dict[str, Any]) -> None:
    """Whoever comes second is told who came first."""
    answers = day["together"]["answers"]

    assert sorted("error" in answer for answer in answers) == [False, True]
    assert any("came first" in answer.get("error", "") for answer in answers)
    assert day["together"]["own"] is True


def test_a_change_with_a_time_ends_also_across_a_restart(day: dict[str, Any]) -> None:
    """Its end came while no controller was there; nothing can be moved without one."""
    told = day["in_time"]

    assert told["moved"]["in_force"] is True
    assert "nothing was changed" in told["without a controller"]["error"]
    assert told["standing"] == 0
    assert told["same"] is True
    assert told["address"] is True
    assert "is not a time" in told["not a time"]["error"]


def test_a_time_is_over_also_where_the_port_was_moved_on(day: dict[str, Any]) -> None:
    """The later change stands as it was; and undone, the port is where the plan has it."""
    assert day["moved_since"] == {"standing": 1, "stays": True, "same": True}


def test_a_rule_that_is_not_there_is_never_acknowledged(day: dict[str, Any]) -> None:
    """What was changed is read back: the change is not in force, and is made good later."""
    told = day["forgetful"]

    assert told["answer"]["in_force"] is False
    assert told["answer"]["waiting"]
    assert "after the change 1 rules differ" in told["trouble"][0]
    assert told["own"] is True


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
