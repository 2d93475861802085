"""What the proof does not model is refused, with its place: never "proved"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sekisho.cli import main
from sekisho.errors import RefusedError
from sekisho.openflow.rules import (
    FLOOD,
    NORMAL,
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
from sekisho.spoken import japanese
from tests.japanese import is_japanese
from tests.population import town
from tests.test_meaning import tables

_IP = match(eth_type=ETH_IPV4)
_V6 = match(eth_type=ETH_IPV6)
_ANY: Match = ()


def odd(rule: Rule) -> None:
    """Prove the tiny town with one more rule on one switch."""
    prove(town("tiny"), {**tables("tiny"), "floor": (*tables("tiny")["floor"], rule)})


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(0, 900, _ANY, 7, (Output(NORMAL),)), "special port 0xfffffffa"),
        (Rule(0, 900, _ANY, 7, (Output(FLOOD),)), "special port 0xfffffffb"),
        (Rule(2, 900, _ANY, 7, goto=1), "goes back to table 1"),
        (Rule(5, 900, _IP, 7, (Track(1, 4),)), "goes back to table 4"),
        (Rule(0, 900, match(eth_type=ETH_IPV6, ip_proto=6), 7), "inside IPv6"),
        (Rule(0, 900, match(eth_type=ETH_IPV6, udp_dst=53), 7), "inside IPv6"),
        (Rule(0, 900, match(ip_proto=6), 7), "without asking for IPv4"),
        (Rule(0, 900, match(udp_dst=53), 7), "without asking for IPv4"),
        (Rule(0, 900, match(tcp_flags_nxm=2), 7), "without asking for IPv4"),
        (Rule(0, 900, _ANY, 7, (SetField("eth_type", 0x800),)), "writes eth_type"),
        (Rule(0, 900, _ANY, 7, (Move("eth_src", "in_port", 32),)), "moves eth_src to in_port"),
        (Rule(0, 900, _ANY, 7, (Move("reg0", "vlan_vid", 13),)), "more bits than reg0"),
        (Rule(0, 900, _IP, 7, (Track(3, 4),)), "looks up zone 3, where marks are written"),
        (Rule(0, 900, _IP, 7, (Output(9),)), "names port 9, and the plan gives the switch 8"),
        (Rule(0, 900, match(in_port=99), 7), "names port 99"),
        (Rule(2, 900, _IP, 7, (Track(9, 3),)), "in zone 9, where none are kept"),
        (Rule(4, 900, _IP, 7, (Track(1, 5), Track(1, 5))), "twice at once"),
    ],
)
def test_a_rule_that_is_not_modelled_is_refused(rule: Rule, why: str) -> None:
    """Switch, table, priority and cookie are named, and the reason."""
    with pytest.raises(RefusedError) as refusal:
        odd(rule)

    assert f"floor: table {rule.table}, priority {rule.priority}, cookie 0x7" in str(refusal.value)
    assert why in str(refusal.value)
    assert is_japanese(japanese(str(refusal.value)))


def test_what_a_tracker_has_forgotten_is_not_read() -> None:
    """Open vSwitch clears what tracking said behind each use of it (ovs-actions(7), ``ct``)."""
    marked = match(eth_type=ETH_IPV4, ct_mark=1)
    more = (
        Rule(7, 900, marked, 7, (Track(1, commit=True),), goto=9),
        Rule(9, 2, marked, 8, (Output(8),)),
    )
    with pytest.raises(RefusedError, match="table 9, priority 2, cookie 0x8: reads what"):
        prove(town("tiny"), {**tables("tiny"), "floor": (*tables("tiny")["floor"], *more)})


@pytest.mark.parametrize("zone", [None, 77])
def test_conversations_that_are_kept_nowhere_are_refused(zone: int | None) -> None:
    """Without them no reply would ever pass."""

    def changed(rule: Rule) -> Rule:
        actions = tuple(
            replace(a, zone=zone) if zone and isinstance(a, Track) and not a.commit else a
            for a in rule.actions
            if zone or not (isinstance(a, Track) and a.commit and not a.mark)
        )
        return replace(rule, actions=actions)

    rules = {**tables("tiny"), "floor": tuple(changed(r) for r in tables("tiny")["floor"])}
    with pytest.raises(RefusedError, match="where none are kept"):
        prove(town("tiny"), rules)


def test_two_rules_of_one_priority_that_differ_are_refused() -> None:
    """OpenFlow leaves open which of them is met."""
    with pytest.raises(RefusedError, match="floor: table 2, priority 100: two rules match"):
        odd(Rule(2, 100, match(eth_type=ETH_IPV4, nw_ttl=9), 7))


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(2, 900, _IP, 7, (PushVlan(), PushVlan()), goto=3), "two VLAN tags"),
        (Rule(2, 900, _IP, 7, (PushVlan(), PushVlan(), PopVlan()), goto=3), "two VLAN tags"),
        (Rule(2, 900, _IP, 7, (Track(1, 3),)), "asked of packets again, in zone 1"),
        (Rule(0, 900, _V6, 7, (Track(1, 5),)), "connection tracking, of packets that are not IPv4"),
        (Rule(0, 900, _V6, 7, (DecTtl(), Output(1))), "counted down, of packets that are not IPv4"),
        (Rule(7, 900, _IP, 7, (Track(4, 8, commit=True, mark=1),)), "a second time"),
    ],
)
def test_packets_that_are_not_modelled_are_refused(rule: Rule, why: str) -> None:
    """Where it depends on the packets that arrive, it is the packets that are looked at."""
    with pytest.raises(RefusedError, match=why) as refusal:
        odd(rule)
    assert is_japanese(japanese(str(refusal.value)))


def test_a_refusal_has_an_exit_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither proved nor a finding: 4."""
    rules = {**tables("tiny"), "floor": (Rule(0, 900, _ANY, 7, (Output(NORMAL),)),)}
    monkeypatch.setattr("sekisho.commands.prove.compile_town", lambda plan: rules)

    assert main(["--lang", "en", "prove", "topologies/tiny.yaml"]) == 4
    assert "special port" in capsys.readouterr().err
