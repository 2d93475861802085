"""Seeded faults are many, different, reproducible, and each really changes a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.model import JST, Plan, Term
from sekisho.model.terms import at
from sekisho.mutation.operators import OPERATORS
from sekisho.mutation.plan_faults import FAMILIES, plan_faults
from sekisho.mutation.table_faults import Edit, Fault, combine, table_faults
from sekisho.openflow.rules import Rule
from sekisho.plan import load
from topologies.ovs.ofctl import flow_words

_ROOT = Path(__file__).parents[3]
_TINY = _ROOT / "topologies" / "tiny.yaml"
_MATSUNO = _ROOT / "topologies" / "matsuno.yaml"


@cache
def rules(plan: Path) -> dict[str, tuple[Rule, ...]]:
    """Compile a plan."""
    return compile_town(load(plan))


def test_there_are_two_hundred_different_faults_and_more() -> None:
    """A real town's tables give as many as are asked for, none of them twice."""
    faults = table_faults(rules(_MATSUNO), seed=1, count=400)

    assert len(faults) == 400
    assert len(set(faults)) == 400


def test_every_operator_takes_its_turn() -> None:
    """No operator is silently without candidates."""
    faults = table_faults(rules(_TINY), seed=1, count=len(OPERATORS))

    assert {fault.ids for fault in faults} == set(OPERATORS)


def test_only_faults_of_an_id_are_drawn_where_one_is_wanted() -> None:
    """By either list."""
    faults = table_faults(rules(_TINY), seed=1, count=20, ids=("M02", "M-39"))

    assert {fault.ids for fault in faults} == {("M-26", "M02"), ("M-39",)}


def test_a_seed_gives_the_same_faults_again() -> None:
    """A survivor can be looked at again."""
    assert table_faults(rules(_TINY), seed=7, count=50) == table_faults(
        rules(_TINY), seed=7, count=50
    )


@pytest.mark.parametrize("plan", [_TINY, _MATSUNO], ids=["tiny", "matsuno"])
def test_every_fault_changes_the_tables(plan: Path) -> None:
    """A fault that changes nothing would be killed by nobody and prove nothing."""
    tables = rules(plan)
    faults = table_faults(tables, seed=3, count=150)
    faults += plan_faults(load(plan), tables, seed=3, each=2)

    assert [fault for fault in faults if fault.applied(tables) == tables] == []


@cache
def _with_a_rule_that_ended() -> tuple[Plan, dict[str, tuple[Rule, ...]]]:
    """The town of matsuno, a year after its first rule has ended."""
    plan = load(_MATSUNO)
    first = replace(plan.clauses[0], until=Term("2020-01-01", datetime(2020, 1, 2, tzinfo=JST)))
    plan = at(replace(plan, clauses=(first, *plan.clauses[1:])), datetime(2021, 1, 1, tzinfo=JST))
    return plan, compile_town(plan)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_kind_of_larger_fault_has_candidates_in_a_town(family: object) -> None:
    """Parts left out, people taken for others, one member too many: none is an empty promise."""
    assert family in FAMILIES
    assert next(FAMILIES[FAMILIES.index(family)](*_with_a_rule_that_ended()), None)


def test_every_fault_can_be_said_to_a_switch() -> None:
    """Each rule that comes has words in ovs-ofctl."""
    faults = table_faults(rules(_MATSUNO), seed=2, count=300)
    coming = [edit.add for fault in faults for edit in fault.edits if edit.add is not None]

    assert coming
    assert all(flow_words(rule).startswith("cookie=0x5e") for rule in coming)


def test_a_fault_names_its_rule() -> None:
    """What is taken out is what it is about; else what is put in."""
    rule = rules(_TINY)["floor"][0]

    assert Edit("floor", rule, None).rule == rule
    assert Edit("floor", None, rule).rule == rule


def test_two_faults_at_once_change_what_each_of_them_changes() -> None:
    """A fault of the second order has the edits of both."""
    first, second = rules(_TINY)["floor"][:2]
    one = Fault(("M-01",), "one", (Edit("floor", first, None),))
    other = Fault(("M-02",), "other", (Edit("floor", second, None),))
    left = combine(one, other).applied(rules(_TINY))["floor"]

    assert set(rules(_TINY)["floor"]) - set(left) == {first, second}
