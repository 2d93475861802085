"""What is noted of rules that did not count as they should: a finding, or a doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scenarios.engine.config_watch import ConfigWatch
from scenarios.results.set_coverage import Met, Short
from scenarios.run.covering import Covering, names_of, note_rules
from scenarios.run.runner import Check
from scenarios.suites.covering import CoverSuite
from scenarios.suites.scope import Run
from tests.sekisho.coverage.test_probe_set import town

_SUITE = CoverSuite(town("tiny"), Run("run", "coverage", 1, "", ""), {})
_NAMES = names_of(_SUITE)


def _noted(met: Met, undecided: set[str]) -> list[tuple[bool, str]]:
    around = object.__new__(ConfigWatch)
    around.differences = []
    note_rules(around, met, undecided, _NAMES)
    return [(each.is_finding, each.en) for each in around.differences]


def _short(count: int) -> Met:
    """Return what the counters say where *count* rules did not count, each met by a packet."""
    probes = [*_SUITE.sent.frames.values(), *_SUITE.sent.talks]
    short = [Short(p.meets[-1], 1, 0, (p,)) for p in probes[:count]]
    return Met(0, tuple(short), (), ())


def test_every_packet_has_a_case() -> None:
    """A frame its own, and packets of one conversation the same."""
    sent = _SUITE.sent
    talks = {p.talk.number for p in sent.talks if p.talk is not None}

    assert set(_NAMES) == {id(p) for p in (*sent.frames.values(), *sent.talks)}
    held = {name for name in _NAMES.values() if name.startswith("X-")}
    assert held == {f"X-{n:06d}" for n in range(1, len(talks) + 1)}
    assert len(_SUITE.exchanges()) == len(talks)


def test_a_rule_whose_packet_was_judged_is_a_finding() -> None:
    """And where its packet could not be judged, a doubt."""
    met = _short(1)
    (probe,) = met.short[0].probes

    assert [is_finding for is_finding, _ in _noted(met, set())] == [True]
    assert [is_finding for is_finding, _ in _noted(met, {_NAMES[id(probe)]})] == [False]


def test_a_rule_of_a_conversation_that_could_not_be_judged_is_a_doubt() -> None:
    """Whatever stood still while it was held."""
    probe = _SUITE.sent.talks[0]
    met = replace(_short(0), short=(Short(probe.meets[-1], 1, 0, (probe,)),))

    assert [is_finding for is_finding, _ in _noted(met, {_NAMES[id(probe)]})] == [False]


@pytest.mark.parametrize("is_judged", [True, False])
def test_many_doubts_are_no_finding(is_judged: bool) -> None:
    """A right town on a machine that stood still is not called wrong, however many rules it has."""
    undecided = set() if is_judged else set(_NAMES.values())
    noted = _noted(_short(30), undecided)

    assert len(noted) == 21
    assert {is_finding for is_finding, _ in noted} == {is_judged}
    assert noted[-1][1] == "10 more rules"


def test_the_suite_claims_no_proof() -> None:
    """Its packets are chosen from the sets of all packets; what the plan means is not compared."""
    assert Covering._is_proved is Check._is_proved
