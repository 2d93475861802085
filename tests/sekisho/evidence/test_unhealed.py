"""A switch that cannot be healed is told with its reason, for as long as that is so."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sekisho.commands import healing
from sekisho.commands.screen import Screen
from sekisho.evidence.unhealed import label, phase, standing
from sekisho.runtime.progress import phase_text

_WHY = "did not answer in 10 s"


def fact(event: str, **facts: Any) -> dict[str, Any]:
    """Return what the controller states."""
    return {"event": event, **facts}


TROUBLE = fact("trouble", switch="floor", why=_WHY)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], {"floor": _WHY}),
        ([fact("in-force", switch="room")], {"floor": _WHY}),
        ([fact("gone", switch="floor")], {"floor": _WHY}),
        ([fact("trouble", switch="floor", why="other")], {"floor": "other"}),
        ([fact("in-force", switch="floor")], {}),
        ([fact("listening")], {}),
    ],
)
def test_a_trouble_stands_until_the_switch_is_in_force(
    later: list[dict[str, Any]], expected: dict[str, str]
) -> None:
    """Or until another controller has begun."""
    assert standing([TROUBLE, *later]) == expected


def test_a_trouble_is_said_in_both_languages_by_its_first_line() -> None:
    """All of a long reason is in the log."""
    said = label("floor", f"{_WHY}\n  hint: see its log")

    assert said.ja == f"floor: 規則の表を復元できない: {_WHY}"
    assert said.en == f"floor cannot be healed: {_WHY}"


def test_while_a_town_comes_up_a_trouble_is_a_phase() -> None:
    """``up``, ``demo`` and ``check`` show phases."""
    assert phase_text(phase("floor", "a: b"), "en") == "floor cannot be healed: a: b"


def test_what_has_become_worse_or_better_is_told_once() -> None:
    """Nothing is told twice."""

    def said(before: dict[str, str], now: dict[str, str]) -> list[str]:
        return [each.en for each in healing.changes(before, now)]

    assert said({}, {"floor": _WHY}) == [f"floor cannot be healed: {_WHY}"]
    assert said({"floor": _WHY}, {"floor": _WHY}) == []
    assert said({"floor": _WHY}, {}) == ["floor is healed"]


def test_a_terminal_that_looks_on_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is stated; a line that is only half written waits."""
    monkeypatch.setattr(healing, "_LOOK_S", 0.001)
    path, out = tmp_path / "log" / "controller.jsonl", StringIO()
    path.parent.mkdir()
    screen = Screen(Console(file=out), Console(file=out, width=200))
    with healing.told(tmp_path, screen, "en"):
        path.write_text(json.dumps(TROUBLE) + "\n" + '{"event": "in-fo')
        while not out.getvalue():
            pass

    assert out.getvalue() == f"floor cannot be healed: {_WHY}\n"
