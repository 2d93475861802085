"""Rules that permit nothing are told, each once and with its line: over, or for nobody."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sekisho.cli import main
from sekisho.errors import Fault
from sekisho.lint.doubts import doubts
from sekisho.model import JST
from sekisho.plan import load
from tests.small import clause, server, small, terminal

_CITIES = ("tiny", "alpha", "matsuno", "city")


def written(folder: Path, *rules: dict[str, Any]) -> Path:
    """Write a hall with *rules*; return its path."""
    devices = {"pc": terminal(1) | {"services": ["web"]}, "srv": server(3, "web")}
    return small(folder, devices=devices, policy=list(rules))


def told(path: Path, moment: str = "2027-04-01") -> list[Fault]:
    """Return what is odd about times, and about who is left, at *moment*."""
    plan, now = load(path), datetime.fromisoformat(moment).replace(tzinfo=JST)
    return [fault for fault in (d.fault("en") for d in doubts(plan, now)) if "rule A" in fault.text]


@pytest.mark.parametrize("name", _CITIES)
def test_the_shipped_plans_have_no_idle_rule(name: str) -> None:
    """They are what others copy."""
    assert told(Path(f"topologies/{name}.yaml")) == []


def test_a_rule_that_is_over_is_told(tmp_path: Path) -> None:
    """From the moment on; not before."""
    path = written(tmp_path, clause("A01", "web") | {"until": "2027-03-31"})
    (found,) = told(path)
    line = path.read_text("utf-8").splitlines()[found.line - 1 :]

    assert found.text == "rule A01 is over (2027-03-31): it permits nothing any more"
    assert found.hint == "give it a later until, or take it out"
    assert '"A01"' in line[1]
    assert told(path, "2027-03-31T23:59") == []


def test_hours_that_do_not_come_again_are_told(tmp_path: Path) -> None:
    """Half a day before the end; a rule that only rests at night is not odd."""
    times = {"until": "2027-03-31", "hours": ["08:30-17:15"]}
    path = written(tmp_path, clause("A01", "web") | times)

    assert [fault.text for fault in told(path, "2027-03-31T17:15")] == [
        "the hours of rule A01 do not come again before it is over (2027-03-31)"
    ]
    assert told(path, "2027-03-31T07:00") == []


@pytest.mark.parametrize("ends", [{"to": "D2"}, {"from": ["S2"], "to": "D1"}], ids=str)
def test_a_rule_for_nobody_is_told(ends: dict[str, Any], tmp_path: Path) -> None:
    """It opens one device to itself alone, which passes no switch."""
    path = written(tmp_path, clause("A01", "web", **ends))
    (found,) = told(path)
    source, target = ends.get("from", ["S1"])[0], ends.get("to", "D1")

    assert found.text == f"rule A01 permits nothing: no two devices are {source} → {target}"


def test_a_direction_for_nobody_is_told_at_its_line(tmp_path: Path) -> None:
    """The rest of the rule permits something."""
    rule = clause("A01", "web")
    rule["allow"] += clause("A01", "web", **{"from": ["S2"]})["allow"]
    (found,) = told(written(tmp_path, rule))

    assert found.text == "rule A01 permits nothing for S2 → D1: no two devices are so"


def test_plan_check_judges_at_a_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --strict the warning is a mistake; in Japanese as well."""
    path = written(tmp_path, clause("A01", "web") | {"until": "2027-03-31"})
    before, after = (["plan", "lint", str(path), "--at", f"2027-0{n}-01"] for n in (3, 4))

    assert main([*before, "--lang", "ja"]) == 0
    assert "A01" not in capsys.readouterr().out
    assert main([*after, "--lang", "ja"]) == 0
    assert "許可 A01 は期限(2027-03-31)を過ぎており、何も許可していない" in capsys.readouterr().out
    assert main([*after, "--lang", "ja", "--strict"]) == 2
