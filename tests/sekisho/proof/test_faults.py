"""Seeded faults of one rule each, and towns drawn at random: nothing missed, no false alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from scenarios.bench.random_plan import random_plan
from scenarios.mutants.equivalence import _INSIDE, _aimed
from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError
from sekisho.mutation.table_faults import Fault, table_faults
from sekisho.openflow.reference_switch import Fabric, Outcome
from sekisho.packet.packet import Packet
from sekisho.plan import load
from sekisho.proof.verdict import Difference, prove
from sekisho.proof.witness import Walker
from tests.population import population, town
from tests.test_meaning import tables

_FAULTS, _SEED, _MOST = 60, 5, 2000


def test_no_fault_is_missed_and_none_is_made_up() -> None:
    """What a packet of many shows, the sets show; what the sets show, a packet shows."""
    plan, found = town("tiny"), Counter[str]()
    for fault in table_faults(tables("tiny"), seed=_SEED, count=_FAULTS):
        try:
            told = prove(plan, fault.applied(tables("tiny"))).differences
        except RefusedError:
            found["refused"] += 1
            continue
        found["told" if told else "silent"] += 1
        confirm(fault, told)
        if not told:
            assert shown_by(fault) is None, fault

    assert found.total() == _FAULTS
    assert found["told"] > _FAULTS / 5
    assert found["silent"] > 0


def confirm(fault: Fault, told: tuple[Difference, ...]) -> None:
    """Have the reference switch carry the packet of every difference."""
    walker = Walker(town("tiny"), fault.applied(tables("tiny")))
    for difference in told:
        assert walker.shown(difference).steps, fault


def shown_by(fault: Fault) -> Packet | None:
    """Return a packet that arrives otherwise with the fault than without it."""
    wrong = Fabric(town("tiny"), fault.applied(tables("tiny")))
    packets = [*population("tiny", 1000), *_aimed(town("tiny"), fault)][:_MOST]
    return next((p for p in packets if arrived(wrong.send(p)) != fared(p)), None)


@cache
def right() -> Fabric:
    """Return the tiny town as it should be."""
    return Fabric(town("tiny"), tables("tiny"))


def fared(packet: Packet) -> Sequence[object]:
    """Return where *packet* arrives in the town as it should be."""
    return arrived(right().send(packet))


def arrived(outcome: Outcome) -> Sequence[object]:
    """Return where a packet arrives, and as what."""
    return sorted(
        (port, tuple(field for field in headers if field[0] not in _INSIDE))
        for port, headers in outcome.delivered
    )


@pytest.mark.parametrize("seed", range(8))
def test_towns_drawn_at_random_are_proved(tmp_path: Path, seed: int) -> None:
    """Any town, with any services, airs, backup lines and permissions between single devices."""
    path = tmp_path / "plan.yaml"
    path.write_text(random_plan(seed), "utf-8")
    plan = load(path)

    assert prove(plan, compile_town(plan)).differences == ()
