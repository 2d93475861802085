"""The logical drawing at a moment: what holds then, what rests, and what is over."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from sekisho.cli import main
from sekisho.draw.physical import draw
from sekisho.model import JST
from sekisho.model.terms import at
from sekisho.plan import load

_TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"
_RESTS = "の番号の許可は、この時点では効力がない"


@pytest.fixture
def timed(tmp_path: Path) -> Path:
    """Return the tiny town, whose first rule holds on Monday mornings of a year."""
    text = re.sub(
        r"^  - id: A01$",
        "  - id: A01\n    hours: [mon 08:30-12:00]\n    until: 2027-03-31",
        _TINY.read_text("utf-8"),
        count=1,
        flags=re.M,
    )
    path = tmp_path / "timed.yaml"
    path.write_text(text, "utf-8")
    return path


def _drawn(path: Path, day: str) -> str:
    moment = datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=JST)
    return draw(at(load(path), moment), "logical")


def test_a_rule_at_rest_stands_in_brackets(timed: Path) -> None:
    """On a Sunday; and the drawing says what brackets mean."""
    monday, sunday = _drawn(timed, "2026-11-30"), _drawn(timed, "2026-11-29")

    assert "A01" in monday
    assert [word for word in ("[A01]", _RESTS) if word in monday] == []
    assert "[A01]" in sunday
    assert _RESTS in sunday


def test_a_rule_that_is_over_is_drawn_as_denied(timed: Path) -> None:
    """It will never hold again."""
    assert "A01" not in _drawn(timed, "2027-04-05")


def test_the_command_draws_at_the_moment_that_is_named(
    timed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `plan show` does."""
    words = ["plan", "draw", str(timed), "--view", "logical", "--out", str(timed.parent)]

    assert main([*words, "--at", "2026-11-29 09:00"]) == 0
    (picture,) = timed.parent.glob("*.svg")
    assert str(picture) in capsys.readouterr().out
    assert "[A01]" in picture.read_text("utf-8")
