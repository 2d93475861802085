"""What a controller is told is read once, in one place; what it does is written down at once."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from controller.event_log import EventLog
from controller.settings import Settings
from sekisho.errors import UsageError


def test_the_environment_says_what_the_command_line_would() -> None:
    """For whoever loads the application into a framework's own manager."""
    told = Settings.from_env(
        {
            "SEKISHO_PLAN": "town.yaml",
            "SEKISHO_EVENTS": "events.jsonl",
            "SEKISHO_CHANGES": "",
            "SEKISHO_AT": "2026-10-01T09:00+09:00",
            "SEKISHO_HEALS": "no",
        }
    )

    assert told == Settings(
        Path("town.yaml"),
        Path("events.jsonl"),
        moment=datetime.fromisoformat("2026-10-01T09:00+09:00"),
        heals=False,
    )
    assert Settings.from_env({"SEKISHO_PLAN": "town.yaml"}) == Settings(Path("town.yaml"))


def test_an_environment_without_a_plan_is_refused() -> None:
    """There is no town that could be meant."""
    with pytest.raises(UsageError) as caught:
        Settings.from_env({})

    assert str(caught.value) == (
        "SEKISHO_PLAN names no plan\n  hint: name a plan, such as topologies/tiny.yaml"
    )


def test_a_fact_is_there_as_soon_as_it_is_said(tmp_path: Path) -> None:
    """Line by line, behind what an earlier controller wrote."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"event":"gone"}\n', "utf-8")
    log = EventLog(path)
    log.say("in-force", switch="floor")
    told = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    log.close()

    assert [fact["event"] for fact in told] == ["gone", "in-force"]
    assert told[1]["switch"] == "floor"
