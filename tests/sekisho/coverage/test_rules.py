"""What was met is told from what cannot be met, and both from what should have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from scenarios.probes.windows import Window, windows
from scenarios.results.rule_coverage import port_edges, prefix_edges, proved
from sekisho.coverage.conditions import Proof
from sekisho.coverage.rules import Unmet, cover
from sekisho.errors import RuleError
from sekisho.evidence.unmet import UnmetReason
from sekisho.model import Plan, PortRef, Protocol
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.match_fields import excludes, within
from sekisho.openflow.pipeline import Table
from sekisho.openflow.rules import Cookie, Kind
from sekisho.packet.packet import ETH_IPV4, TCP_ACK, TCP_SYN, Packet, Reason
from sekisho.plan import load

ROOT = Path(__file__).parents[3]
_OPEN = "ct_state=+new+trk,tcp,metadata=0x1000001/0xff0000ff,tp_dst=443"


@pytest.fixture(scope="module", name="plan")
def _plan() -> Plan:
    return load(ROOT / "topologies" / "tiny.yaml")


def line(cookie: Cookie, match: str, *, packets: int = 0, table: int = 5) -> FlowLine:
    """Return a rule as a switch prints it."""
    return FlowLine(int(cookie), table, 200, packets, f"priority=200,{match} actions=drop")


@pytest.mark.parametrize(
    ("cookie", "match", "why"),
    [
        (Cookie(Kind.DROP_CELL, 4, 1), "metadata=0x1000004/0xff0000ff", UnmetReason.NOBODY_HERE),
        (Cookie(Kind.DROP_QUARANTINE), "", UnmetReason.NOTHING_PLUGGED),
        (Cookie(Kind.DROP_FORWARD, 0, 0, 1), "ip,nw_src=10.41.0.11", UnmetReason.OWN_CELL),
        (Cookie(Kind.OPEN, 1, 1, 1), f"{_OPEN},nw_src=10.45.0.11", UnmetReason.NO_PASSAGE),
    ],
    ids=lambda given: given.kind.name if isinstance(given, Cookie) else "",
)
def test_a_rule_that_cannot_be_met_says_why(
    plan: Plan, cookie: Cookie, match: str, why: UnmetReason
) -> None:
    """By the plan: who stands where, and which ways are used."""
    found = cover(plan, {"floor": [line(cookie, match)]})

    assert (found.dead, found.unmet) == ({why: 1}, 0)


@pytest.mark.parametrize(
    ("cookie", "match"),
    [
        (Cookie(Kind.OPEN, 1, 1, 1), _OPEN),
        (Cookie(Kind.DROP_CELL, 2, 1), "metadata=0x1000002/0xff0000ff"),
        (Cookie(Kind.ADMIT, 1, 1), "ip,in_port=1"),
        (Cookie(Kind.DROP_TTL), "ip,nw_ttl=0"),
    ],
    ids=lambda given: given.kind.name if isinstance(given, Cookie) else "",
)
def test_a_rule_that_should_have_been_met_is_listed(plan: Plan, cookie: Cookie, match: str) -> None:
    """Its switch, its name and its words."""
    found = cover(plan, {"floor": [line(cookie, match)]})

    assert (found.hit, found.dead, found.unmet) == (0, {}, 1)
    assert found.unexplained[0].switch == "floor"
    assert found.unexplained[0].name.startswith(cookie.kind.name)


def test_a_strangers_rule_is_never_explained(plan: Plan) -> None:
    """Whatever it does."""
    found = cover(plan, {"floor": [FlowLine(7, 0, 1, 0, "priority=1 actions=drop")]})

    assert found.unexplained == (
        Unmet("floor", 0, "a stranger's rule 0x7", "priority=1 actions=drop"),
    )


def test_a_condition_is_seen_false_where_another_value_was_met(plan: Plan) -> None:
    """The two ports exclude each other; nothing else was ever in the protocol's place."""
    lines = [
        line(Cookie(Kind.OPEN, 1, 1, 1), "tcp,tp_dst=443", packets=1),
        line(Cookie(Kind.OPEN, 2, 1, 2), "tcp,tp_dst=80", packets=2),
        line(Cookie(Kind.OPEN, 2, 1, 2), "tcp,tp_dst=22"),
    ]
    found = cover(plan, {"floor": lines})

    assert (found.hit, found.fields, found.both) == (2, 4, 2)
    assert (found.one_sided, found.unshown_count) == ({}, 2)
    assert found.unshown == ("floor table 5: protocol=ip tcp",) * 2


def test_a_condition_is_seen_false_by_a_packet_that_came_to_its_table(plan: Plan) -> None:
    """A judged one, at that switch, with another value in that field; nothing else shows it."""
    lines = [line(Cookie(Kind.OPEN, 1, 1, 1), "tcp,tcp_flags=-fin+syn-rst-ack", packets=1)]
    segment = packet(Protocol.TCP, plan.attachments[0].at, TCP_ACK)
    opening = segment._replace(tcp_flags=TCP_SYN)
    far = segment._replace(at=PortRef("room", 1))
    tagged = segment._replace(tagged=True)
    nothing = [Proof((5,), opening), Proof((4,), segment), Proof((5,), far), Proof((5,), tagged)]
    shown, hidden = Proof((5,), segment), Proof((5,), segment, only="tp_dst")

    assert cover(plan, {"floor": lines}, nothing).both == 0
    assert cover(plan, {"floor": lines}, [hidden]).both == 0
    assert cover(plan, {"floor": lines}, [shown]).both == 1
    assert cover(plan, {"floor": lines}, [shown]).unshown == ("floor table 5: protocol=ip tcp",)


def packet(protocol: Protocol, at: PortRef, flags: int) -> Packet:
    """Return a plain packet that enters at *at*."""
    mac = "02:00:00:00:00:01"
    base = Packet(at=at, eth_src=mac, eth_dst=mac, eth_type=ETH_IPV4)
    return base._replace(ip_proto=protocol.value, tcp_flags=flags, dport=443)


def test_a_condition_cannot_be_false_where_all_that_leads_there_asks_for_it(plan: Plan) -> None:
    """Through every table before; one way in that asks for less, and nothing is sure."""
    on = "priority=200,ip,in_port=1 actions=goto_table:5"
    first = FlowLine(int(Cookie(Kind.ADMIT, 1, 1)), 0, 200, 1, on)
    asking = FlowLine(int(Cookie(Kind.TRACK)), 5, 200, 1, "priority=200,ip actions=ct(table=6)")
    last = FlowLine(int(Cookie(Kind.TRANSIT)), 6, 200, 1, "priority=200,ip actions=output:8")
    sure = cover(plan, {"floor": [first, asking, last]})
    loose = FlowLine(1, 0, 100, 0, "priority=100 actions=goto_table:5")

    assert sure.one_sided == {UnmetReason.ALWAYS: 2}
    assert cover(plan, {"floor": [first, asking, last, loose]}).one_sided == {UnmetReason.ALWAYS: 1}


def test_what_comes_over_a_line_has_what_the_other_end_asks_for(plan: Plan) -> None:
    """All that is sent out there; another rule that sends out there, and it is not sure."""
    comes = FlowLine(7, 0, 500, 1, "priority=500,ip,in_port=8,dl_vlan=1 actions=goto_table:2")
    sends = FlowLine(7, 6, 100, 1, "priority=100,ip actions=push_vlan:0x8100,output:8")
    floods = FlowLine(7, 6, 100, 0, "priority=90 actions=output:8")

    assert cover(plan, {"room": [comes], "floor": [sends]}).one_sided == {UnmetReason.LINES: 1}
    assert cover(plan, {"room": [comes], "floor": [sends, floods]}).one_sided == {}
    assert cover(plan, {"room": [comes], "floor": []}).one_sided == {}


def test_only_a_passed_case_proves_how_far_its_packets_came(plan: Plan) -> None:
    """To the table of the rule that dropped them, or through all."""
    every = list(windows(plan, seed=1))
    cases = {case.name: case for window in every for case in window.cases}
    cell = next(c for c in cases.values() if c.drop and c.drop.reason == Reason.CELL.value)
    through = next(c for c in cases.values() if c.to and c.proto == "tcp")
    asked = next(c for c in cases.values() if c.to and c.proto == "arp")
    ways = [{p.tables for p in proved(every, {c.name})} for c in (cell, through, asked)]

    assert ways == [{(0, 2, 3, 4, 5)}, {(0, 2, 3, 4, 5, Table.FORWARDING)}, {(0, 1)}]
    assert list(proved(every, set())) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("443", "80", True),
        ("0x2260/0xfffe", "0x2262/0xfffe", True),
        ("0x2260/0xfff8", "0x2262/0xfffe", False),
        ("10.10.0.21", "10.10.0.0/24", False),
        ("10.10.0.0/24", "10.40.0.0/24", True),
        ("01:00:00:00:00:00/01:00:00:00:00:00", "02:00:5e:00:00:01", True),
        ("ip", "ip tcp", False),
        ("ip udp", "ip tcp", True),
        ("arp", "ip", True),
        ("+new+trk", "-new+est/x", False),
    ],
)
def test_two_values_exclude_each_other_or_do_not(one: str, other: str, expected: bool) -> None:
    """Where that cannot be told, they do not."""
    assert excludes(one, other) is expected
    assert excludes(other, one) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("10.10.0.21", "10.10.0.0/24", True),
        ("10.10.0.0/24", "10.10.0.0/16", True),
        ("10.10.0.0/16", "10.10.0.0/24", False),
        ("10.11.0.21", "10.10.0.0/24", False),
        ("ip tcp", "ip", True),
        ("ip", "ip tcp", False),
        ("+new+trk", "-new+est/x", False),
    ],
)
def test_a_value_is_within_another_or_not(one: str, other: str, expected: bool) -> None:
    """Where that cannot be told, it is not."""
    assert within(one, other) is expected


@pytest.mark.parametrize("value", ["10.0.x.1", "10.0.0.256", "02:00:00:00:0:0x"])
def test_a_wrong_address_is_no_number(value: str) -> None:
    """Nothing of it is left out to make it one."""
    with pytest.raises(RuleError) as caught:
        excludes(f"{value}/24", "10.0.0.1")

    assert str(caught.value) == f"cannot read this address of a flow dump: {value!r}"


def sent(plan: Plan, *ports: int) -> Iterator[Window]:
    """Yield the gate's windows, of the knocks at the register only those at *ports*."""
    for window in windows(plan, seed=1):
        juki = {c.number for c in window.cases if c.target.device == "juki"}
        frames = [f for f in window.frames if f.case not in juki or f.fields.dport in ports]
        yield replace(window, frames=tuple(frames))


def test_the_gate_tries_every_edge_of_a_port(plan: Plan) -> None:
    """443 and 80, each from below and from above."""
    assert port_edges(plan, windows(plan, seed=1), set()) == (4, 4, [])


def test_an_edge_of_a_port_needs_both_sides(plan: Plan) -> None:
    """Without the information server, 443 is tried at the register alone, and 80 nowhere."""
    own = replace(plan, devices=tuple(d for d in plan.devices if d.id == "juki"))

    assert port_edges(own, sent(plan, 443, 442), set()) == (2, 1, ["https tcp/443-444"])
    assert port_edges(own, sent(plan, 442, 444), set())[1] == 0


def test_a_inconclusive_case_tries_no_edge(plan: Plan) -> None:
    """What could not be judged was not tried."""
    every = {case.name for window in windows(plan, seed=1) for case in window.cases}

    assert port_edges(plan, windows(plan, seed=1), every)[:2] == (4, 0)


def test_the_gate_tries_every_edge_of_a_prefix(plan: Plan) -> None:
    """First and last address and those just outside: of networks by ARP, of kept blocks by IP."""
    total, tried, missing = prefix_edges(plan, windows(plan, seed=1), set())

    assert total == tried > 20
    assert missing == []


def test_an_edge_of_a_prefix_needs_both_sides(plan: Plan) -> None:
    """Where nobody asks for the address just outside, the edge was not tried."""
    beyond = IPv4Address("10.41.1.0")
    few = [
        replace(w, frames=tuple(f for f in w.frames if f.fields.ip_dst != beyond))
        for w in windows(plan, seed=1)
    ]
    every = {case.name for window in few for case in window.cases}
    wired = "floor arp 10.41.0.0/24: 10.41.0.255 10.41.1.0"

    assert prefix_edges(plan, few, set())[2] == [wired]
    assert prefix_edges(plan, few, every)[1] == 0
