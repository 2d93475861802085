"""A part of a suite keeps what proves it, counts what it leaves out, and refuses odd words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from scenarios.probes.windows import Window, windows
from scenarios.suites.selection import EVERYTHING, Selection
from sekisho.errors import UsageError
from sekisho.model import Plan
from sekisho.plan import load

_TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"


@cache
def plan() -> Plan:
    """Load the tiny town."""
    return load(_TINY)


@cache
def gate() -> tuple[Window, ...]:
    """Generate its gate."""
    return tuple(windows(plan(), seed=1))


def test_everything_leaves_nothing_out() -> None:
    """Without a choice the windows are the same."""
    assert EVERYTHING.narrowed(gate()) == (list(gate()), 0)


def test_a_choice_keeps_the_twins_of_what_it_tries() -> None:
    """A drop proves nothing unless something permitted arrives at the same target."""
    narrowed, _ = Selection(only=("tcp-scan",), sources=("S2",)).narrowed(gate())
    cases = [case for window in narrowed for case in window.cases]
    tried = {case.target.id for case in cases if case.probe == "tcp-scan"}

    assert tried
    assert {c.probe for c in cases if c.source.source != "S2"} == {"service"}
    assert all(c.to for c in cases if c.source.source != "S2")


def test_what_is_left_out_is_counted() -> None:
    """Tried and left out together are the whole gate."""
    selection = Selection(targets=("D1",))
    narrowed, left_out = selection.narrowed(gate())
    tried = sum(selection.wants(c) for w in narrowed for c in w.cases)

    assert tried + left_out == sum(len(window.cases) for window in gate())
    assert str(left_out) in selection.words(left_out).ja


def test_frames_follow_their_cases() -> None:
    """No frame of a case that was left out is sent."""
    narrowed, _ = Selection(only=("icmp",)).narrowed(gate())

    for window in narrowed:
        assert {f.case for f in window.frames} == {c.number for c in window.cases}


@pytest.mark.parametrize(
    ("selection", "option"),
    [
        (Selection(only=("nope",)), "--only 'nope'"),
        (Selection(families=("ZZ",)), "--family 'ZZ'"),
        (Selection(sources=("S9",)), "--from 'S9'"),
        (Selection(targets=("D9",)), "--to 'D9'"),
    ],
)
def test_words_that_name_nothing_are_refused(selection: Selection, option: str) -> None:
    """One clear line that says which, and what there is."""
    with pytest.raises(UsageError, match=f"{option} names nothing here"):
        selection.check(plan(), ["icmp", "VL-01"])
