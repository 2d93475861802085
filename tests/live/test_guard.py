"""The controller on a real town: what it states, what the switches hold, and what a user sees.

One evening is played once for each framework (`tests.live.guarded`); each test reads one of its
facts.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.switch_io import EXIT_FAILED
from sekisho.compiler.tables import compile_town
from sekisho.plan import load
from tests.live.machine import SLOWER
from tests.live.story import ROOT, told
from tests.live.story import TINY as PLAN

pytestmark = [pytest.mark.live, pytest.mark.alone]

_LIMIT_S = 180 * SLOWER


@pytest.fixture(scope="module", params=["ryu", "os-ken"], name="evening")
def _evening(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if importlib.util.find_spec(request.param.replace("-", "_")) is None:
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    framework = f"SEKISHO_FRAMEWORK={request.param}"
    return {
        "framework": request.param,
        **told("tests.live.guarded", folder, framework, limit_s=_LIMIT_S),
    }


def in_force(facts: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return (added, deleted) of each switch that a controller brought into force."""
    return {f["switch"]: (f["added"], f["deleted"]) for f in facts if f["event"] == "in-force"}


def sizes() -> dict[str, int]:
    """Return how many rules each switch of the tiny town should hold."""
    return {switch: len(rules) for switch, rules in compile_town(load(PLAN)).items()}


def test_in_force_is_stated(evening: dict[str, Any]) -> None:
    """Listening first, then each switch, then the town: with all that was added to empty tables."""
    events = [fact["event"] for fact in evening["start"]]

    assert events == ["listening", "in-force", "in-force", "town-in-force"]
    assert evening["start"][0]["framework"] == evening["framework"]
    assert in_force(evening["start"]) == {name: (n, 0) for name, n in sizes().items()}
    assert evening["start"][-1]["rules"] == sum(sizes().values())


def test_the_switches_hold_what_the_plan_wants(evening: dict[str, Any]) -> None:
    """Read from the switches themselves: table, priority and cookie of each rule."""
    wanted = {
        switch: sorted([int(r.table), r.priority, r.cookie] for r in rules)
        for switch, rules in compile_town(load(PLAN)).items()
    }

    assert {name: table["rules"] for name, table in evening["tables"].items()} == wanted


def test_a_switch_that_loses_the_guard_fails_secure(evening: dict[str, Any]) -> None:
    """The database says so, and that no hidden in-band rule stands above ours."""
    expected = {"fail_mode": "secure", "in_band": '"true"', "protocols": "[OpenFlow13]"}

    assert evening["bridges"] == {"floor": expected, "room": expected}


@pytest.mark.parametrize("when", ["start", "dead", "wiped"])
def test_an_allowed_page_is_seen_and_a_denied_one_is_not(
    evening: dict[str, Any], when: str
) -> None:
    """With the controller, with it killed, and after the tables were wiped and made anew."""
    pages = {
        "start": evening["pages"],
        "dead": evening["dead"]["pages"],
        "wiped": evening["wiped pages"],
    }[when]

    assert "<h1>juki</h1>" in pages["allowed"]
    assert pages["denied"] == ""


def test_a_packet_of_full_size_passes_between_switches(evening: dict[str, Any]) -> None:
    """The class tag between switches does not cost the user four bytes of his MTU."""
    assert "<h1>juki</h1>" in evening["large page"]


def test_with_the_guard_killed_the_tables_stand(evening: dict[str, Any]) -> None:
    """Nothing expires and nothing is flushed."""
    assert evening["dead"]["tables"] == evening["tables"]


def test_a_guard_that_comes_back_touches_nothing(evening: dict[str, Any]) -> None:
    """It reads, compares, and finds nothing to add or to delete."""
    assert in_force(evening["restart"]) == {"floor": (0, 0), "room": (0, 0)}


def test_meddling_is_undone_and_nothing_else(evening: dict[str, Any]) -> None:
    """One rule put in by hand goes, one taken out by hand comes back, on that switch alone."""
    assert in_force(evening["meddled"]) == {"floor": (1, 1), "room": (0, 0)}
    assert evening["meddled tables"] == evening["tables"]


def test_strangers_are_deleted(evening: dict[str, Any]) -> None:
    """A rule with a time-out and one that learns are none of ours: away with them."""
    assert in_force(evening["strangers"]) == {"floor": (0, 0), "room": (0, 2)}
    assert evening["strangers tables"] == evening["tables"]


def test_a_conversation_ends_with_its_clause(evening: dict[str, Any]) -> None:
    """An open session is cut as soon as the rules of its clause are gone."""
    assert "<h1>www</h1>" in evening["conversation"]
    assert evening["conversation cut"] == ""


def test_a_wiped_switch_is_programmed_again(evening: dict[str, Any]) -> None:
    """It came back empty (perhaps before its going was noticed), and holds everything again."""
    events = [fact["event"] for fact in evening["wiped"] if fact["event"] != "gone"]

    assert events == ["in-force", "town-in-force"]
    assert in_force(evening["wiped"]) == {"floor": (sizes()["floor"], 0)}
    assert evening["wiped tables"] == evening["tables"]


def test_no_packet_is_ever_handed_to_the_guard(evening: dict[str, Any]) -> None:
    """Not one in the whole evening; and one is noticed as soon as somebody's rule sends it."""
    assert all(fact["event"] != "packet-in" for fact in evening["quiet"])
    assert {"floor"} == {f["switch"] for f in evening["packet-in"] if f["event"] == "packet-in"}


def test_a_refused_rule_is_stated_and_tried_again(evening: dict[str, Any]) -> None:
    """A full table refuses rules, drops included: that switch is not in force until it takes them.

    Type 5, code 1 is OFPFMFC_TABLE_FULL.
    """
    last = evening["refused"][-1]
    healed = [fact["event"] for fact in evening["refused no more"] if fact["event"] != "gone"]

    assert (last["event"], last["switch"]) == ("trouble", "floor")
    assert "switch floor refused a message: type 5, code 1" in last["why"]
    assert healed[-2:] == ["in-force", "town-in-force"]


def test_a_switch_that_the_plan_does_not_know_is_never_vouched_for(
    evening: dict[str, Any],
) -> None:
    """A controller with the wrong plan must not guard the right town; nor may a switch end it."""
    events = [fact["event"] for fact in evening["wrong plan"]]
    said = [fact["why"] for fact in evening["wrong plan"] if fact["event"] == "trouble"]

    assert "town-in-force" not in events
    assert said == ["a switch with dpid 2 is not in the plan"]
    assert evening["alive"] is True


def test_a_plan_that_cannot_be_read_ends_the_guard(tmp_path: Path) -> None:
    """Without namespaces, without a switch: the fact is there before the process is gone."""
    events = tmp_path / "events.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "controller", str(tmp_path / "no.yaml"), f"--events={events}"],
        cwd=ROOT,
        capture_output=True,
        timeout=60 * SLOWER,
        check=False,
    )
    (fact,) = [json.loads(line) for line in events.read_text().splitlines()]

    assert done.returncode == EXIT_FAILED
    assert fact["event"] == "failed"
    assert str(tmp_path / "no.yaml") in fact["why"]
