"""What Open vSwitch and the framework do with a frame, and what the controller makes of it.

Each test settles one fact on the real thing (`tests.live.ovs_facts`); decision 9 tells them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.machine import SLOWER
from tests.live.story import told

pytestmark = pytest.mark.live

_LIMIT_S = 120 * SLOWER


@pytest.fixture(scope="module", name="facts")
def _facts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return told("tests.live.ovs_facts", tmp_path_factory.mktemp("facts"), limit_s=_LIMIT_S)


def test_a_plain_packet_of_a_permitted_conversation_arrives(facts: dict[str, Any]) -> None:
    """What follows is the doing of what is odd about the other frames."""
    assert facts["guarded"]["plain"] == {"arrived": True, "dropped by": []}


def test_a_rule_for_a_port_does_not_see_a_first_fragment(facts: dict[str, Any]) -> None:
    """It reads port 0 by default and lets it pass; the controller drops every fragment by name."""
    assert facts["fragments"] == {"whole": False, "normal": True, "drop": False, "nx-match": False}
    assert facts["guarded"]["fragment"]["arrived"] is False
    (rule,) = facts["guarded"]["fragment"]["dropped by"]
    assert rule.startswith("priority=300,") and "nw_frag=yes" in rule


def test_a_priority_tag_is_a_tag(facts: dict[str, Any]) -> None:
    """VID 0 matches as a tag and is not taken off; the controller drops it at the edge."""
    assert facts["tags"]["vid 0 is a tag to a rule"] is True
    assert facts["tags"]["vid 0 comes out as"] == "81000000"
    assert facts["guarded"]["vid 0"]["dropped by"] == [
        "priority=400,in_port=1,vlan_tci=0x1000/0x1000"
    ]


def test_a_second_tag_is_payload_or_not_and_the_first_is_a_tag_anyway(
    facts: dict[str, Any],
) -> None:
    """vlan-limit is 1 unless set; the controller asks only whether there is a tag."""
    tags = facts["tags"]

    assert tags["limit"] == ""
    assert (tags["second tag is payload, limit 1"], tags["second tag is payload, limit 2"]) == (
        True,
        False,
    )
    assert tags["double tag is a tag, limit 1"] and tags["double tag is a tag, limit 2"]
    assert facts["guarded"]["double tag"]["dropped by"] == [
        "priority=400,in_port=1,vlan_tci=0x1000/0x1000"
    ]


def test_snap_with_oui_0_is_taken_for_what_it_carries(facts: dict[str, Any]) -> None:
    """So it is judged as IPv4: the permitted passes, the forbidden dies in its cell."""
    types = facts["types"]

    assert (types["snap is IPv4"], types["snap is 0x05ff"]) == (True, False)
    assert (types["snap of another is IPv4"], types["snap of another is 0x05ff"]) == (False, True)
    assert facts["guarded"]["snap"]["arrived"] is True
    assert facts["guarded"]["snap from Wi-Fi"] == {
        "arrived": False,
        "dropped by": ["priority=100,metadata=0x1000002/0xff0000ff"],
    }


def test_an_arp_operation_of_two_bytes_is_none_of_the_known_ones(facts: dict[str, Any]) -> None:
    """257 is not taken for 1, a request, by its low byte."""
    assert facts["types"]["operation 257 is 1"] is False
    assert facts["types"]["operation 257 is 0"] is True


def test_in_band_control_has_hidden_rules_and_the_town_has_none(facts: dict[str, Any]) -> None:
    """They stand above whatever OpenFlow can write, unless in-band control is disabled."""
    assert facts["in_band"]["enabled"] > 0
    assert (facts["in_band"]["disabled"], facts["in_band"]["town"]) == (0, 0)


def test_a_full_table_refuses_what_forbids_and_evicts_what_has_a_time_out(
    facts: dict[str, Any],
) -> None:
    """Both leave a hole; the controller ends when it is refused; its rules have no time-outs."""
    full = facts["overflow"]

    assert (full["refuse: error"], full["refuse: forbidden passes"]) == ("OFPFMFC_TABLE_FULL", True)
    assert (full["evict: error"], full["evict: forbidden passes"]) == ("OFPFMFC_TABLE_FULL", True)
    assert full["evicted a drop"] is True


def test_a_deleted_permission_is_dead_soon_after_the_answer(facts: dict[str, Any]) -> None:
    """Less than the 500 ms that max-revalidator would allow."""
    assert len(facts["lag"]) == 10
    assert max(facts["lag"]) < 500


def test_anybody_can_say_what_the_framework_takes_for_a_switch(facts: dict[str, Any]) -> None:
    """Its topology application believes a forged LLDP frame; the controller drops it."""
    assert facts["framework"]["believed"] == [2, 1]
    assert facts["guarded"]["lldp"] == {"arrived": False, "dropped by": ["priority=50,in_port=1"]}
    assert facts["guarded"]["packet-in"] == 0


def test_nothing_is_learned(facts: dict[str, Any]) -> None:
    """The MAC table that could overflow is empty: no rule says NORMAL."""
    assert facts["guarded"]["learned"] == 0


def test_garbage_at_the_guards_port_moves_nothing(facts: dict[str, Any]) -> None:
    """The framework ends that connection alone; the controller lives and has nothing to say."""
    assert facts["garbage"] == {"alive": True, "facts": []}


def test_switches_come_back_empty_and_are_in_force_soon(facts: dict[str, Any]) -> None:
    """With flow-restore-wait they would not even speak to the controller until it is taken away."""
    assert facts["restore"]["plain: in force after s"] < 5
    assert set(facts["restore"]["said while waiting"]) == {"gone"}
    assert facts["restore"]["waiting: in force after s"] > 2.5
