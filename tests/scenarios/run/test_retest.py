"""What a re-test sends fits what its own host can hear."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

from scenarios.capture.rx_ring import Ring
from scenarios.probes.pairs import every_pair
from scenarios.probes.windows import Scope, Window, windows
from scenarios.run.retest import Retest, concerned_by
from sekisho.model import Attachment
from sekisho.model.changes import Change, apply_changes
from sekisho.plan import load
from sekisho.resegment.validation import plan_moves
from topologies.town import Town

ROOT = Path(__file__).parents[3]
_PORT, _MOVED = "br2:6", "rogue-br2.lan"
_ANSWERS = 1024  # what it may hear besides


def test_a_moved_device_can_hear_all_that_it_sends_in_a_window() -> None:
    """Its ring holds every frame of a window and some of others, in the largest plan."""
    plan = load(ROOT / "topologies" / "matsuno.yaml")
    change = Change(1, "tw", plan_moves(plan, [_PORT], "tw"), (), "", "", 0.0, None)
    moved = apply_changes(plan, [change])
    slots = inspect.signature(Ring).parameters["slots"].default
    retest = Retest(Town(moved, folder=Path(), work=Path()), moved, Path("1"), frozenset({_MOVED}))
    part = retest._suite()

    def is_concerned(source: Attachment, target: Attachment) -> bool:
        return _MOVED in (source.id, target.id)

    sizes = [_own(window) for window in part.windows()]
    whole = [
        _own(window)
        for window in windows(
            moved, seed=1, scope=Scope(pairs=every_pair(moved), only=is_concerned)
        )
    ]

    assert sum(sizes) == sum(whole)
    assert all(is_concerned(conn.source, conn.target) for conn in part.exchanges())
    assert part.exchanges()
    assert max(sizes) + _ANSWERS <= slots < max(whole)


def _own(window: Window) -> int:
    """How many frames of *window* the moved device sends."""
    own = {case.number for case in window.cases if case.source.id == _MOVED}
    return sum(frame.case in own for frame in window.frames)


def test_an_opened_permission_concerns_whom_it_names_and_else_its_whole_classes() -> None:
    """A planned cell without names would otherwise concern nobody, and nothing be tried again."""
    plan = load(ROOT / "topologies" / "matsuno.yaml")
    opened = Change(1, "open", (), ("P28",), "", "", 0.0, None)
    wide = [replace(n, only_from=(), only_to=()) if n.id == "P28" else n for n in plan.notes]

    assert concerned_by(plan, opened) == {"finance.lan", "eapproval.lan"}
    assert concerned_by(replace(plan, notes=tuple(wide)), opened) == {
        a.id for a in plan.attachments if a.source == "S19" or a.destination == "D8"
    }
