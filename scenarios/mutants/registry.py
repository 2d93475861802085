"""Every fault that can be planted in a town, by level."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from scenarios.mutants import beside, controller_code, hosts, instrument, plan_file, settings
from scenarios.mutants.flow_tables import of_tables
from scenarios.mutants.harness import Mutant
from sekisho.errors import UsageError
from sekisho.model import Plan
from sekisho.mutation.plan_faults import plan_faults
from sekisho.mutation.table_faults import Fault, Tables, combine, table_faults

#: Mistakes about who somebody is and what he may do: made in the plan, and then in every table.
_OF_THE_PLAN = frozenset({"M01", "M14", "M15", "M19", "M-33"})
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


def chosen(plan: Plan, tables: Tables, wanted: Order) -> list[Mutant]:
    """Return the faults to plant, in order.

    Raises:
        UsageError: There is none such in this plan.
    """
    out = _singles(plan, tables, wanted)
    out += _pairs(tables, wanted) if wanted.pairs else []
    if out:
        return out
    levels = {m.level for m in _singles(plan, tables, replace(wanted, levels=()))}
    where = ", ".join(sorted(levels)) if levels else "no level, as the plan has nothing for it"
    raise UsageError(
        f"nothing to plant: no fault of level {', '.join(wanted.levels) or 'any'} stands for "
        f"{', '.join(wanted.ids) or 'any id'}\n  hint: it is planted at {where}"
    )


def _singles(plan: Plan, tables: Tables, wanted: Order) -> list[Mutant]:
    return [
        mutant
        for mutant in [
            *_of_tables(plan, tables, wanted),
            *plan_file.mutants(plan),
            *controller_code.mutants(),
            *hosts.mutants(plan),
            *settings.mutants(plan),
            *beside.mutants(plan, each=_EACH, seed=wanted.seed),
            *instrument.mutants(plan),
        ]
        if (not wanted.levels or mutant.level in wanted.levels)
        and (not wanted.ids or set(mutant.ids) & set(wanted.ids))
    ]


def _of_tables(plan: Plan, tables: Tables, wanted: Order) -> list[Mutant]:
    single = table_faults(tables, seed=wanted.seed, count=wanted.count, ids=wanted.ids)
    larger = plan_faults(plan, tables, seed=wanted.seed, each=_EACH)
    return [*map(of_tables, single), *(of_tables(f, level=_level(f)) for f in larger)]


def _level(fault: Fault) -> str:
    return "plan" if set(fault.ids) & _OF_THE_PLAN else "flow"


def _pairs(tables: Tables, wanted: Order) -> list[Mutant]:
    """Faults of the second order: two of one rule each, drawn at random, both at once."""
    pool = table_faults(tables, seed=wanted.seed + 1, count=4 * wanted.pairs)
    random.Random(wanted.seed).shuffle(pool)
    halves = zip(pool[: wanted.pairs], pool[wanted.pairs : 2 * wanted.pairs], strict=False)
    return [of_tables(combine(one, other)) for one, other in halves]
