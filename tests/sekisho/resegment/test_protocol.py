"""Requests about changes and their answers: there and back, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.errors import LabError, UsageError
from sekisho.model.changes import LATEST_MOMENT, Change, Move
from sekisho.resegment.protocol import (
    ChangeAnswer,
    ChangeRequest,
    PreviewAnswer,
    Request,
    StateRequest,
    UndoRequest,
    change_answer_of,
    request_of,
)
from sekisho.resegment.validation import RefusedError

WORDS = st.text(st.characters(categories=("L", "N")), max_size=8)
NAMES = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
COMMON: dict[str, Any] = {
    "reason": WORDS,
    "by": WORDS,
    "until": st.none() | st.floats(0, LATEST_MOMENT),
    "base_change": st.none() | st.integers(0, 2**31),
    "is_dry_run": st.booleans(),
    "is_paused": st.booleans(),
}
REQUESTS = st.one_of(
    st.builds(ChangeRequest, ports=st.lists(NAMES, min_size=1).map(tuple), to=NAMES, **COMMON),
    st.builds(ChangeRequest, link=NAMES, **COMMON),
    st.builds(UndoRequest, st.integers(1, 2**31), WORDS, st.booleans(), st.booleans()),
    st.builds(StateRequest, st.booleans()),
)


@given(REQUESTS)
def test_a_request_is_read_as_it_was_written(request_: Request) -> None:
    """Of every kind, with all of its words."""
    assert request_of(request_.to_wire()) == request_


@pytest.mark.parametrize(
    ("wire", "told"),
    [
        ({}, "op: None is none of change, undo, state"),
        ({"op": "open"}, "op: 'open' is none of change, undo, state"),
        ({"op": []}, r"op: \[\] is none of"),
        ({"op": "change"}, "a change names ports and where to, or a planned permission"),
        ({"op": "change", "ports": ["s:1"]}, "a change names ports and where to"),
        ({"op": "change", "ports": ["s:1"], "to": "a", "link": "P1"}, "a change names ports"),
        ({"op": "change", "ports": "s:1", "to": "a"}, "ports: 's:1' is not a list of texts"),
        ({"op": "change", "ports": [1], "to": "a"}, r"ports: \[1\] is not a list of texts"),
        ({"op": "change", "link": 4}, "link: 4 is not text"),
        (
            {"op": "change", "link": "P1", "base_change": "3"},
            "base_change: '3' is not a whole number",
        ),
        ({"op": "change", "link": "P1", "dry_run": 1}, "dry_run: 1 is neither true nor false"),
        ({"op": "change", "link": "P1", "until": "9"}, "until: '9' is not a time in seconds"),
        ({"op": "change", "link": "P1", "until": -1}, "until: -1 is not a time of this century"),
        ({"op": "change", "link": "P1", "dryrun": True}, "dryrun: a change has no such key"),
        ({"op": "change", "link": "P1", "by": "a\x1bb"}, "by"),
        ({"op": "undo"}, "number: which change"),
        ({"op": "undo", "number": True}, "number: True is not a whole number"),
        ({"op": "state", "known": "yes"}, "known: 'yes' is neither true nor false"),
    ],
)
def test_what_is_no_request_is_refused_in_words(wire: dict[str, Any], told: str) -> None:
    """A misspelt flag is no request without it: a dry run would become a change."""
    with pytest.raises(UsageError, match=told):
        request_of(wire)


def _answer(**changes: Any) -> ChangeAnswer:
    move = Move("pc.lan", "s:1", "tr", "S1", "D1", "10.0.0.9", True)
    change = Change(3, "tr", (move,), (), "why", "who", 1.5, None)
    own: dict[str, Any] = {"number": 3, "touched": {"s": (5, 6)}, "waiting": (), "seconds": 0.01}
    return ChangeAnswer(**{**own, "change": change, **changes})


@pytest.mark.parametrize(
    "answer",
    [_answer(), _answer(change=None), _answer(waiting=("s",)), _answer(acknowledged_s=0.2)],
)
def test_an_answer_is_read_as_it_was_written(answer: ChangeAnswer) -> None:
    """Of a change and of an undo, in force or waiting."""
    assert change_answer_of(answer.to_wire()) == answer
    assert answer.to_wire()["in_force"] == answer.is_in_force == (not answer.waiting)
    assert answer.rules == 11


def test_a_preview_is_no_change() -> None:
    """And counts the rules that it would touch."""
    answer = change_answer_of({"preview": {"rules": {"s": [1, 2], "t": [3, 4]}}, "number": 1})

    assert isinstance(answer, PreviewAnswer)
    assert answer.rules == 10


_REASON = {"what": "s:1", "requirement": "", "ja": "不可", "en": "no"}


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        ({"error": "away", "lab": True}, LabError),
        ({"error": "wrong"}, UsageError),
        ({"error": "no", "refusals": [_REASON]}, RefusedError),
    ],
)
def test_a_failure_is_raised_as_what_it_is(wire: dict[str, Any], error: type[Exception]) -> None:
    """The laboratory's, the asker's, or a refusal with every reason."""
    with pytest.raises(error):
        change_answer_of(wire)
