"""What the compiled tables do is what the plan means: for any packet, on every plan that ships."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sekisho.compiler.tables import compile_town
from sekisho.model.tracking import share_zones
from sekisho.openflow.pipeline import SOURCE_S
from sekisho.openflow.reference_switch import Fabric
from sekisho.openflow.rules import Cookie, Kind, Output, Rule
from sekisho.packet.packet import ETH_IPV4, ConnState, Decision, Packet, Reason
from sekisho.policy.evaluate import Policy
from tests.population import TOWNS, packet, places, population, town
from tests.readings import differences, disagreement

SIZES = [("tiny", 4000), ("peers", 4000), ("trunk", 4000), ("alpha", 2500), ("matsuno", 1200)]
Tables = Mapping[str, tuple[Rule, ...]]
Change = Callable[[Rule], Rule | None]


@cache
def tables(name: str) -> Tables:
    """Return the compiled tables of a town."""
    return compile_town(town(name))


@cache
def readings(name: str) -> tuple[Policy, Fabric]:
    """Return the meaning of a town and its switches."""
    return Policy(town(name)), Fabric(town(name), tables(name))


@st.composite
def packets(draw: st.DrawFn, name: str) -> Packet:
    """Draw a packet of the town *name*."""
    return packet(places(name), lambda items: draw(st.sampled_from(items)))


@pytest.mark.parametrize("name", [*TOWNS, "peers", "trunk"])
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_compiled_tables_are_the_meaning_of_the_plan(name: str, data: st.DataObject) -> None:
    """Allowed is delivered once, rewritten; denied dies at the first switch by the very rule."""
    asked = data.draw(packets(name))

    assert disagreement(*readings(name), asked) == ""


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_a_fixed_population_agrees_too(name: str, size: int) -> None:
    """The same packets at every run, so that a regression shows at once."""
    found = list(differences(*readings(name), population(name, size)))

    assert found == []


#: Needs a broken line, a frame from a line, or a port that has used up its share.
NOT_IN_A_TOWN_AT_REST = {Reason.TRUNK.value, Reason.FORWARD.value, Reason.SHARE.value}


@pytest.mark.parametrize("name", TOWNS)
def test_a_port_that_used_up_its_share_stops_itself_and_nobody_else(name: str) -> None:
    """What it opens dies at its own switch; what it has open, and all others, go on."""
    plan, policy, rules = town(name), Policy(town(name)), tables(name)
    asked = [p for p in population(name, 4000) if policy.ruling(p).verdict is Decision.ALLOW]
    opening = [p for p in asked if p.phase is ConnState.NEW and p.eth_type == ETH_IPV4]
    greedy = opening[0].at
    fabric = Fabric(plan, rules, full={share_zones(plan)[greedy]})
    stopped = {p for p in asked if not fabric.send(p).delivered}
    places = {
        (where, kind_of(rule)) for p in stopped for where, rule in fabric.send(p).dropped if rule
    }

    assert stopped == {p for p in opening if p.at == greedy}
    assert places == {(greedy.switch, Kind.DROP_SHARE)}
    assert any(p.at != greedy for p in opening)


@pytest.mark.parametrize("name", TOWNS)
def test_the_population_meets_every_reason_to_die(name: str) -> None:
    """An agreement about packets that are all alike would prove nothing."""
    policy, _ = readings(name)
    rulings = [policy.ruling(asked) for asked in population(name, 4000)]
    reasons = {r.drop.reason for r in rulings if r.drop}
    allowed = sum(r.verdict is Decision.ALLOW for r in rulings) / len(rulings)

    assert reasons >= {r.value for r in Reason} - NOT_IN_A_TOWN_AT_REST
    assert 0.2 < allowed < 0.8


def without(kind: Kind) -> Change:
    """Leave out every rule of *kind*."""
    return lambda rule: None if kind_of(rule) is kind else rule


def kind_of(rule: Rule) -> Kind:
    """Return what a rule is for."""
    cookie = Cookie.parse(rule.cookie)
    assert cookie is not None
    return cookie.kind


def lacking(kind: Kind, *names: str) -> Change:
    """Let every rule of *kind* match without looking at the fields *names*."""

    def change(rule: Rule) -> Rule:
        if kind_of(rule) is not kind:
            return rule
        return replace(rule, match=tuple(f for f in rule.match if f[0] not in names))

    return change


def widened(rule: Rule) -> Rule:
    """Open the neighbour of every even port too."""
    if kind_of(rule) is not Kind.OPEN:
        return rule
    fields = tuple(
        (name, value & ~1, mask & ~1) if name in ("tcp_dst", "udp_dst") else (name, value, mask)
        for name, value, mask in rule.match
    )
    return replace(rule, match=fields)


def misclassed(rule: Rule) -> Rule:
    """Admit every terminal as the first source class."""
    if kind_of(rule) is not Kind.ADMIT or rule.metadata is None:
        return rule
    value, mask = rule.metadata
    return replace(rule, metadata=(value & ~0xFF | 1 << SOURCE_S, mask))


def reprioritized(kind: Kind, priority: int) -> Change:
    """Give every rule of *kind* another priority."""
    return lambda rule: replace(rule, priority=priority) if kind_of(rule) is kind else rule


def state_ignored(rule: Rule) -> Rule:
    """Let replies pass without a conversation."""
    if kind_of(rule) is not Kind.REPLY:
        return rule
    return replace(rule, match=tuple(f for f in rule.match if f[0] != "ct_state"))


def sent_astray(rule: Rule) -> Rule:
    """Deliver to the next port."""
    if kind_of(rule) is not Kind.DELIVER:
        return rule
    actions = tuple(Output(a.port + 1) if isinstance(a, Output) else a for a in rule.actions)
    return replace(rule, actions=actions)


def as_before(rule: Rule) -> Rule:
    """Forget to rewrite the MAC addresses."""
    if kind_of(rule) is not Kind.DELIVER:
        return rule
    return replace(rule, actions=rule.actions[2:])


FAULTS: dict[str, Change] = {
    "an allow is missing": without(Kind.OPEN),
    "replies do not pass": without(Kind.REPLY),
    "conversations stall": without(Kind.CONTINUE),
    "cells drop anonymously": without(Kind.DROP_CELL),
    "tags pass": without(Kind.DROP_TAGGED),
    "fragments pass": without(Kind.DROP_FRAGMENT),
    "TTL is not looked at": without(Kind.DROP_TTL),
    "IPv6 dies unnamed": without(Kind.DROP_IPV6),
    "groups die as strangers": without(Kind.DROP_GROUP),
    "own addresses are confirmed": without(Kind.DROP_ARP_TARGET),
    "any IP address is admitted": lacking(Kind.ADMIT, "ipv4_src"),
    "any MAC address is admitted": lacking(Kind.ADMIT, "eth_src"),
    "any port is admitted": lacking(Kind.ADMIT, "in_port"),
    "ARP in any name": lacking(Kind.ADMIT_ARP, "arp_spa"),
    "ARP for any MAC address": lacking(Kind.ADMIT_ARP, "arp_sha"),
    "ARP replies are taken": lacking(Kind.ADMIT_ARP, "arp_op"),
    "ARP answers past the subnet": lacking(Kind.ANSWER_ARP, "arp_tpa"),
    "the next hop is ignored": lacking(Kind.ROUTER, "eth_dst"),
    "a port is widened": widened,
    "everyone is of the first class": misclassed,
    "any flags open": lacking(Kind.OPEN, "tcp_flags_nxm"),
    "any port opens": lacking(Kind.OPEN, "tcp_dst", "udp_dst"),
    "any class opens": lacking(Kind.OPEN, "metadata"),
    "cells go before permissions": reprioritized(Kind.DROP_CELL, 300),
    "admission goes before tags": reprioritized(Kind.ADMIT, 450),
    "ARP goes before tags": reprioritized(Kind.ADMIT_ARP, 450),
    "replies need no conversation": state_ignored,
    "delivery to the next port": sent_astray,
    "delivery without rewriting": as_before,
}


def changed(compiled: Tables, change: Change) -> dict[str, tuple[Rule, ...]]:
    """Return *compiled* with *change* applied to every rule."""
    return {
        switch: tuple(new for new in map(change, rules) if new is not None)
        for switch, rules in compiled.items()
    }


@pytest.mark.parametrize("name", ["tiny", "alpha"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(name: str, fault: str) -> None:
    """A comparison that cannot fail would prove nothing: each fault has its counterexample."""
    spoilt = changed(tables(name), FAULTS[fault])
    found = next(
        differences(Policy(town(name)), Fabric(town(name), spoilt), population(name, 4000)), ""
    )

    assert spoilt != tables(name)
    assert found


def test_no_rule_of_the_tiny_town_is_missed_unnoticed() -> None:
    """Whichever rule is taken away, some packet shows it; but for those that no packet meets."""
    plan, policy, asked = town("tiny"), *readings("tiny")[:1], population("tiny", 4000)
    met: dict[tuple[str, Rule], list[Packet]] = {}
    for one in asked:
        for switch, rule in rules_met(one):
            met.setdefault((switch, rule), []).append(one)
    unnoticed = [
        (switch, rule)
        for (switch, rule), some in met.items()
        if not any(differences(policy, Fabric(plan, missing(switch, rule)), some))
    ]
    unmet = {
        kind_of(rule)
        for switch, rules in tables("tiny").items()
        for rule in rules
        if (switch, rule) not in met
    }

    assert unnoticed == []
    assert unmet <= {Kind.DROP_TRUNK, Kind.DROP_FORWARD, Kind.DROP_DESTINATION, *ELSEWHERE}


#: Kinds whose rules stand on every switch although some of them only ever serve another one, or
#: a port that is moved one day.
ELSEWHERE = frozenset(
    {
        Kind.ANSWER_ARP,
        Kind.ADMIT_TRUNK,
        Kind.DROP_CELL,
        Kind.OPEN,
        Kind.CONTINUE,
        Kind.REPLY,
        Kind.DROP_ARP_TARGET,
        Kind.SHARE,
        Kind.COUNTED,
        Kind.DROP_SHARE,
    }
)


def rules_met(asked: Packet) -> list[tuple[str, Rule]]:
    """Return every rule that *asked* matches on its way through the tiny town."""
    _, fabric = readings("tiny")
    return list(fabric.send(asked).path)


def missing(switch: str, rule: Rule) -> dict[str, tuple[Rule, ...]]:
    """Return the tiny town's tables without one rule of one switch."""
    compiled = dict(tables("tiny"))
    compiled[switch] = tuple(r for r in compiled[switch] if r is not rule)
    return compiled
