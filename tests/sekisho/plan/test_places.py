"""A fault is placed on the line of what it is about, and worded for people."""

from __future__ import annotations

import pytest

from sekisho.plan.places import Places, Sheets, suggestion

LINES = {"plan": 1, "town": 3, "town.id": 4, "policy": 9, "policy[1]": 10}
PLACES = Places(Sheets("plan.yaml"), LINES)
CUT = Places(Sheets("plan.yaml", (("rules.yaml", 8),)), LINES)


@pytest.mark.parametrize(
    ("path", "line"),
    [("town.id", 4), ("town.router_mac", 3), ("policy[1].allow[2].to", 10), ("policy[7]", 9)],
)
def test_what_is_not_written_stands_where_it_would_be(path: str, line: int) -> None:
    """A default has the line of the innermost thing around it that the file holds."""
    assert PLACES.line(path) == str(line)
    assert PLACES.where(path) == f"plan.yaml:{line}"


def test_what_stands_nowhere_is_on_the_first_line() -> None:
    """A fault always has a line."""
    assert PLACES.line("zones.web") == "1"


def test_a_line_of_a_plan_that_is_cut_is_told_with_its_file() -> None:
    """Its number is the one that an editor shows."""
    assert (CUT.line("town.id"), CUT.where("town.id")) == ("plan.yaml:4", "plan.yaml:4")
    assert (CUT.line("policy[1]"), CUT.where("policy[1]")) == ("rules.yaml:2", "rules.yaml:2")
    assert str(CUT.fault("policy[1].id", "wrong")) == "rules.yaml:2: policy[1].id: wrong"


@pytest.mark.parametrize(
    ("value", "names", "hint"),
    [
        ("hal", ("hall", "annex"), "did you mean 'hall'?"),
        ("HALL", ("hall",), "did you mean 'hall'?"),
        ("ｈａｌｌ", ("hall",), "write it in half-width characters: hall"),
        ("tower", ("hall", "annex"), "known: hall, annex"),
        ("hall" * 1000, ("hall",), "known: hall"),
        ("hall", (), "the plan has none"),
    ],
)
def test_an_unknown_name_is_answered_with_a_known_one(
    value: str, names: tuple[str, ...], hint: str
) -> None:
    """The nearest name is proposed, or else the names there are."""
    assert suggestion(value, names) == hint
