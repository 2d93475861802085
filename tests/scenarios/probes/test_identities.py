"""Under whose names a device tries: enough for every port, and no square of a switch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scenarios.bench.crowd import crowded
from scenarios.probes.identities import NEXT, SIBLINGS, Names, names_taken
from scenarios.probes.pairs import every_pair, thirds
from scenarios.probes.windows import Scope, windows
from scenarios.suites.services import chosen_exchanges, exchanges
from sekisho.model import CellKind, Plan
from sekisho.plan import load
from sekisho.policy.matrix import matrix
from tests.population import town

MATSUNO = Path("topologies/matsuno.yaml")


def hall(tmp_path: Path, times: int) -> Plan:
    """Return Matsuno with each notebook so many times."""
    path = tmp_path / f"hall-{times}.yaml"
    path.write_text(crowded(MATSUNO.read_text("utf-8"), times), "utf-8")
    return load(path)


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_everybody_is_a_thief_and_a_victim_of_names_at_his_switch(name: str) -> None:
    """Where there is somebody at another port; and one of each class is among the victims."""
    plan = town(name)
    names = Names(plan, are_all=False)
    victims = Counter(b.id for a in plan.attachments for b in names.neighbours(a))
    for a in plan.attachments:
        others = [b for b in plan.attachments if b.at.switch == a.at.switch and b.at != a.at]
        taken = names.neighbours(a)

        assert len(taken) == len(set(taken)) >= min(NEXT, len(others))
        assert set(taken) <= set(others)
        assert {b.source for b in taken} == {b.source for b in others}
        assert victims[a.id] >= min(NEXT, len(others))


def test_on_request_all_names_are_taken() -> None:
    """Each at a switch that of each other one, and each station that of each other one."""
    plan = town("matsuno")
    names = Names(plan, are_all=True)
    for a in plan.attachments:
        others = {b.id for b in plan.attachments if b.at.switch == a.at.switch and b.at != a.at}
        on_air = {b.id for b in plan.attachments if a.air and b.air == a.air and b.id != a.id}

        assert {b.id for b in names.neighbours(a)} == others
        assert {b.id for b in names.siblings(a)} == on_air


def test_the_windows_take_the_names_that_were_chosen() -> None:
    """Each once, and no other."""
    plan = town("alpha")
    names = Names(plan, are_all=False)
    sent = [c for w in windows(plan, seed=1) for c in w.cases if c.probe == "spoof-neighbour"]
    tried = {(c.source.id, c.spoof) for c in sent if c.spoof}
    wanted = {(a.id, b.id) for a in plan.attachments for b in names.neighbours(a)}

    assert tried == wanted
    assert names_taken(plan, are_all=False) == len(wanted)


def test_what_has_no_target_is_spread_over_the_windows() -> None:
    """Else one window would hold it for everybody, and grow with the town."""
    plan = town("alpha")
    targets = Counter(
        case.target.id
        for window in windows(plan, seed=1, scope=Scope(pairs=every_pair(plan)))
        for case in window.cases
        if case.probe == "spoof-neighbour"
    )

    assert max(targets.values()) * 4 < targets.total()


def test_a_larger_hall_costs_in_proportion(tmp_path: Path) -> None:
    """Twice as many attachments: twice the cases, and no larger window."""
    small, large = hall(tmp_path, 4), hall(tmp_path, 16)
    few, many = list(windows(small, seed=1)), list(windows(large, seed=1))
    cases = [sum(len(w.cases) for w in each) for each in (few, many)]
    talks = [len(chosen_exchanges(p, list(exchanges(p)))) for p in (small, large)]
    times = len(large.attachments) / len(small.attachments)

    assert (len(small.attachments), len(large.attachments)) == (145, 361)
    assert cases[1] < 1.1 * times * cases[0]
    assert talks[1] < 1.1 * times * talks[0]
    assert max(len(w.frames) for w in many) < 60_000


def test_stations_take_the_names_of_a_few(tmp_path: Path) -> None:
    """However many share their SSID."""
    plan = hall(tmp_path, 8)
    names = Names(plan, are_all=False)

    assert {len(names.siblings(a)) for a in plan.attachments if a.air} <= {0, 1, 2, 3, SIBLINGS}
    assert max(len(names.siblings(a)) for a in plan.attachments) == SIBLINGS


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_conversations_leave_out_no_need_and_nobody(name: str) -> None:
    """Every service of every target from every class of every switch; everybody to every class."""
    plan = town(name)
    every = list(exchanges(plan))
    chosen = chosen_exchanges(plan, every)
    needed = {
        (e.source.id, e.target.id, e.service.id)
        for e in every
        for need in plan.must_reach
        if need.covers(e.source, e.target) and e.service.id in need.services
    }

    assert {e for e in every if e.is_named} <= set(chosen)
    assert needed <= {(e.source.id, e.target.id, e.service.id) for e in chosen}
    for key in (
        lambda e: (e.source.source, e.source.at.switch, e.target.id, e.service.id, e.port),
        lambda e: (e.source.id, e.target.destination),
    ):
        assert {key(e) for e in chosen} == {key(e) for e in every}


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_the_victims_of_one_sender_differ_from_target_to_target(name: str) -> None:
    """A rule that lets one address more in at a port is found by whoever takes that address.

    Among those whom a target lets in, and who are neither sender nor target, the port chooses.
    """
    plan, cells = town(name), matrix(town(name))
    sent = [c for w in windows(plan, seed=1) for c in w.cases if c.probe == "spoof-ip"]
    for case in sent:
        others = [
            a
            for a in thirds(plan, case.source, case.target)
            if cells[a.source, case.target.destination].kind is CellKind.ALLOW
        ] or list(thirds(plan, case.source, case.target))
        if others:
            assert case.spoof == others[case.source.at.port % len(others)].id
