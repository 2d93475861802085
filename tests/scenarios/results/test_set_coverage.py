"""Rules that did not count are told, and a counter that somebody else raised hides none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from scenarios.results.set_coverage import Met, met
from scenarios.suites.covering import CoverSuite
from scenarios.suites.scope import Run
from sekisho.compiler.tables import compile_town
from sekisho.coverage.regions import Place
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.pipeline import Table
from sekisho.openflow.rule_text import wanted
from sekisho.openflow.rules import Cookie, Kind
from tests.sekisho.coverage.test_probe_set import town

_SUITE = CoverSuite(town("tiny"), Run("run", "coverage", 1, "", ""), {})
_Lines = dict[str, list[FlowLine]]


def _counters(packets: Mapping[Place, int]) -> _Lines:
    """Return what the switches of the tiny town dump, with these counters."""
    out = _Lines()
    for switch, rules in compile_town(town("tiny")).items():
        for rule in rules:
            said = wanted(rule)
            text = said[said.index("priority=") :]
            count = packets.get(Place(switch, rule), 0)
            line = FlowLine(rule.cookie, rule.table, rule.priority, count, text)
            out.setdefault(switch, []).append(line)
    return out


def _due() -> Counter[Place]:
    """Return how often each rule is met by everything that is sent."""
    sent = _SUITE.sent
    return Counter(place for p in (*sent.frames.values(), *sent.talks) for place in p.meets)


def _met(packets: Mapping[Place, int], talks: Iterable[int] | None = None) -> Met:
    sent = _SUITE.sent
    return met(
        town("tiny"),
        _SUITE.chosen,
        sent=sent.frames.values(),
        talks=sent.talks if talks is None else (),
        counters=(_counters({}), _counters(packets)),
    )


def test_rules_that_all_counted_are_met() -> None:
    """Each at least as often as it was met on purpose."""
    found = _met(_due())

    assert (found.short, found.untried, found.odd) == ((), (), ())
    assert found.rules == len(_SUITE.chosen.live)


def test_a_rule_that_counted_too_little_is_told_with_both_numbers() -> None:
    """One packet less than was sent is enough: it died before, and nobody knows where."""
    due = _due()
    place = max(due, key=lambda each: due[each])
    (short,) = _met(due | {place: 1}).short

    assert (short.place, short.counted) == (place, 1)
    assert 1 < short.due <= due[place]


def test_a_rule_that_was_not_tried_is_not_met() -> None:
    """Also where its counter rose: by whom is not known."""
    found = _met(_due(), talks=())
    kinds = {Cookie.parse(place.rule.cookie) for place in found.untried}

    assert {kind.kind for kind in kinds if kind} >= {Kind.REPLY, Kind.CONTINUE}
    assert found.rules == len(_SUITE.chosen.live) - len(found.untried)


def test_a_rule_that_nothing_comes_to_must_not_count() -> None:
    """Unless it is asked of what comes in by a line: there the sentinels of a run do."""
    dead = [d.place for d in _SUITE.chosen.dead if d.place.rule.table == Table.POLICY]
    trunk = [d.place for d in _SUITE.chosen.dead if _is_of_a_line(d.place)]
    found = _met(_due() | {dead[0]: 1, trunk[0]: 1})

    assert [each.place for each in found.odd] == [dead[0]]


def _is_of_a_line(place: Place) -> bool:
    cookie = Cookie.parse(place.rule.cookie)
    return cookie is not None and cookie.kind is Kind.DROP_TRUNK
