"""Whatever a rule does, both judges say the same of it."""

from __future__ import annotations

import pytest

from sekisho.commands.second_opinion import pairs_of
from sekisho.openflow.rules import (
    CONTROLLER,
    IN_PORT,
    LOCAL,
    VLAN_PRESENT,
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
from sekisho.packet.packet import ETH_ARP, ETH_IPV4
from sekisho.proof.verdict import prove
from sekisho.second_judge.agreement import compared
from sekisho.second_judge.verdict import Kind, judged
from tests.population import town
from tests.test_meaning import Tables, tables

_ANY: Match = ()
_TAG = VLAN_PRESENT


def _at(port: int) -> Match:
    """Return what comes in by a port of `floor` where nobody stands: 4 to 7."""
    return match(in_port=port)


def with_rules(*more: Rule) -> Tables:
    """Return the tiny town's tables with more rules on one switch."""
    return {**tables("tiny"), "floor": (*tables("tiny")["floor"], *more)}


@pytest.mark.parametrize(
    "more",
    [
        (Rule(0, 900, _at(4), 7, (Output(1), Output(8))),
         Rule(0, 900, _at(5), 7, (Output(IN_PORT),)),
         Rule(0, 900, _at(6), 7, (Output(CONTROLLER), Output(LOCAL))),
         Rule(0, 900, _at(7), 7, (PushVlan(), SetField("metadata", 2), Output(1)))),
        (Rule(0, 900, _at(4), 7, (Move("eth_src", "eth_dst", 48), Output(5)), (1, 3), 9),
         Rule(0, 900, _at(7), 7, (Move("arp_tpa", "reg0", 32), Move("reg0", "arp_spa", 16)),
              goto=9),
         Rule(9, 2, match(metadata=(1, 3)), 8, (Output(6),)),
         Rule(9, 2, match(metadata=(2, 3)), 9, (Output(7),)),
         Rule(9, 1, match(eth_type=ETH_ARP, arp_spa=(0x0A0A, 0xFFFF)), 8, (Output(6),))),
        (Rule(0, 900, match(in_port=4, eth_type=ETH_IPV4), 7, (DecTtl(), Track(1, 9)), goto=8),
         Rule(9, 1, match(ct_state=(0x22, 0x32)), 8, (Output(6),)),
         Rule(9, 1, match(ct_state=(0x21, 0x23)), 8, (Output(5), Output(6))),
         Rule(0, 900, match(in_port=7, vlan_vid=(_TAG, _TAG), eth_type=ETH_IPV4),
              7, (PopVlan(), Output(6)))),
    ],
)  # fmt: skip
def test_everything_that_rules_do_is_done_alike(more: tuple[Rule, ...]) -> None:
    """Copies, tags, moves, marks of a register, tracking beside going on, counting down."""
    spoilt = with_rules(*more)
    proof, second = prove(town("tiny"), spoilt), judged(town("tiny"), spoilt)

    assert compared(pairs_of(proof), second).is_whole
    assert second.found


def test_a_packet_that_comes_back_is_told() -> None:
    """Two switches that send everything to each other: a loop, for every way in."""
    rules: dict[str, tuple[Rule, ...]] = {
        name: (Rule(0, 1, _ANY, 0, (Output(8),)),) for name in ("floor", "room")
    }
    loop = {**rules, "room": (Rule(0, 1, _ANY, 0, (Output(IN_PORT), Output(8))),)}
    loop["floor"] = (*rules["floor"], Rule(0, 2, match(in_port=8), 1, (Output(IN_PORT),)))
    second = judged(town("tiny"), loop)

    assert {found.kind for found in second.found} >= {Kind.RETURNS, Kind.MISSING}
    assert compared(pairs_of(prove(town("tiny"), loop)), second).is_whole
