"""What a re-test sends fits what its own host can hear."""

from __future__ import annotations

import inspect
from pathlib import Path

from scenarios.gate import Window, windows
from scenarios.retest import Retest
from scenarios.ring import Ring
from sekisho.changes import Change, applied
from sekisho.plan import load
from sekisho.resegment import asked
from topologies.town import Town

ROOT = Path(__file__).parents[1]
_PORT, _MOVED = "br2:6", "rogue-br2.lan"
_ANSWERS = 1024  # what it may hear besides


def test_a_moved_device_can_hear_all_that_it_sends_in_a_window() -> None:
    """Its ring holds every frame of a window and some of others, in the largest plan."""
    plan = load(ROOT / "topologies" / "matsuno.yaml")
    change = Change(1, "tw", asked(plan, [_PORT], "tw"), (), "", "", 0.0, None)
    moved = applied(plan, [change])
    slots = inspect.signature(Ring).parameters["slots"].default
    retest = Retest(Town(moved, folder=Path(), work=Path()), moved, Path("1"), frozenset({_MOVED}))

    sizes = [_own(window) for window in retest._suite()]
    whole = [_own(window) for window in windows(moved, seed=1, pairs=retest._is_concerned)]

    assert sum(sizes) == sum(whole)
    assert max(sizes) + _ANSWERS <= slots < max(whole)


def _own(window: Window) -> int:
    """How many frames of *window* the moved device sends."""
    own = {case.number for case in window.cases if case.source.id == _MOVED}
    return sum(frame.case in own for frame in window.frames)
