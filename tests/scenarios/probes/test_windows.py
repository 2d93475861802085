"""The base gate: the same cases for the same seed, and no pair left out."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest

from scenarios.capture.sentinels import CONTROL_SHAPES
from scenarios.probes.base import PROBES, Once
from scenarios.probes.context import packet
from scenarios.probes.pairs import every_pair
from scenarios.probes.windows import (
    CasePlan,
    Frame,
    Scope,
    Window,
    windows,
)
from sekisho.model import CellKind
from sekisho.packet.packet import Decision
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import matrix
from tests.population import town

OF_TAGS = {"tags", "untagged"}  # at ports under tags alone
EVERY_PAIR = frozenset(probe.id for probe in PROBES if probe.once is Once.PAIR) - OF_TAGS


def gate(name: str, seed: int = 1, suite: str = "gate") -> tuple[Window, ...]:
    """Return the windows of a town."""
    return _gate(name, seed, suite)


@cache
def _gate(name: str, seed: int, suite: str) -> tuple[Window, ...]:
    return tuple(windows(town(name), seed=seed, scope=Scope(suite)))


@cache
def cases(name: str, seed: int = 1, suite: str = "gate") -> list[CasePlan]:
    """Return the cases of a town in order."""
    return [case for window in gate(name, seed, suite) for case in window.cases]


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_the_same_seed_gives_the_same_gate(name: str) -> None:
    """Cases, frames and their order: a run can be repeated."""
    assert tuple(windows(town(name), seed=1)) == gate(name)


def test_of_every_pair_another_seed_changes_only_the_order() -> None:
    """What is tried of all pairs does not depend on chance; when, does."""
    scope = Scope(pairs=every_pair(town("tiny")))
    one, two = (tuple(windows(town("tiny"), seed=seed, scope=scope)) for seed in (1, 2))

    assert [w.cases for w in one] == [w.cases for w in two]
    assert [w.frames for w in one] != [w.frames for w in two]
    assert [sorted(w.frames, key=repr) for w in one] == [sorted(w.frames, key=repr) for w in two]


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno"])
def test_every_pair_of_an_applicable_cell_is_tried_with_every_probe(name: str) -> None:
    """On request: every attachment against every other device's, whatever the cell."""
    plan, cells = town(name), matrix(town(name))
    tried: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for window in windows(plan, seed=1, scope=Scope(pairs=every_pair(plan))):
        for case in window.cases:
            tried[case.source.id, case.target.id].add(case.probe)
    left_out = (CellKind.NOT_APPLICABLE, CellKind.EXTERNAL)
    wanted = [
        (a.id, b.id)
        for a in plan.attachments
        for b in plan.attachments
        if a.device != b.device and cells[a.source, b.destination].kind not in left_out
    ]
    offers = {a.id: bool(plan.device[a.device].services) for a in plan.attachments}
    short = {
        pair: EVERY_PAIR - tried[pair]
        for pair in wanted
        if EVERY_PAIR - tried[pair] - (set() if offers[pair[1]] else {"service"})
    }

    assert wanted
    assert short == {}
    assert set(tried) == set(wanted)


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_the_rest_is_tried_once_a_subnet(name: str) -> None:
    """Where the target itself plays no part, once from each class of each switch is enough.

    And from everybody into the networks of whom he tries with every probe.
    """
    plan = town(name)
    every = [(c.source, str(plan.subnet(c.target)), c.probe) for c in cases(name)]
    possible = {
        (plan.attachment[a], str(plan.subnet(plan.attachment[b])))
        for a, b in every_pair(plan).depth
    }
    for probe in sorted(probe.id for probe in PROBES if probe.once is Once.SUBNET):
        tried = [(source, place) for source, place, own in every if own == probe]
        whole = {(source, place) for source, place, own in every if own == "spoof-both"}

        assert len(tried) == len(set(tried))
        assert whole <= set(tried)
        assert {(a.source, a.at.switch, place) for a, place in tried} == {
            (a.source, a.at.switch, place) for a, place in possible
        }


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_on_request_everybody_tries_every_subnet(name: str) -> None:
    """Whoever has the time."""
    plan = town(name)
    pairs = every_pair(plan)
    possible = {(a, str(plan.subnet(plan.attachment[b]))) for a, b in pairs.depth}
    sent = [c for w in windows(plan, seed=1, scope=Scope(pairs=pairs)) for c in w.cases]
    for probe in sorted(probe.id for probe in PROBES if probe.once is Once.SUBNET):
        tried = [(c.source.id, str(plan.subnet(c.target))) for c in sent if c.probe == probe]

        assert len(tried) == len(set(tried))
        assert set(tried) == possible


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_what_has_no_target_is_tried_once_by_everyone(name: str) -> None:
    """Questions to the switch itself do not depend on whom they are about."""
    sources = {case.source.id for case in cases(name)}
    for probe in sorted(probe.id for probe in PROBES if probe.once is Once.SOURCE):
        tried = {case.source.id for case in cases(name) if case.probe == probe}

        assert tried == sources


def test_a_large_town_is_tried_with_many_frames() -> None:
    """At least 10,000 frames for the town hall and its branches."""
    assert sum(len(window.frames) for window in gate("matsuno")) >= 10_000


def test_every_frame_belongs_to_a_case_of_its_window() -> None:
    """And every case has a frame: a case without one could not be judged."""
    for window in gate("matsuno"):
        assert {f.case for f in window.frames} == {c.number for c in window.cases}


def test_case_numbers_are_unique() -> None:
    """A test number names one case of a run."""
    numbers = [case.number for case in cases("matsuno")]

    assert numbers == list(range(1, len(numbers) + 1))
    assert cases("tiny")[0].name == "T-000001"


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_a_case_has_one_expectation(name: str) -> None:
    """All its frames arrive at one attachment, or die by one rule, as the policy says."""
    policy = Policy(town(name))
    for window in gate(name):
        by_number = {case.number: case for case in window.cases}
        for frame in window.frames:
            case = by_number[frame.case]
            ruling = policy.ruling(packet(frame.shape, frame.fields, case.source.at))
            to = ruling.to.id if ruling.verdict is Decision.ALLOW and ruling.to else ""

            assert (to, ruling.drop) == (case.to, case.drop)


def test_each_case_is_denied_or_delivered() -> None:
    """Exactly one of the two is expected, and its line of the plan is known."""
    assert all(bool(c.to) != bool(c.drop) and c.where for c in cases("matsuno"))


def test_both_expectations_occur() -> None:
    """A gate without permitted frames would pass on a dead network."""
    allowed = [case for case in cases("matsuno") if case.to]

    assert 100 < len(allowed) < len(cases("matsuno")) / 2


def test_every_allowed_cell_has_a_frame_that_must_arrive() -> None:
    """No clause of the plan goes untried."""
    clauses = {case.clause for case in cases("matsuno") if case.to and case.clause != "arp"}

    assert clauses == {clause.id for clause in town("matsuno").clauses}


def test_a_spoof_names_its_victim() -> None:
    """Who was posed as stands in the evidence, and is never the spoofer."""
    spoofs = [c for c in cases("matsuno") if c.probe in ("spoof-ip", "spoof-mac", "spoof-both")]

    assert all(c.spoof and c.spoof != c.source.id for c in spoofs)
    assert all(
        c.is_residual or town("matsuno").attachment[c.spoof].at != c.source.at for c in spoofs
    )


def test_two_frames_of_a_window_never_share_ports() -> None:
    """An answer is told by its addresses and ports, so each frame has its own pair of them."""
    for window in gate("tiny"):
        seen: dict[tuple[object, ...], Frame] = {}
        for frame in window.frames:
            f = frame.fields
            key = (frame.shape, f.eth_src, f.ip_src, f.ip_dst, f.sport, f.dport, f.eth_dst)
            if frame.shape in ("tcp", "udp") and f.sport >= 20000:
                assert key not in seen
                seen[key] = frame


def test_every_shape_has_a_twin() -> None:
    """A capture that cannot hear a shape would look like a controller that drops it."""
    sent = {frame.shape for name in ("tiny", "matsuno") for w in gate(name) for frame in w.frames}

    assert sent <= set(CONTROL_SHAPES)


def test_a_smoke_run_is_a_small_part_of_the_gate() -> None:
    """One pair of classes a pair of sites, a few probes: no place that the gate leaves out."""

    def places(suite: str) -> set[tuple[str, ...]]:
        pairs = ((c.source, c.target) for c in cases("matsuno", suite=suite))
        return {(a.source, a.site, b.destination, b.site) for a, b in pairs}

    assert places("smoke") == places("gate")
    assert len(cases("matsuno", suite="smoke")) < len(cases("matsuno")) / 4
