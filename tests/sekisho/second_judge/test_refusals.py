"""What the second judge does not model is refused, and so never taken to agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError
from sekisho.openflow.rules import (
    FLOOD,
    Action,
    DecTtl,
    Match,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Track,
    match,
)
from sekisho.packet.packet import ETH_IPV4, ETH_IPV6
from sekisho.proof.verdict import prove
from sekisho.second_judge.verdict import judged
from sekisho.spoken import japanese
from tests.japanese import is_japanese
from tests.population import town
from tests.sekisho.second_judge.test_rules import with_rules
from tests.trunks import hypervisor

_ANY: Match = ()
_IP = match(eth_type=ETH_IPV4)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(0, 900, _ANY, 7, (Output(FLOOD),)), "special port 0xfffffffb"),
        (Rule(2, 900, _ANY, 7, goto=1), "goes back to table 1"),
        (Rule(5, 900, _IP, 7, (Track(1, 4),)), "goes back to table 4"),
        (Rule(0, 900, match(eth_type=ETH_IPV6, ip_proto=6), 7), "inside IPv6"),
        (Rule(0, 900, match(udp_dst=53), 7), "without asking for IPv4"),
        (Rule(0, 900, _ANY, 7, (SetField("eth_type", 0x800),)), "writes eth_type"),
        (Rule(0, 900, _ANY, 7, (Move("eth_src", "in_port", 32),)), "moves eth_src to in_port"),
        (Rule(0, 900, _ANY, 7, (Move("reg0", "vlan_vid", 13),)), "more bits than reg0"),
        (Rule(0, 900, _IP, 7, (Track(3, 4),)), "looks up zone 3, where marks are written"),
        (Rule(0, 900, _IP, 7, (Output(9),)), "names port 9, and the plan gives the switch 8"),
        (Rule(2, 900, _IP, 7, (Track(9, 3),)), "zone 9, where no conversation is kept"),
        (Rule(4, 900, _IP, 7, (Track(1, 5), Track(1, 5))), "twice at once"),
        (Rule(0, 900, match(in_port=4), 7, (Track(1, 5),)), "is no IPv4 and is tracked"),
        (Rule(0, 900, match(in_port=4), 7, (DecTtl(),)), "its hop limit counts down"),
        (Rule(0, 900, match(in_port=4), 7, (PushVlan(),), goto=9), "two tags and is looked into"),
        (Rule(0, 900, match(in_port=4), 7, (PushVlan(), PushVlan(), PushVlan())), "a third tag"),
    ],
)
def test_what_is_not_modelled_is_refused(rule: Rule, why: str) -> None:
    """It is never taken to agree; the proof refuses the same."""
    with pytest.raises(RefusedError) as refusal:
        judged(town("tiny"), with_rules(rule))
    with pytest.raises(RefusedError):
        prove(town("tiny"), with_rules(rule))

    assert why in str(refusal.value)
    assert str(refusal.value).startswith("floor: ")
    assert is_japanese(japanese(str(refusal.value)))


@pytest.mark.parametrize(
    ("actions", "why"),
    [
        ((SetField("vlan_vid", 0x1014),), "into no tag of its own"),
        ((PushVlan(), SetField("vlan_vid", 20)), "into no tag of its own"),
        ((PushVlan(), PopVlan(), SetField("vlan_vid", 0x1014)), "into no tag of its own"),
        ((PushVlan(), SetField("vlan_vid", 0x2014 | 0x1000)), "writes vlan_vid=0x3014"),
    ],
)
def test_a_tag_that_is_none_is_refused(actions: tuple[Action, ...], why: str) -> None:
    """Open vSwitch would write it into nothing."""
    spoilt = with_rules(Rule(0, 900, match(in_port=4), 7, actions))
    with pytest.raises(RefusedError, match=why):
        judged(town("tiny"), spoilt)
    with pytest.raises(RefusedError):
        prove(town("tiny"), spoilt)


def test_two_tags_where_one_is_expected_are_refused(tmp_path: Path) -> None:
    """Which of them is inside is followed by neither judge."""
    plan = hypervisor(tmp_path)
    loose = Rule(0, 900, match(in_port=3), 7, (PushVlan(), SetField("vlan_vid", 0x1014), Output(1)))
    tables = compile_town(plan)
    spoilt = {**tables, "sw": (*tables["sw"], loose)}
    for judge in (prove, judged):
        with pytest.raises(RefusedError, match="sw:1: packets leave with two VLAN tags"):
            judge(plan, spoilt)
