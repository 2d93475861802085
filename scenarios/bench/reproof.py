"""``python -m scenarios.bench.reproof [PLAN ...]``: a proof after one change, beside a fresh one.

Ports of each town are moved at random, one after the other, and some moves are taken back. After
each change the tables are proved by a prover that remembers its last proof, and every fifth time by
one that does not; both must say the same. Without a plan: Matsuno, and a town of 1,000 rules.

Exit status: 0 every target met, 1 one missed or a proof that differs, 2 wrong words.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from rich.table import Table

from scenarios.bench.sized_plan import sized
from scenarios.bench.table import told
from sekisho.commands.numbers import MANY, whole
from sekisho.compiler.incremental import Tables, changed_tables
from sekisho.compiler.tables import compile_town
from sekisho.model import Plan
from sekisho.model.changes import Change, apply_changes
from sekisho.plan import load
from sekisho.proof.kept import Kept
from sekisho.proof.verdict import Proof, prove
from sekisho.resegment.validation import RefusedError, plan_moves

_MATSUNO = Path("topologies") / "matsuno.yaml"
_RULES, _EVERY, _TAKEN_BACK, _TRIES = 1000, 5, 0.3, 2000
#: Milliseconds that a proof after one change may take, in the median, by the plan's name.
TARGETS = {"matsuno": 300.0, f"sized-{_RULES}": 50.0}
_COLUMNS = (
    "plan", "rules", "changes", "remembered", "median ms", "processor ms", "most ms",
    "fresh, median ms", "times", "target",
)  # fmt: skip


def changed(plan: Plan, chance: random.Random) -> Iterator[tuple[Plan, Tables]]:
    """Yield the plan that is in force, and its tables, after one random change after the other."""
    here, tables, standing, number = plan, compile_town(plan), list[Change](), 0
    ports = [str(a.at) for a in plan.attachments if a.registered]
    places = [*(zone.id for zone in plan.zones), "quarantine"]
    for _ in range(_TRIES):
        if standing and chance.random() < _TAKEN_BACK:
            standing.pop()
        else:
            port, to = chance.choice(ports), chance.choice(places)
            try:
                moves = plan_moves(here, [port], to, standing=standing)
            except RefusedError:
                continue
            number += 1
            standing.append(Change(number, to, moves, (), "", "", 0.0, None))
        after = apply_changes(plan, standing)
        tables = changed_tables(here, after, tables).tables
        here = after
        yield here, tables


def measured(plan: Plan, count: int, seed: int) -> dict[str, float]:
    """Return the figures of *count* changes; ``differ`` counts the answers that are not alike."""
    kept, first = Kept(), compile_town(plan)
    kept.prove(plan, first)
    took, busy, fresh = list[float](), list[float](), list[float]()
    differ = remembered = 0
    for number, (after, tables) in enumerate(changed(plan, random.Random(seed))):
        if number == count:
            break
        answer, wall_ms, processor_ms = _timed(lambda: kept.prove(after, tables))  # noqa: B023
        took.append(wall_ms)
        busy.append(processor_ms)
        remembered += kept.was_short
        if number % _EVERY == 0:
            other, wall_ms, _ = _timed(lambda: prove(after, tables))  # noqa: B023
            fresh.append(wall_ms)
            differ += answer != other
    return {
        "rules": sum(map(len, first.values())),
        "changes": len(took),
        "remembered": remembered,
        "ms": median(took),
        "processor_ms": median(busy),
        "most_ms": max(took),
        "fresh_ms": median(fresh),
        "differ": differ,
    }


def _timed(work: Callable[[], Proof]) -> tuple[Proof, float, float]:
    """Return what *work* returns, with its milliseconds of the wall and of the processor."""
    began, busy = time.perf_counter(), time.process_time()
    answer = work()
    return answer, (time.perf_counter() - began) * 1000, (time.process_time() - busy) * 1000


def row(name: str, found: dict[str, float]) -> list[str]:
    """Return what is printed of one town."""
    whole_ones = [f"{found[key]:,.0f}" for key in ("rules", "changes", "remembered")]
    times = [f"{found[key]:,.0f}" for key in ("ms", "processor_ms", "most_ms", "fresh_ms")]
    target = f"<= {TARGETS[name]:.0f}" if name in TARGETS else ""
    return [name, *whole_ones, *times, f"{found['fresh_ms'] / found['ms']:.0f}", target]


def main() -> int:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.reproof", description=__doc__)
    parser.add_argument("plans", type=Path, nargs="*", metavar="PLAN")
    parser.add_argument("--changes", type=whole("--changes", 1, MANY), default=40, help="(40)")
    parser.add_argument("--seed", type=whole("--seed", 0, MANY), default=1, help="(1)")
    args = parser.parse_args()
    table, wrong = Table(*_COLUMNS), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        for path in args.plans or [sized(_RULES, Path(folder)), _MATSUNO]:
            found = measured(load(path), args.changes, args.seed)
            table.add_row(*row(path.stem, found))
            if found["differ"]:
                wrong.append(f"{path.stem}: {found['differ']} answers differ from a fresh proof")
            if found["ms"] > TARGETS.get(path.stem, found["ms"]):
                wrong.append(f"{path.stem}: {found['ms']:.0f} ms, target {TARGETS[path.stem]:.0f}")
    return told(table, wrong)


if __name__ == "__main__":
    sys.exit(main())
