"""The second judge tells what the proof tells, pair by pair, and refuses what it does not model."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.commands.second_opinion import pairs_of
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError, RefusedError
from sekisho.openflow.rules import CONTROLLER, LOCAL, PushVlan, Rule, SetField
from sekisho.proof.verdict import Packet, prove
from sekisho.proof.witness import Walker
from sekisho.second_judge.agreement import compared
from sekisho.second_judge.terms import library
from sekisho.second_judge.verdict import Found, Kind, judged
from tests.population import town
from tests.test_meaning import FAULTS, Tables, changed, tables
from tests.trunks import hypervisor

#: Of each kind one: something crosses, something does not, nothing changes, nobody knows.
_FAULTS = (
    "any IP address is admitted",
    "ARP in any name",
    "replies do not pass",
    "any flags open",
    "delivery without rewriting",
    "cells drop anonymously",
    "replies need no conversation",
)


def test_a_small_town_is_as_planned() -> None:
    """Of every ordered pair of places: nothing forbidden crosses, everything promised does."""
    judgement = judged(town("tiny"), tables("tiny"))

    assert judgement.found == ()
    assert judgement.pairs == 16 * 18  # and the controllers of both switches


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_planted_fault_is_told_by_both(fault: str) -> None:
    """Of the same pairs, or refused by both; and the reference switch carries each packet."""
    spoilt = changed(tables("tiny"), FAULTS[fault])
    try:
        proof = prove(town("tiny"), spoilt)
    except RefusedError:
        with pytest.raises(RefusedError, match="two rules match the same packets"):
            judged(town("tiny"), spoilt)
        return
    second = judged(town("tiny"), spoilt)

    assert compared(pairs_of(proof), second).is_whole
    for found in second.found:
        assert is_shown(found, spoilt), found


def _other_tag(rule: Rule) -> Rule:
    actions = tuple(
        replace(action, value=action.value ^ 1)
        if isinstance(action, SetField) and action.field == "vlan_vid"
        else action
        for action in rule.actions
    )
    return replace(rule, actions=actions)


def _no_tag(rule: Rule) -> Rule:
    if not any(isinstance(a, SetField) and a.field == "vlan_vid" for a in rule.actions):
        return rule
    kept = (a for a in rule.actions if a != PushVlan() and getattr(a, "field", "") != "vlan_vid")
    return replace(rule, actions=tuple(kept))


@pytest.mark.parametrize("fault", ["", "another tag", "no tag"])
def test_devices_under_tags_are_judged_alike(tmp_path: Path, fault: str) -> None:
    """A hypervisor's machines: as planned, and delivered under another tag or under none."""
    plan = hypervisor(tmp_path)
    tables_of = compile_town(plan)
    if fault:
        change = _other_tag if fault == "another tag" else _no_tag
        tables_of = {s: tuple(map(change, rules)) for s, rules in tables_of.items()}
    proof, second = prove(plan, tables_of), judged(plan, tables_of)

    assert compared(pairs_of(proof), second).is_whole
    assert bool(second.found) == bool(proof.differences) == bool(fault)


def is_shown(found: Found, spoilt: Tables) -> bool:
    """Tell whether a packet that the second judge found does what it says."""
    if found.kind not in (Kind.FORBIDDEN, Kind.MISSING) or found.at.port in (CONTROLLER, LOCAL):
        return True
    sent, now = dict(found.sent), dict(found.now)
    walk = Walker(town("tiny"), spoilt).way(
        Packet(found.source, sent, now, found.phase, found.has_room)
    )
    arrives = any(
        at == found.at and all(there.get(name, value) == value for name, value in now.items())
        for at, there in walk.ends
    )
    return arrives == (found.kind is Kind.FORBIDDEN)


def test_a_line_that_is_down_carries_nothing() -> None:
    """With the one line of the town down, everything between its switches is missing."""
    (link,) = town("tiny").links
    second = judged(town("tiny"), tables("tiny"), (link.a, link.b))

    assert {found.kind for found in second.found} == {Kind.MISSING}
    assert all(found.source.switch != found.at.switch for found in second.found)


def test_without_z3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, and what to do."""
    library.cache_clear()
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(LabError, match=r"pip install 'sekisho\[judge\]'"):
        judged(town("tiny"), tables("tiny"))
    library.cache_clear()
