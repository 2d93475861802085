"""Where a frame is seen that must die: nowhere, or on the lines to the switch that drops it."""

from __future__ import annotations

from pathlib import Path

from scenarios.capture.observations import NOBODY, Observations, Outgoing
from scenarios.capture.places import Ways
from sekisho.plan import load

PLAN = load(Path(__file__).parents[3] / "topologies" / "tiny.yaml")
_LINE, _AIR = "floor:8 > room:8", "staff-air, upwards"


def test_what_dies_further_on_is_seen_on_the_way_there() -> None:
    """An address that nobody has is known at its home switch alone."""
    ways = Ways(PLAN)

    assert ways.towards("nb.wired", "room") == {_LINE}
    assert ways.towards("nb.wireless", "room") == {_LINE, _AIR}
    assert ways.towards("nb.wired", "floor") == frozenset()


def test_a_frame_is_expected_no_further_than_it_must_die() -> None:
    """Without such a switch it may be seen on no line at all."""
    observed = Observations(PLAN, 1)
    wireless = [a.id for a in PLAN.attachments].index("nb.wireless")
    for dies_at in ("", "room"):
        observed.add(Outgoing(1, wireless, NOBODY, b"", dies_at))

    assert observed._expected(1) == observed.via(wireless, NOBODY) == {_AIR}
    assert observed._expected(2) == observed.via(wireless, NOBODY, "room") == {_AIR, _LINE}
