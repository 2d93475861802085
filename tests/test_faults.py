"""Seeded faults are many, different, reproducible, and each really changes a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.compiler import compile_town
from sekisho.faults import OPERATORS, Fault, table_faults
from sekisho.plan import load
from sekisho.rules import Rule
from topologies.ofctl import flow_words

_ROOT = Path(__file__).parents[1]
_TINY = _ROOT / "topologies" / "tiny.yaml"
_MATSUNO = _ROOT / "topologies" / "matsuno.yaml"


def rules(plan: Path) -> dict[str, tuple[Rule, ...]]:
    """Compile a plan."""
    return compile_town(load(plan))


def test_there_are_two_hundred_different_faults_and_more() -> None:
    """A real town's tables give as many as are asked for, none of them twice."""
    faults = table_faults(rules(_MATSUNO), seed=1, count=400)

    assert len(faults) == 400
    assert len({(f.operator, f.switch, f.remove, f.add) for f in faults}) == 400


def test_every_operator_takes_its_turn() -> None:
    """No operator is silently without candidates."""
    faults = table_faults(rules(_TINY), seed=1, count=len(OPERATORS))

    assert {fault.operator for fault in faults} == set(OPERATORS)


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

    assert all(fault.applied(tables[fault.switch]) != tables[fault.switch] for fault in faults)


def test_every_fault_can_be_said_to_a_switch() -> None:
    """Each rule that comes has words in ovs-ofctl."""
    faults = table_faults(rules(_MATSUNO), seed=2, count=300)

    assert all(flow_words(f.add).startswith("cookie=0x5e") for f in faults if f.add is not None)


def test_a_fault_names_its_rule() -> None:
    """What is taken out is what it is about; else what is put in."""
    rule = rules(_TINY)["floor"][0]

    assert Fault("M-01", "floor", "gone", rule, None).rule == rule
    assert Fault("M-10", "floor", "wide", None, rule).rule == rule
