"""An acknowledged change is in force on the wire: the caches were waited for, and must be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.machine import SLOWER
from tests.live.story import told

pytestmark = [pytest.mark.live, pytest.mark.alone]

_LIMIT_S = 60 * SLOWER


@pytest.fixture(scope="module", name="day")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return told("tests.live.remembered", tmp_path_factory.mktemp("remembered"), limit_s=_LIMIT_S)


def test_the_switches_have_their_allocator(day: dict[str, Any]) -> None:
    """Whoever installs the packages has it: nothing would fail without, but all be slower."""
    assert day["allocator"]


def test_no_forbidden_frame_arrives_after_the_acknowledgement(day: dict[str, Any]) -> None:
    """At a thousand frames a second in either name, to and fro."""
    told = day["as it is"]

    assert (told["late"], told["silent"]) == (0, 0)
    assert told["others"]["twice"] == 0


def test_it_does_where_nobody_waits_for_the_caches(day: dict[str, Any]) -> None:
    """All tables say so, read back and equal, and the old decision is still what is done."""
    assert day["planted"]["late"] > 0
