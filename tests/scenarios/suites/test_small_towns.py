"""Towns of two or three devices: a first plan is so small, and must be tried like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.attacks import load_families
from scenarios.mutants import beside, hosts, instrument, plan_file, settings
from scenarios.probes.pairs import lacks_thirds
from scenarios.probes.windows import CasePlan, windows
from scenarios.results.manifest import manifest
from scenarios.suites.attack_cases import Catalogue, representative_pairs
from scenarios.suites.scope import Run
from sekisho.compiler.tables import compile_town
from sekisho.model import Plan
from sekisho.mutation.plan_faults import plan_faults
from sekisho.mutation.table_faults import table_faults
from sekisho.openflow.rules import drop_point
from sekisho.plan import load
from tests.population import town
from tests.small import clause, server, service, small, terminal

_STRANGER = "02:99:00:00:00:01"


def _cases(plan: Plan) -> list[CasePlan]:
    return [case for window in windows(plan, seed=1) for case in window.cases]


def _nobody_else(folder: Path) -> Path:
    """Two devices are known, and a third is plugged in that nobody has registered."""
    third = terminal(5, registered=False)
    return small(folder, devices={"pc": terminal(1), "srv": server(3, "web"), "odd": third})


@pytest.mark.parametrize("make", [small, _nobody_else], ids=["two", "one unknown"])
def test_a_town_of_one_terminal_and_one_server_is_tried(make: object, tmp_path: Path) -> None:
    """Who has nobody else's name to take takes that of his target, at his own port."""
    assert callable(make)
    cases = _cases(load(make(tmp_path)))
    posed = [c for c in cases if c.probe == "spoof-both" and (c.source.device, c.target.device)
             == ("pc", "srv")]  # fmt: skip

    assert [(c.spoof, bool(c.to)) for c in posed] == [("srv.lan", False)]
    assert {c.probe for c in cases} >= {"service", "icmp", "spoof-ip", "spoof-mac", "foreign-l2"}


def test_what_needs_a_third_device_is_listed_as_not_tested(tmp_path: Path) -> None:
    """And is not where each pair has somebody beside it."""
    run, kernel = (
        Run("r", "gate", 1, "", ""),
        dict.fromkeys(("netem", "openvswitch", "8021q"), True),
    )
    told = {
        plan.id: [
            line["id"] for line in manifest(plan, run, started="", features=kernel)["not_tested"]
        ]
        for plan in (load(small(tmp_path)), town("tiny"))
    }

    assert "third" in told["small"]
    assert "third" not in told["tiny"]
    assert not lacks_thirds(town("matsuno"))


def test_the_whole_catalogue_has_a_cast_in_a_town_of_two(tmp_path: Path) -> None:
    """The target plays every other part; every entry that is sent anywhere is sent here."""
    plan = load(small(tmp_path))
    catalogue = Catalogue(plan, seed=1, first_case=1, first_window=1)
    sent = list(catalogue.windows(load_families(), representative_pairs(plan)))

    assert sum(len(window.cases) for window in sent) > 300


@pytest.mark.parametrize("devices", [2, 3])
def test_faults_can_be_planted_in_a_small_town(devices: int, tmp_path: Path) -> None:
    """Nobody there is denied a service that somebody else runs: then anything that is denied."""
    more = {"pc2": terminal(2)} if devices == 3 else {}
    plan = load(small(tmp_path, devices={"pc": terminal(1), "srv": server(3, "web"), **more}))
    planted = [*hosts.mutants(plan), *settings.mutants(plan), *plan_file.mutants(plan)]
    planted += [*instrument.mutants(plan), *beside.mutants(plan, each=3, seed=1)]

    assert {"N-01", "N-08", "N-19", "N-23"} <= {name for each in planted for name in each.ids}


def test_a_town_that_denies_nothing_has_no_such_faults(tmp_path: Path) -> None:
    """Then what is made for somebody who is denied something is left out, and nothing falls."""
    plan = load(small(tmp_path))
    every = tuple(c.id for c in plan.sources)
    allows = tuple(
        replace(plan.clauses[0].allows[0], sources=every, destination=d.id)
        for d in plan.destinations
    )
    open_ = replace(plan, clauses=(replace(plan.clauses[0], allows=allows),))

    assert {fault.id for fault in beside.faults(open_)} == {"N-22", "N-24"}


def test_a_planted_class_that_the_plan_has_not_is_counted_all_the_same(tmp_path: Path) -> None:
    """Each fault of a table names its rules by numbers; whatever they are, they have a place."""
    plan = load(small(tmp_path))
    tables = compile_town(plan)
    faults = [*table_faults(tables, seed=1, count=10_000)]
    faults += plan_faults(plan, tables, seed=1, each=100)
    points = {
        drop_point(edit.add.cookie, edit.switch, plan)
        for fault in faults
        for edit in fault.edits
        if edit.add is not None
    }

    assert "S2/no. 3" in {point.key for point in points if point is not None}


def test_two_clauses_on_one_port_are_no_mistake(tmp_path: Path) -> None:
    """What the second lets on, the first lets on already; `plan lint` says so elsewhere."""
    services = {"web": service([443], "https"), "wide": service(["400-500"], "http")}
    devices = {"pc": terminal(1), "srv": server(3, "web"), "old": server(4, "wide")}
    policy = [clause("A01", "web"), clause("A02", "wide")]
    plan = load(small(tmp_path, services=services, devices=devices, policy=policy))

    assert len(plan.clauses) == 2
