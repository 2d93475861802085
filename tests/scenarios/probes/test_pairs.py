"""The pairs that a gate tries: everybody, every pair of classes, every named pair, and a sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Address

import pytest

from scenarios.probes.base import PROBES
from scenarios.probes.pairs import Depth, Pairs, chosen_pairs, every_pair
from scenarios.probes.windows import Scope, windows
from sekisho.model import Device, Plan
from sekisho.policy.matrix import matrix
from tests.population import town

NAMES = ["tiny", "alpha", "matsuno", "city"]


@cache
def chosen(name: str, seed: int = 1) -> Pairs:
    """Return what a gate of a town tries."""
    return chosen_pairs(town(name), seed)


@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_source_and_target_of_every_probe(name: str) -> None:
    """Who somebody is, is decided at his own port: so everybody's port gets every probe."""
    whole = [pair for pair, depth in chosen(name).depth.items() if depth is Depth.ALL]
    possible = every_pair(town(name)).depth

    assert {a for a, _ in whole} == {a for a, _ in possible}
    assert {b for _, b in whole} == {b for _, b in possible}


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_classes_is_tried_at_every_pair_of_switches(name: str) -> None:
    """Every switch has the policy of its own, and each is asked about everybody else's."""
    plan, depth = town(name), chosen(name).depth
    at = plan.attachment

    def places(pairs: set[tuple[str, str]]) -> set[tuple[str, str, str, str]]:
        return {
            (at[a].source, at[a].at.switch, at[b].destination, at[b].at.switch) for a, b in pairs
        }

    tried = {pair for pair, how in depth.items() if how >= Depth.POLICY}

    assert places(tried) == places(set(every_pair(plan).depth))


@pytest.mark.parametrize("name", NAMES)
def test_every_named_pair_of_a_rule_is_tried(name: str) -> None:
    """A rule that names its ends has rules of its own in the tables."""
    plan, depth = town(name), chosen(name).depth
    named = {
        (a.id, b.id)
        for clause in plan.clauses
        for allow in clause.allows
        if allow.only_from or allow.only_to
        for a in plan.attachments
        for b in plan.attachments
        if allow.lets(a) and allow.reaches(b) and (a.id, b.id) in every_pair(plan).depth
    }

    assert {pair for pair in named if depth.get(pair, 0) < Depth.POLICY} == set()


@pytest.mark.parametrize("name", ["alpha", "matsuno"])
def test_what_a_sentence_is_about_gets_every_probe_at_every_pair_of_sites(name: str) -> None:
    """A line of page one is decided by all the probes that it names, everywhere."""
    plan, depth, cells = town(name), chosen(name).depth, matrix(town(name))
    at = plan.attachment

    def places(pairs: set[tuple[str, str]]) -> set[tuple[str, str, str, str]]:
        return {
            (at[a].source, at[a].site, at[b].destination, at[b].site)
            for a, b in pairs
            if cells[at[a].source, at[b].destination].is_must_drop
        }

    whole = {pair for pair, how in depth.items() if how is Depth.ALL}

    assert places(whole) == places(set(every_pair(plan).depth)) != set()


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_each_pair_gets_the_probes_of_its_depth(name: str) -> None:
    """A gate sends what the depth of a pair says, and the rest only once a source or subnet."""
    plan = town(name)
    pairs = chosen(name).depth
    tried: dict[tuple[str, str], set[str]] = {}
    for window in windows(plan, seed=1):
        for case in window.cases:
            tried.setdefault((case.source.id, case.target.id), set()).add(case.probe)
    whole = {probe.id for probe in PROBES} & {"spoof-both", "fragment", "udp-scan"}

    assert all(whole <= tried[pair] for pair, depth in pairs.items() if depth is Depth.ALL)
    assert not any(whole & tried.get(pair, set()) for pair in tried if pairs.get(pair, 0) < 3)


def test_the_seed_chooses_and_the_same_seed_chooses_the_same() -> None:
    """A run can be repeated; another seed tries other pairs."""
    plan = town("matsuno")

    assert chosen_pairs(plan, 1) == chosen("matsuno")
    assert chosen_pairs(plan, 2).depth.keys() != chosen("matsuno").depth.keys()


def test_every_pair_can_be_had() -> None:
    """Whoever has the time tries them all."""
    plan = town("tiny")
    sent = {
        (case.source.id, case.target.id)
        for window in windows(plan, seed=1, scope=Scope(pairs=every_pair(plan)))
        for case in window.cases
    }

    assert sent == set(every_pair(plan).depth)
    assert set(every_pair(plan).depth.values()) == {Depth.ALL}


def crowded(plan: Plan, times: int) -> Plan:
    """Return *plan* with every device of one leg that many times, at ports that nobody looks at."""
    devices = list[Device]()
    for number in range(times):
        for device in plan.devices:
            legs = tuple(
                replace(
                    a,
                    id=f"{a.id}-{number}",
                    device=f"{device.id}-{number}",
                    ip=IPv4Address(int(a.ip) + number * 4096),
                )
                for a in device.attachments
            )
            devices.append(replace(device, id=f"{device.id}-{number}", attachments=legs))
    return replace(plan, devices=tuple(devices))


def test_the_cost_grows_with_the_attachments_not_with_their_square() -> None:
    """Four times the attachments cost about four times the pairs with every probe."""
    few, many = crowded(town("alpha"), 4), crowded(town("alpha"), 16)
    one, other = chosen_pairs(few, 1), chosen_pairs(many, 1)
    whole = [Counter(pairs.depth.values())[Depth.ALL] for pairs in (one, other)]

    assert other.possible > 15 * one.possible
    assert len(other.depth) < 5 * len(one.depth)
    assert whole[1] < 5 * whole[0]
