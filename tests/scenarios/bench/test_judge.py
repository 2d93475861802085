"""The bench of two judges counts what it should, and tells a judge that is wrong."""

from __future__ import annotations

from scenarios.bench.judge import OTHER, WRONG, counted, outcome
from sekisho.model import PortRef
from sekisho.mutation.table_faults import table_faults
from tests.population import town
from tests.test_meaning import tables


def test_faults_of_one_rule_are_told_alike() -> None:
    """None missed, no false alarm, by the bench's own count."""
    counts, lines = counted(town("tiny"), table_faults(tables("tiny"), seed=11, count=6))

    assert lines == []
    assert counts.total() == 6


def test_the_bench_tells_a_judge_that_is_wrong() -> None:
    """A judge that says nothing, everything, or something else is counted as that."""
    pair = ("forbidden", PortRef("floor", 1), PortRef("room", 1))
    other = ("missing", PortRef("floor", 1), PortRef("room", 1))
    one, two, none = (
        frozenset({pair}),
        frozenset({other}),
        frozenset[tuple[str, PortRef, PortRef]](),
    )

    assert [outcome(*said) for said in ((none, one), (one, none), (one, two), (None, one))] == [
        *WRONG[:2],
        OTHER,
        WRONG[3],
    ]
    faults = table_faults(tables("tiny"), seed=11, count=3)
    counts, lines = counted(town("tiny"), faults, (lambda *_: one, lambda *_: none))
    assert counts.total() == len(lines) == len(faults)
