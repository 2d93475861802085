"""Every fault that can be planted in a town, by level."""

from __future__ import annotations

import random
from dataclasses import dataclass

from scenarios.mutants import instrument, settings
from scenarios.mutants.flow import of_tables
from scenarios.mutants.ground import Ground, Mutant
from sekisho.faults import both, table_faults
from sekisho.model import Plan
from sekisho.planfaults import plan_faults

_EACH = 3  # faults of every kind that needs more than one rule


@dataclass(frozen=True, slots=True)
class Order:
    """What to plant.

    Attributes:
        count: How many faults of the tables, all operators together.
        pairs: How many pairs of them, both at once.
        levels: Levels to plant at; empty means all.
        ids: Ids of the lists to plant; empty means all.
    """

    count: int = 200
    pairs: int = 0
    seed: int = 1
    levels: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


def chosen(ground: Ground, wanted: Order) -> list[Mutant]:
    """Return the faults to plant, in order."""
    out = [
        mutant
        for mutant in [
            *_of_tables(ground, wanted),
            *settings.mutants(ground.plan),
            *instrument.mutants(ground),
        ]
        if (not wanted.levels or mutant.level in wanted.levels)
        and (not wanted.ids or set(mutant.ids) & set(wanted.ids))
    ]
    return out + (_pairs(ground, wanted) if wanted.pairs else [])


def _of_tables(ground: Ground, wanted: Order) -> list[Mutant]:
    single = table_faults(ground.tables, seed=wanted.seed, count=wanted.count, ids=wanted.ids)
    larger = plan_faults(ground.plan, ground.tables, seed=wanted.seed, each=_EACH)
    return [*map(of_tables, single), *map(of_tables, larger)]


def _pairs(ground: Ground, wanted: Order) -> list[Mutant]:
    """Faults of the second order: two of one rule each, drawn at random, both at once."""
    pool = table_faults(ground.tables, seed=wanted.seed + 1, count=4 * wanted.pairs)
    random.Random(wanted.seed).shuffle(pool)
    halves = zip(pool[: wanted.pairs], pool[wanted.pairs : 2 * wanted.pairs], strict=False)
    return [of_tables(both(one, other)) for one, other in halves]


def reasons(plan: Plan) -> dict[str, str]:
    """Return the ids that have nothing to be planted in here, each with the reason."""
    del plan
    return {}
