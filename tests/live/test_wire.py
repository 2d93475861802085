"""Frames are sent no faster than the switches take them, whoever sends, and however often."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.machine import SLOWER
from tests.live.story import told

pytestmark = pytest.mark.live

_LIMIT_S = 60 * SLOWER


@pytest.fixture(scope="module", name="day")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return told("tests.live.standstill", tmp_path_factory.mktemp("still"), limit_s=_LIMIT_S)


def test_a_second_call_waits_for_what_the_first_has_left(day: dict[str, Any]) -> None:
    """Each alone fits the sockets, and both do not: the kernel's datapath would lose some."""
    assert day["waited"] == [False, True]


def test_nothing_is_lost_by_a_switch_that_stood_still(day: dict[str, Any]) -> None:
    """Every frame arrives, and no queue says that it dropped one."""
    assert day["lost"] == {}
    assert day["heard"] == day["sent"] > 100


def test_a_frame_takes_no_more_of_a_socket_than_the_pace_allows_for(day: dict[str, Any]) -> None:
    """All that the pace follows from; read off the sockets while nobody empties them."""
    assert 0 < day["each_bytes"] <= day["allowed_bytes"], day
