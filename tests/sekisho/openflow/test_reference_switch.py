"""The reference switch: OpenFlow's rules about rules, one at a time."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from sekisho.errors import RuleError
from sekisho.model import PortRef, Protocol
from sekisho.openflow.reference_switch import Fabric, Switch, headers, matches
from sekisho.openflow.rules import (
    CT_NEW,
    CT_TRACKED,
    IN_PORT,
    VLAN_PRESENT,
    Action,
    DecTtl,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Track,
    match,
)
from sekisho.packet.packet import ETH_IPV4, TCP_SYN, ConnState, Packet
from tests.population import town
from tests.test_meaning import tables

TINY = town("tiny")
NB, JUKI = TINY.attachment["nb.wired"], TINY.attachment["juki.lan"]
HELLO = Packet(
    at=NB.at,
    eth_src=NB.mac,
    eth_dst=TINY.router_mac,
    ip_src=NB.ip,
    ip_dst=JUKI.ip,
    ip_proto=Protocol.TCP.value,
    sport=50000,
    dport=443,
    tcp_flags=TCP_SYN,
)


def rule(
    *actions: Action, priority: int = 1, table: int = 0, goto: int | None = None, **fields: int
) -> Rule:
    """Return a rule with *actions*."""
    return Rule(table, priority, match(**fields), 0, actions, goto=goto)


def left(*rules: Rule, fields: dict[str, int] | None = None) -> list[tuple[int, dict[str, int]]]:
    """Return (port, headers) of every copy that leaves a switch with *rules*."""
    hop = Switch(rules).run(headers(HELLO) | (fields or {}), ConnState.NEW)
    return [(port, dict(values)) for port, values in hop.out]


def test_a_table_miss_drops() -> None:
    """OpenFlow 1.3.5, 5.4: without a table-miss entry, unmatched packets are dropped."""
    hop = Switch((rule(Output(2), in_port=7),)).run(headers(HELLO), ConnState.NEW)

    assert (hop.out, hop.path) == ((), ())


def test_the_highest_priority_decides() -> None:
    """Of all entries that match, the one with the highest priority acts, alone."""
    low, high = rule(Output(2), priority=1), rule(Output(3), priority=2)

    assert [port for port, _ in left(low, high)] == [3]


def test_an_absent_layer_never_matches() -> None:
    """A UDP rule says nothing about a TCP packet, whatever its mask."""
    assert not matches(match(udp_dst=(0, 1)), headers(HELLO))


def test_nothing_leaves_where_it_came_in() -> None:
    """OpenFlow 1.3.5, 7.2.5: only the reserved port IN_PORT sends a packet back."""
    assert left(rule(Output(HELLO.at.port))) == []


def test_in_port_sends_back() -> None:
    """The reserved port stands for wherever the packet came in."""
    assert [port for port, _ in left(rule(Output(IN_PORT)))] == [HELLO.at.port]


def test_metadata_is_written_under_its_mask() -> None:
    """Write-Metadata leaves the bits outside its mask alone (OpenFlow 1.3.5, 5.9)."""
    first = Rule(0, 1, (), 0, metadata=(0xAB00, 0xFF00), goto=1)
    second = Rule(1, 1, (), 0, (Output(2),), metadata=(0xCD, 0xFF), goto=2)
    third = rule(Output(3), table=2, metadata=0xABCD)

    assert [port for port, _ in left(first, second, third)] == [2, 3]


def test_a_move_copies_bits() -> None:
    """A copy takes its bits from the source's offset to the target's bit 0, and no more."""
    actions = (SetField("reg0", 0xABCD), Move("reg0", "tcp_dst", 8, 4), Output(2))
    ((_, values),) = left(rule(*actions))

    assert values["tcp_dst"] == 443 & 0xFF00 | 0xBC


def test_a_move_that_does_not_fit_is_refused() -> None:
    """A copy of 32 bits into 13 is a mistake, not a truncation."""
    with pytest.raises(RuleError, match="32 bits do not fit vlan_vid"):
        left(rule(Move("reg0", "vlan_vid", 32)))


def test_a_tag_is_pushed_and_popped() -> None:
    """A pushed tag is present with VLAN id 0; a popped one is gone."""
    ((_, pushed), (_, popped)) = left(rule(PushVlan(), Output(2), PopVlan(), Output(3)))

    assert (pushed["vlan_vid"], popped["vlan_vid"]) == (VLAN_PRESENT, 0)


def test_the_ttl_goes_down() -> None:
    """A router takes one from the TTL (RFC 1812, 5.3.1)."""
    ((_, values),) = left(rule(DecTtl(), Output(2)))

    assert values["nw_ttl"] == HELLO.ttl - 1


def test_tracking_tells_the_phase() -> None:
    """The look-up goes on in the named table, with the state set."""
    look_up = rule(Track(zone=1, table=3))
    new = Rule(3, 1, match(ct_state=(CT_TRACKED | CT_NEW, 0x3F)), 0, (Output(2),))

    assert [port for port, _ in left(look_up, new)] == [2]


def test_an_unknown_action_is_refused() -> None:
    """What is not modelled is never guessed past."""
    strange = Rule(0, 1, (), 0, ("flood",))  # type: ignore[arg-type]  # that is the point

    with pytest.raises(RuleError, match="action 'flood' is not modelled"):
        left(strange)


def test_a_loop_is_an_error_and_not_a_drop() -> None:
    """Two switches that send a packet to and fro for ever would otherwise look like silence."""
    there = {s.id: (rule(Output(IN_PORT), in_port=8), rule(Output(8))) for s in TINY.switches}

    with pytest.raises(RuleError, match="still under way"):
        Fabric(TINY, there).send(HELLO)


def test_a_copy_at_an_edge_port_is_delivered() -> None:
    """Whatever leaves by a port without a cable to another switch has reached somebody."""
    rules = {"floor": (rule(Output(8), Output(2)),), "room": (rule(Output(1)),)}
    outcome = Fabric(TINY, rules).send(HELLO)

    assert [place for place, _ in outcome.delivered] == [PortRef("floor", 2), PortRef("room", 1)]
    assert outcome.switches == ("floor", "room")


def test_a_switch_forgets_what_the_last_one_knew() -> None:
    """Metadata and tracking state stay inside a switch; only the frame goes on."""
    rules = {
        "floor": (Rule(0, 1, (), 0, (Output(8),), metadata=(5, 0xFF)),),
        "room": (rule(Output(1), metadata=0, ct_state=0, in_port=8),),
    }

    assert len(Fabric(TINY, rules).send(HELLO).delivered) == 1


def test_other_ether_types_carry_no_addresses() -> None:
    """An IPv6 frame has no IPv4 field to match, even if the packet was made from one."""
    fields = headers(HELLO._replace(eth_type=0x86DD))

    assert fields["eth_type"] == 0x86DD
    assert not matches(match(eth_type=ETH_IPV4), fields)
    assert "ipv4_src" not in fields


@pytest.mark.parametrize("plan", ["tiny", "matsuno"])
def test_of_many_rules_the_first_that_matches_is_met(plan: str) -> None:
    """In the order of their priority, as if each were tried, in every table of every switch."""
    for name, rules in tables(plan).items():
        chance = Random(name)
        for table in sorted({r.table for r in rules}):
            alone = [replace(r, table=0, goto=None, actions=()) for r in rules if r.table == table]
            alone.sort(key=lambda r: -r.priority)
            switch = Switch(tuple(alone))
            for _ in range(60):
                fields = headers(HELLO) | {n: v for n, v, _ in chance.choice(alone).match}
                fields |= {n: v for n, v, _ in chance.choice(alone).match[:1]}
                first = next((r for r in alone if matches(r.match, fields)), None)

                assert (*switch.run(fields, ConnState.NEW).path, None)[0] == first
