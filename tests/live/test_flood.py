"""A station that begins more conversations than its share stops itself, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from sekisho.model.tracking import SHARE
from tests.live.machine import SLOWER
from tests.live.story import told

pytestmark = pytest.mark.live

_LIMIT_S = 90 * SLOWER


@pytest.fixture(scope="module", name="day")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return told("tests.live.flooded", tmp_path_factory.mktemp("flooded"), limit_s=_LIMIT_S)


def test_the_others_begin_conversations_while_one_floods(day: dict[str, Any]) -> None:
    """The flood fills its share and no more, the rest of it dies at its own switch."""
    flood = day["as it is"]

    assert (flood["held"], flood["doubt"]) == (SHARE, "")
    assert flood["sent"] > 2 * SHARE
    assert flood["others"] > 0
    assert (flood["answered"], flood["troubles"]) == (flood["others"], [])
    assert day["dropped"] > 0


def test_no_copy_of_a_flood_is_lost_to_a_late_reader(day: dict[str, Any]) -> None:
    """The sender reads the captures itself: how late a thread is decides nothing."""
    flood = day["late reader"]

    assert flood["sent"] > 0
    assert flood["heard"] > 0
    assert flood["lost copies"] == 0


def test_without_shares_the_same_flood_takes_the_room_of_all(day: dict[str, Any]) -> None:
    """What the share is for: the others are shut out, and the flood is told to be out of bounds."""
    flood = day["no share"]

    assert flood["answered"] < flood["others"]
    assert "its share is" in flood["doubt"]


def test_the_limits_are_back_after_the_switches_have_died(day: dict[str, Any]) -> None:
    """They are Open vSwitch's, and die with it; the town sets them again."""
    assert day["limits after a restart"] == day["limits"]
