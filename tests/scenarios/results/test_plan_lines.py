"""A line of the plan is exercised by what it decides, and by nothing that could not be judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scenarios.results.plan_lines import LINES, write_lines
from sekisho.model import Plan
from sekisho.plan import load

PLAN = load(Path(__file__).parents[3] / "topologies" / "tiny.yaml")
_ALLOW = PLAN.clauses[0].allows[0].where
_CASE = {
    "verdict": "pass",
    "expect": "drop",
    "plan_line": "",
    "src": "nb.wireless",
    "dst": "juki.lan",
    "src_class": "S2",
    "dst_class": "D1",
    "item": 1,
    "state": "normal",
    "probe": "service",
    "proto": "tcp",
    "ports": "443",
}
_PERMITTED = {"src": "nb.wired", "src_class": "S1", "expect": "arrive", "plan_line": _ALLOW}
_HELD = {**_PERMITTED, "probe": "exchange"}


def _told(
    folder: Path, *changes: dict[str, Any], is_proved: bool = True, plan: Plan = PLAN
) -> dict[str, Any]:
    """Return what is told of each line, by its kind and id."""
    write_lines(folder, plan, [{**_CASE, **change} for change in changes], is_proved=is_proved)
    found = json.loads((folder / LINES).read_bytes())["lines"]
    return {f"{line['kind']} {line['id']}": line for line in found}


def test_a_case_counts_for_every_line_that_decides_it(tmp_path: Path) -> None:
    """A denied packet for its cell and its sentence, a permitted one for its rule and its need."""
    told = _told(tmp_path, {}, _HELD)
    counted = {name for name, line in told.items() if line["wire"]}

    assert counted == {"cell MN-07", "must_drop 1", "allow A01", "must_reach 1"}
    assert told["allow A01"]["where"] == _ALLOW


def test_a_sentence_of_some_probes_wants_one_of_them(tmp_path: Path) -> None:
    """The second sentence of the tiny town is about posing: items 7 to 9."""
    assert _told(tmp_path, {})["must_drop 2"]["wire"] == 0
    assert _told(tmp_path, {"item": 9})["must_drop 2"]["wire"] == 1


def test_a_sentence_about_a_state_wants_that_state(tmp_path: Path) -> None:
    """What is blocked while the controller is there says nothing of when it is dead."""
    line = replace(PLAN.must_drop[0], state="controller-dead")
    plan = replace(PLAN, must_drop=(line,))

    assert _told(tmp_path, {}, plan=plan)["must_drop 1"]["wire"] == 0
    assert _told(tmp_path, {"state": line.state}, plan=plan)["must_drop 1"]["wire"] == 1


@pytest.mark.parametrize(
    "change", [{"probe": "service"}, {"ports": "444"}, {"proto": "udp"}, {"state": "line-cut"}]
)
def test_a_need_of_work_wants_a_real_conversation_of_its_own(
    change: dict[str, Any], tmp_path: Path
) -> None:
    """A packet that arrives does not show that anybody can work."""
    told = _told(tmp_path, {**_HELD, **change})

    assert (told["must_reach 1"]["wire"], told["allow A01"]["wire"]) == (0, 1)


def test_what_was_inconclusive_exercises_nothing(tmp_path: Path) -> None:
    """Whatever it was meant to show."""
    told = _told(tmp_path, {"verdict": "inconclusive"})

    assert {line["wire"] for line in told.values()} == {0}


def test_a_line_is_proved_where_the_run_proved_and_somebody_is_there(tmp_path: Path) -> None:
    """Every line of the tiny town has somebody; without a proof none is."""
    assert all(line["proof"] for line in _told(tmp_path).values())
    assert not any(line["proof"] for line in _told(tmp_path, is_proved=False).values())
