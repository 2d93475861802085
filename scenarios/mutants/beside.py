"""Faults that are planted beside the lists' own, as mutants: told by the gate or by a witness.

The faults themselves know neither gate nor judge (`scenarios.mutants.planting`); here a part of the
gate is tried on each, and then whatever else vouches for a run: the comparison of the fabric, and
the observations some time after the last frame.
"""

from __future__ import annotations

import random

from scenarios.mutants import beneath, fabric, injected, permissions, reader
from scenarios.mutants.harness import KILLED, SURVIVED, Mutant, MutantResult, MutationHarness
from scenarios.mutants.planting import Planted
from sekisho.model import Plan

_LATE_S = 1.8  # injected frames come at most so late


def faults(plan: Plan) -> list[Planted]:
    """Return every such fault of *plan*, in order."""
    return [
        *permissions.faults(plan),
        *fabric.faults(plan),
        *beneath.faults(plan),
        *injected.faults(plan),
        *reader.faults(plan),
    ]


def mutants(plan: Plan, *, each: int, seed: int) -> list[Mutant]:
    """Return at most *each* faults of every kind."""
    kinds: dict[str, list[Planted]] = {}
    for fault in faults(plan):
        kinds.setdefault(fault.id, []).append(fault)
    chance = random.Random(seed)
    return [
        _mutant(fault)
        for members in kinds.values()
        for fault in chance.sample(members, min(each, len(members)))
    ]


def _mutant(fault: Planted) -> Mutant:
    return Mutant(
        ids=(fault.id,),
        level=fault.level,
        place=fault.place,
        words=fault.words,
        planted=lambda harness: fault.plant(harness.town, harness.wire),
        tried=lambda harness: _tried(harness, fault),
    )


def _tried(harness: MutationHarness, fault: Planted) -> MutantResult:
    suite = harness.suite(None)
    told = harness.gate_and_talk(suite, None)
    if told is not None and told.fate == KILLED:
        return told
    witness = harness.witnesses(after_s=_LATE_S if fault.level == "wire" else 0.0)
    return (
        witness or told or MutantResult(SURVIVED, "", "no probe and no witness told it", len(suite))
    )
