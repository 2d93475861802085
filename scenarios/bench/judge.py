"""``python -m scenarios.bench.judge [--faults N] [PLAN]``: two judges on planted faults.

Faults of one rule each are drawn from the plan's own tables; the proof and the second judge are
asked about each, and their answers are compared pair by pair. *Missed*: the second judge alone
tells something. *False alarms*: the proof alone does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

from sekisho.commands.numbers import MANY, whole
from sekisho.commands.second_opinion import pairs_of
from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError
from sekisho.model import Plan
from sekisho.mutation.table_faults import Fault, Tables, table_faults
from sekisho.plan import load
from sekisho.proof.verdict import prove
from sekisho.second_judge.agreement import Pair
from sekisho.second_judge.verdict import judged

#: What may come of a fault; the last four are wrong.
TOLD, SILENT, REFUSED = "told by both", "silent in both", "refused by both"
MISSED, FALSE, OTHER, ONE = "missed", "false alarms", "told of other pairs", "refused by one"
WRONG = (MISSED, FALSE, OTHER, ONE)

#: The pairs that a judge tells; None where it refuses.
Told = frozenset[Pair] | None
Judge = Callable[[Plan, Tables], Told]


def first(plan: Plan, tables: Tables) -> Told:
    """Return what the proof tells."""
    try:
        return frozenset(pairs_of(prove(plan, tables)))
    except RefusedError:
        return None


def second(plan: Plan, tables: Tables) -> Told:
    """Return what the second judge tells."""
    try:
        found = judged(plan, tables).found
    except RefusedError:
        return None
    return frozenset((each.kind.value, each.source, each.at) for each in found)


def outcome(one: Told, other: Told) -> str:
    """Return what two answers about one fault amount to."""
    if one is None or other is None:
        return REFUSED if one is other else ONE
    if one == other:
        return TOLD if one else SILENT
    if one and other:
        return OTHER
    return FALSE if one else MISSED


def counted(
    plan: Plan, faults: Iterable[Fault], judges: tuple[Judge, Judge] = (first, second)
) -> tuple[Counter[str], list[str]]:
    """Return how often each outcome came about, and a line for each wrong one."""
    tables = compile_town(plan)
    counts, lines = Counter[str](), list[str]()
    for fault in faults:
        here = fault.applied(tables)
        found = outcome(*(judge(plan, here) for judge in judges))
        counts[found] += 1
        if found in WRONG:
            lines.append(f"{found}: {fault.ids[0]} {fault.words} ({' '.join(fault.switches)})")
    return counts, lines


def main() -> int:
    """Read the command line, compare, and print the counts; 1 where the judges differ."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.judge", description=__doc__)
    plan = Path("topologies") / "tiny.yaml"
    parser.add_argument("plan", type=Path, nargs="?", default=plan, metavar="PLAN")
    parser.add_argument("--faults", type=whole("--faults", 1, MANY), default=250, metavar="N")
    parser.add_argument("--seed", type=whole("--seed", 0, MANY), default=1, metavar="N")
    args = parser.parse_args()
    began, town = time.monotonic(), load(args.plan)
    faults = table_faults(compile_town(town), seed=args.seed, count=args.faults)
    counts, lines = counted(town, faults)
    say = Console(highlight=False, soft_wrap=True).print
    for line in lines:
        say(line)
    words = ", ".join(f"{counts[name]} {name}" for name in (TOLD, SILENT, REFUSED, *WRONG))
    say(f"{args.plan}: {len(faults)} faults: {words}; {time.monotonic() - began:.0f} s")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
