"""What the second judge does not model is refused, and so never taken to agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError
from sekisho.openflow.rules import (
    FLOOD,
    DecTtl,
    Match,
    Move,
    Output,
    PushVlan,
    Rule,
    SetField,
    Track,
    match,
)
from sekisho.packet.packet import ETH_IPV4, ETH_IPV6
from sekisho.proof.verdict import prove
from sekisho.second_judge.verdict import judged
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


def test_a_device_under_a_tag_is_refused_by_the_second_judge_alone(tmp_path: Path) -> None:
    """The proof models its tag; the second judge says so, and never that it agrees."""
    plan = hypervisor(tmp_path)
    tables = compile_town(plan)

    assert not prove(plan, tables).differences
    with pytest.raises(RefusedError, match="writes vlan_vid"):
        judged(plan, tables)
