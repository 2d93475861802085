"""A city by data alone: nothing of it is spelt as the other plans that ship spell theirs."""

from __future__ import annotations

import pytest

from sekisho.cli import main
from sekisho.model import Plan, Role
from tests.population import town

OTHERS = ("tiny", "alpha", "matsuno")


def words(plan: Plan) -> set[str]:
    """Return every id that a plan chooses for itself, and the letters of its layers."""
    out = {s.id for s in plan.sites} | {z.id for z in plan.zones} | {w.id for w in plan.switches}
    out |= {a.id for a in plan.airs} | {s.id for s in plan.sources} | {c.id for c in plan.clauses}
    out |= {d.id for d in plan.destinations} | {s.id for s in plan.services}
    out |= {zone.layer for zone in plan.zones}
    return out | {d.id for d in plan.devices} | {attachment.id for attachment in plan.attachments}


def test_it_is_as_large_as_a_city() -> None:
    """Eight sites, sixteen switches, some 120 attachments on cables and on the air."""
    plan = town("city")
    stations = [a for a in plan.attachments if a.air]

    assert (len(plan.sites), len(plan.switches), len(plan.airs)) == (8, 16, 6)
    assert 110 <= len(plan.attachments) <= 130
    assert len(stations) >= 20
    assert {a.source for a in stations}.isdisjoint(a.source for a in plan.attachments if not a.air)


def test_its_words_are_its_own() -> None:
    """What works on it, works by what the plan says, and not by how it is spelt."""
    shared = {name: words(town("city")) & words(town(name)) for name in OTHERS}
    common = {"names", "mail", "clock", "shell"}  # services, which decide nothing

    assert {word for found in shared.values() for word in found} <= common


def test_its_masks_are_mixed_and_its_switches_stand_in_chains() -> None:
    """A switch behind a switch behind the core, and networks from /22 to /29."""
    plan = town("city")
    masks = {subnet.prefixlen for zone in plan.zones for _, subnet in zone.subnets}
    lines = [{link.a.switch, link.b.switch} for link in plan.links if not link.backup]
    cores = {switch.id for switch in plan.switches if switch.role is Role.CORE}
    chained = [
        s.id
        for s in plan.switches
        if s.id not in cores and not any(s.id in line and line & cores for line in lines)
    ]

    assert masks == {22, 23, 24, 25, 26, 27, 28, 29}
    assert sorted(chained) == ["hon-f3", "kita-2", "shobo-2", "tosho-2"]


def test_nothing_about_it_is_odd(capsys: pytest.CaptureFixture[str]) -> None:
    """No mistake, no warning, and every way through a shared device is declared."""
    assert main(["plan", "lint", "topologies/city.yaml", "--strict", "--lang", "en"]) == 0
    assert "no mistake" in capsys.readouterr().out
    assert main(["plan", "paths", "topologies/city.yaml", "--lang", "en"]) == 0
    assert "undeclared 0" in capsys.readouterr().out


def test_its_sentences_go_by_facts_and_its_work_has_needs() -> None:
    """Page one speaks of the air and of zones; what must work is said, too."""
    plan = town("city")

    assert sum(line.is_by_facts for line in plan.must_drop) >= 4
    assert len(plan.must_reach) >= 4
