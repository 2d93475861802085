"""The shipped situations fit the shipped plans, and an author who misreads a plan is told."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import pytest

from scenarios.events.registry import event_ids
from scenarios.probes.windows import CasePlan, windows
from scenarios.suites.scenarios import account, applied, check_words, contradictions
from scenarios.suites.selection import Selection
from scenarios.suites.services import Exchange, exchanges
from sekisho.errors import UsageError
from sekisho.model import CellKind, Plan, Protection
from sekisho.plan import load
from sekisho.policy.matrix import matrix
from sekisho.scenario.library import PLANS, find, for_normal, shipped, shipped_files
from sekisho.scenario.library import shipped_plans as load_plans
from sekisho.scenario.reading import read
from sekisho.scenario.situation import Situation

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
    check_words([situation], event_ids(plans()))

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
                if not one.part.is_by_facts
                and (not one.part.who or source in one.part.who)
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
    with pytest.raises(UsageError, match=r"nothing to try .* tiny has no such source: telephone"):
        for_normal([find("telephones", tiny)], tiny)
    with pytest.raises(UsageError, match=r"sekisho chaos .* --scenario undocked-session"):
        for_normal([find("undocked-session", tiny)], tiny)
    with pytest.raises(UsageError, match="did you mean 'telephones'"):
        find("telephone", tiny)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Matsuno under another name: a plan whose classes no situation knows."""
    text = (PLANS / "matsuno.yaml").read_text("utf-8")
    path = tmp_path_factory.mktemp("elsewhere") / "asahi.yaml"
    path.write_text(text.replace("id: matsuno", "id: asahi", 1), "utf-8")
    return load(path)


def test_most_situations_apply_to_a_plan_that_nobody_here_has_seen(elsewhere: Plan) -> None:
    """By facts; the others need words of the town's own, and say which towns they know."""
    reasons = {each.id: each.not_applicable(elsewhere) for each in shipped()}
    apply = {name for name, reason in reasons.items() if reason is None}

    assert len(apply) >= 30
    assert {"wireless-resident", "internet-inside", "telephones", "unregistered-branch"} <= apply
    assert all("it names no class of asahi" in r.en for r in reasons.values() if r is not None)


def test_by_facts_a_situation_speaks_of_whoever_stands_there(elsewhere: Plan) -> None:
    """Everybody on an air, whatever his class, towards every zone that is so protected."""
    (one,) = (each for each in shipped() if each.id == "wireless-resident")
    part = one.part(elsewhere)
    resident = Protection.RESIDENT
    there = (a.id for a in elsewhere.attachments if elsewhere.protection(a) is resident)

    assert part is not None
    assert part.is_by_facts
    assert part.senders == frozenset(a.id for a in elsewhere.attachments if a.air)
    assert part.targets == frozenset(there)


def test_by_facts_nobody_reads_a_plan_that_he_does_not_know(elsewhere: Plan) -> None:
    """What must become of it is the plan's word; only for the named towns an author reads more."""
    told = account(shipped(), elsewhere, suite="gate", cases=(), talks=())
    by_facts = [each for each in told if "senders" in each]

    assert by_facts
    assert all(each["reading"] == "" and not each["contradictions"] for each in by_facts)


def test_a_plan_without_such_a_one_says_whom_it_lacks() -> None:
    """Tiny has no printer."""
    (one,) = (each for each in shipped() if each.id == "printer-dead-end")
    reason = one.not_applicable(_plan("tiny"))

    assert reason is not None
    assert reason.en == "tiny has no such source: printer"
    assert reason.ja == "tiny に該当する送信元がない(複合機・プリンタ)"
