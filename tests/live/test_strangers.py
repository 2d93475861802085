"""No rule of anybody else stays under a controller that heals, whatever it is made of.

One night is played on one town (`tests.live.strangers`); each test reads one of its facts.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from tests.live import kinds
from tests.live.machine import SLOWER
from tests.live.story import told

pytestmark = [pytest.mark.live, pytest.mark.alone]

_LIMIT_S = 240 * SLOWER
_SOON_S = 5.0 * SLOWER
_MANUAL = Path("/usr/share/man/man7/ovs-fields.7.gz")


@pytest.fixture(scope="module", name="night")
def _night(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return told("tests.live.strangers", tmp_path_factory.mktemp("night"), limit_s=_LIMIT_S)


def test_every_field_of_the_manual_is_tried(night: dict[str, Any]) -> None:
    """The switch lists its own fields; the manual knows no other."""
    assert {"ipv6_src", "nd_target", "ct_nw_src", "packet_type"} <= set(night["fields"])
    if not _MANUAL.exists():
        pytest.skip("the manual of Open vSwitch is not installed")
    text = gzip.decompress(_MANUAL.read_bytes()).decode()
    named = re.findall(r"^Name:;\\fB(\w+)\\fR", text, re.MULTILINE)
    known = set(night["fields"]) | kinds.INTERNAL

    assert len(named) > 50
    assert set(named) - known == set()


def test_a_stranger_of_any_kind_is_deleted_and_so_is_the_hole_beside_it(
    night: dict[str, Any],
) -> None:
    """Each field and action in a rule of its own; both are gone, and the switch is in force."""
    wrong = {k: v for k, v in night["each"].items() if v["left"] or v["seconds"] > _SOON_S}

    assert wrong == {}
    assert len(night["each"]) == night["kinds"] > 180


def test_a_stranger_of_any_kind_is_deleted_alone(night: dict[str, Any]) -> None:
    """By the bytes of its own match: nothing else of the switch is touched, and no trouble told."""
    events = {event for each in night["each"].values() for event in each["events"]}

    assert events == {"drift", "in-force", "town-in-force"}


def test_all_of_them_at_once_are_deleted(night: dict[str, Any]) -> None:
    """Found together, after the controller had stood still; meanwhile it vouched for nothing."""
    assert night["together kinds"] > 280
    assert night["together"]["left"] == []
    assert night["together"]["stopped"] == "no answer after 5.0 s"


def test_a_rule_that_is_too_long_to_be_told_is_deleted(night: dict[str, Any]) -> None:
    """Open vSwitch counts it and leaves it out of every answer: all of the switch is made anew."""
    fits, *others = night["oversized"].values()

    assert [each["left"] for each in night["oversized"].values()] == [[], [], []]
    assert "wiped" not in fits["events"]
    assert all("wiped" in each["events"] for each in others)
    assert all("1 entries are longer than a message can be" in each["why"] for each in others)


def test_the_witness_sees_a_rule_that_is_too_long_to_be_told(night: dict[str, Any]) -> None:
    """It counts, too."""
    (said,) = night["untold"]

    assert re.fullmatch(r"(\d+) rules are counted, \d+ are told", said)


@pytest.mark.parametrize("word", ["group", "meter"])
def test_a_group_or_a_meter_is_found_when_somebody_asks(night: dict[str, Any], word: str) -> None:
    """A switch does not tell of them, and no plan has any: whoever asks hears it, and they go."""
    assert night["groups"][word] == {
        "why": "floor: holds other rules than wanted: a group or a meter",
        "left": False,
    }


def test_a_switch_that_does_not_answer_is_stated_and_others_are_healed(
    night: dict[str, Any],
) -> None:
    """Its trouble is its own: the other is healed at once, and the town lives."""
    silent = night["silent"]

    assert silent["other"]["left"] == []
    assert silent["other"]["seconds"] < _SOON_S
    assert silent["asked"] == "floor: did not answer in 3 s"
    assert silent["trouble"]["switch"] == "floor"
    assert silent["trouble"]["why"] == "did not answer in 3 s"
    assert "town" not in silent


def test_a_switch_that_answers_again_is_healed(night: dict[str, Any]) -> None:
    """The hole that was put in meanwhile goes, and in the end every table is as it was."""
    assert night["silent"]["after"]["left"] == []
    assert night["same"] is True
    assert night["in force"] == ""
