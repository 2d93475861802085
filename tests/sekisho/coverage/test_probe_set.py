"""Few packets meet every live rule: read apart from the sets, from their bytes, by other code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from scenarios.probes.from_headers import frame_of
from scenarios.suites.covering import _talks
from scenarios.suites.services import exchanges
from sekisho.compiler.tables import compile_town
from sekisho.coverage.phases import ESTABLISHED, NEW, REPLY
from sekisho.coverage.probe_set import Probe, ProbeSet, probe_set
from sekisho.coverage.regions import Dead, Regions
from sekisho.evidence.dead_rules import DeadReason
from sekisho.model import Plan
from sekisho.openflow.pipeline import Table
from sekisho.openflow.reference_switch import Fabric
from sekisho.openflow.rules import Cookie, Kind, Rule, match
from sekisho.packet.dissect import dissect
from sekisho.packet.packet import ConnState
from sekisho.plan import load

ROOT = Path(__file__).parents[3]
_PHASES = {
    0: ConnState.NEW,
    NEW: ConnState.NEW,
    ESTABLISHED: ConnState.ESTABLISHED,
    REPLY: ConnState.REPLY,
}
_MOST = 1.5  # times the bound


@cache
def town(name: str) -> Plan:
    """Return a shipped plan."""
    return load(ROOT / "topologies" / f"{name}.yaml")


@cache
def chosen(name: str) -> ProbeSet:
    """Return the packets for a shipped plan."""
    plan = town(name)
    return probe_set(plan, compile_town(plan), _talks(exchanges(plan)))


def _path(plan: Plan, probe: Probe) -> list[tuple[str, Rule]]:
    """Return the rules that the bytes of a packet meet, by the reference fabric."""
    packet = dissect(frame_of(probe.packet.sent, 1), probe.packet.source)
    assert packet is not None
    phase = _PHASES[probe.packet.phase]
    return list(Fabric(plan, compile_town(plan)).send(packet._replace(phase=phase)).path)


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_the_bytes_of_each_packet_meet_the_rules_that_it_is_for(name: str) -> None:
    """Bytes, their reader, and the reference fabric have seen nothing of the sets."""
    found, plan = chosen(name), town(name)
    met = {place for probe in found.probes for place in _path(plan, probe)}

    assert met >= {tuple(place) for place in found.live}
    assert all(_path(plan, p) == [tuple(place) for place in p.meets] for p in found.probes)


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_the_set_is_small_and_no_set_is_smaller_than_the_bound(name: str) -> None:
    """Of the rules that the bound counts no packet meets two."""
    found = chosen(name)
    apart = set(found.apart)

    assert found.bound <= len(found.probes) <= _MOST * found.bound
    assert all(len(apart & set(probe.meets)) <= 1 for probe in found.probes)
    assert apart <= set(found.live)


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_every_rule_is_live_or_dead_and_never_both(name: str) -> None:
    """Nothing is left out of the account."""
    found = chosen(name)
    rules = {(s, rule) for s, own in compile_town(town(name)).items() for rule in own}
    live, dead = {tuple(p) for p in found.live}, {tuple(d.place) for d in found.dead}

    assert live | dead == rules
    assert not live & dead


def test_a_packet_under_way_is_of_a_conversation_that_can_be_held() -> None:
    """Whoever holds it needs to know which."""
    under_way = [p for p in chosen("alpha").probes if p.packet.phase in (ESTABLISHED, REPLY)]

    assert under_way
    assert all(probe.talk is not None for probe in under_way)


def _with(rule: Rule) -> list[Dead]:
    """Return the dead rules of the tiny town with one more rule on one switch."""
    plan = town("tiny")
    tables = compile_town(plan)
    return Regions(plan, {**tables, "floor": (*tables["floor"], rule)}).dead


def test_a_shadowed_rule_names_what_shadows_it() -> None:
    """Every packet that it matches is taken before it is asked."""
    (own,) = (r for r in compile_town(town("tiny"))["floor"] if r.cookie == int(_GROUP))
    shadow = replace(own, priority=own.priority + 1, cookie=0)
    (found,) = (dead for dead in _with(shadow) if dead.place.rule == own)

    assert (found.reason, found.by) == (DeadReason.TAKEN, (shadow,))


_GROUP = Cookie(Kind.DROP_GROUP)


def test_a_rule_that_nothing_comes_to_says_so() -> None:
    """No packet has metadata of a class that the plan has not."""
    stray = Rule(Table.POLICY, 300, match(metadata=(0x77, 0xFF)), 0)
    (found,) = (dead for dead in _with(stray) if dead.place.rule == stray)

    assert (found.reason, found.by) == (DeadReason.UNREACHED, ())


@pytest.mark.parametrize(
    ("kind", "why"),
    [(Kind.DROP_QUARANTINE, DeadReason.UNPLUGGED), (Kind.DROP_SHARE, DeadReason.FULL)],
)
def test_what_only_an_odd_sender_meets_is_told_apart(kind: Kind, why: DeadReason) -> None:
    """From a port with nothing in it, or beyond a share: the rule is right, and nobody is there."""
    found = [d for d in chosen("tiny").dead if d.place.rule.cookie == int(Cookie(kind))]

    assert why in {dead.reason for dead in found}
    assert {dead.reason for dead in found} <= {why, DeadReason.UNREACHED}
