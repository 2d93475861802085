"""The shipped situations fit the shipped plans, and an author who misreads a plan is told."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import pytest

from scenarios.exchange import Exchange, exchanges
from scenarios.gate import CasePlan, windows
from scenarios.selection import Selection
from scenarios.situations import account, applied, check_words, contradictions
from sekisho.errors import UsageError
from sekisho.matrix import matrix
from sekisho.model import CellKind, Plan
from sekisho.situation import Situation, find, for_normal, read, shipped, shipped_files
from sekisho.situation import shipped_plans as load_plans

_DARK = {"controller-killed", "line-cut"}


@cache
def plans() -> tuple[Plan, ...]:
    """Load the shipped plans."""
    return tuple(load_plans())


@cache
def tried(town: str) -> tuple[tuple[CasePlan, ...], tuple[Exchange, ...]]:
    """Generate the gate of a plan, and its conversations."""
    plan = _plan(town)
    cases = tuple(case for window in windows(plan, seed=1) for case in window.cases)
    return cases, tuple(exchanges(plan))


def _plan(town: str) -> Plan:
    return next(plan for plan in plans() if plan.id == town)


def _written(folder: Path, **changes: str) -> Situation:
    keys = {
        "situation": "1",
        "id": "mine",
        "intent": "{ja: 試す, en: To try}",
        "requirements": "[MN-01]",
        "what": "[service, exchange]",
        "expect": "policy",
        "towns": "{tiny: {who: [S1], to: [D1]}}",
    } | changes
    path = folder / "mine.yaml"
    path.write_text("".join(f"{k}: {v}\n" for k, v in keys.items()), encoding="utf-8")
    return read(path, plans())


@pytest.mark.parametrize("path", shipped_files(), ids=lambda path: path.stem)
def test_a_shipped_situation_names_only_what_there_is(path: Path) -> None:
    """Its file bears its id; its towns, classes, probes and states exist."""
    situation = read(path, plans())
    check_words([situation], plans())

    assert situation.id == path.stem
    assert any(situation.not_applicable(plan) is None for plan in plans())


@pytest.mark.parametrize("town", ["tiny", "alpha", "matsuno"])
def test_a_shipped_situation_has_cases_and_no_contradiction(town: str) -> None:
    """Whatever applies to a plan matches some case of its gate, and reads the plan right."""
    cases, talks = tried(town)
    chosen = applied(shipped(), _plan(town))
    idle = [
        one.situation.id
        for one in chosen
        if not any(map(one.wants, cases)) and not any(map(one.wants_exchange, talks))
    ]

    assert chosen
    assert idle == []
    assert contradictions(chosen, _plan(town), cases, talks) == {}


@pytest.mark.parametrize("town", ["tiny", "alpha", "matsuno"])
def test_page_one_is_tried_by_situations_in_the_dark_too(town: str) -> None:
    """Every denied pair of every line: also with a dead guard and on the spare line."""
    plan, cells = _plan(town), matrix(_plan(town))
    chosen = applied(shipped(), plan)
    missing = set()
    for line in plan.must_drop:
        is_about_all = not line.sources and not line.is_by_facts
        pairs = product(plan.attachments, plan.attachments)
        named = {(a.source, b.destination) for a, b in pairs if line.covers(a, b)}
        for source, destination in sorted(named):
            if cells[source, destination].kind is not CellKind.DENY or is_about_all:
                continue  # a line about every class says of each what the others say
            found = [
                one.situation
                for one in chosen
                if (not one.part.who or source in one.part.who)
                and (not one.part.to or destination in one.part.to)
            ]
            if not any(set(one.states) >= _DARK for one in found):
                missing.add((line.number, source, destination))

    assert missing == set()


def test_a_plan_that_lets_through_what_its_author_thinks_dropped_is_told(tmp_path: Path) -> None:
    """With the case and the line of the plan that lets it through."""
    plan, (cases, talks) = _plan("tiny"), tried("tiny")
    situation = _written(tmp_path, reading="dropped")
    (entry,) = account([situation], plan, suite="gate", cases=cases, talks=talks)
    found = entry["contradictions"]

    assert {one["cell"] for one in found} == {"S1/D1"}
    assert {one["case"][:2] for one in found} == {"T-", "X-"}
    assert all("tiny.yaml:" in one["where"] for one in found)


def test_a_plan_that_shuts_what_its_author_thinks_open_is_told(tmp_path: Path) -> None:
    """Of every pair of classes at least one way must be open."""
    plan, (cases, talks) = _plan("tiny"), tried("tiny")
    towns = "{tiny: {who: [S1, S2], to: [D1]}}"
    chosen = applied([_written(tmp_path, reading="passed", towns=towns)], plan)
    (found,) = contradictions(chosen, plan, cases, talks).values()

    assert [(one["cell"], one["case"]) for one in found] == [("S2/D1", "")]


def test_a_situation_chooses_its_cases_and_their_twins(tmp_path: Path) -> None:
    """Its own cases and conversations, and the permitted frames that prove them."""
    plan = _plan("tiny")
    situation = _written(tmp_path, towns="{tiny: {who: [S2], to: [D1]}}")
    selection = Selection(situations=applied([situation], plan))
    narrowed, left_out = selection.narrowed(windows(plan, seed=1))
    cases = [case for window in narrowed for case in window.cases]

    assert {(c.probe, c.cell.mark) for c in cases if not c.to} == {("service", "×!")}
    assert [c.source.source for c in cases if c.to] == ["S1"]
    assert left_out == len(tried("tiny")[0]) - sum(map(selection.wants, cases))
    assert not any(map(selection.wants_exchange, tried("tiny")[1]))


def test_what_a_suite_does_not_send_is_said(tmp_path: Path) -> None:
    """A family of the catalogue in the gate: not tried, and not passed."""
    plan = _plan("tiny")
    both = _written(tmp_path, what="[service, VL]")
    (entry,) = account([both], plan, suite="gate", cases=(), talks=())
    alone = _written(tmp_path, what="[VL-05]")
    (other,) = account([alone], plan, suite="smoke", cases=(), talks=())

    assert (entry["probes"], entry["untried"], entry["reason_en"]) == (["service"], ["VL"], "")
    assert (other["probes"], other["reason_en"]) == ([], "nothing of it is in this suite")


def test_a_situation_of_another_plan_or_state_is_refused_by_name() -> None:
    """Nothing is tried silently in its place."""
    tiny = _plan("tiny")
    with pytest.raises(UsageError, match=r"nothing to try .* no class of tiny, only of matsuno"):
        for_normal([find("telephones", tiny)], tiny)
    with pytest.raises(UsageError, match=r"sekisho disturb .* --situation undocked-session"):
        for_normal([find("undocked-session", tiny)], tiny)
    with pytest.raises(UsageError, match="did you mean 'telephones'"):
        find("telephone", tiny)
