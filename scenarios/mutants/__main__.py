"""``python -m scenarios.mutants PLAN --folder RUN``: plant faults one at a time, and see each told.

Runs inside the namespaces of one run. Its standard output is progress, one JSON object a line;
what became of each fault is in ``mutations.json`` of the run folder.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson

from scenarios.capture.packet_io import Wire
from scenarios.mutants.harness import (
    EQUIVALENT,
    INCONCLUSIVE,
    KILLED,
    SURVIVED,
    Mutant,
    MutantResult,
    MutationHarness,
)
from scenarios.mutants.registry import Order, chosen
from sekisho.compiler.tables import compile_town
from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.writing import write_atomically
from sekisho.model import JST, Plan
from sekisho.model.terms import at
from sekisho.mutation.catalogue import IDS
from sekisho.plan import load
from sekisho.runtime.child import ended, say
from topologies.town import LENIENT_GUARD, Town


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one fault: a line of ``mutations.json``.

    Attributes:
        fate: ``killed``, ``survived``, ``equivalent`` or ``inconclusive``, which an
            instrument's must be.
        by: The probe or witness that noticed, or whatever decided.
        how: What it said; for a survivor, the packet that nobody sends.
        is_right: Whether the suite did what it should: told it, or decided it.
    """

    number: int
    ids: tuple[str, ...]
    level: str
    place: str
    words: str
    rule: str
    fate: str
    by: str
    how: str
    is_right: bool
    cases: int
    seconds: float


def is_right(level: str, fate: str) -> bool:
    """Tell whether *fate* is what a suite owes: told or decided; an instrument, inconclusive."""
    return fate == INCONCLUSIVE if level == "instrument" else fate in (KILLED, EQUIVALENT)


def exit_status(fates: list[Fate]) -> int:
    """Return 1 where a fault survived, 3 where one could not be judged or none was told, else 0."""
    wrong = [fate for fate in fates if not fate.is_right]
    told = [fate for fate in fates if fate.fate in (KILLED, INCONCLUSIVE) and fate.is_right]
    if any(fate.fate == SURVIVED or fate.level == "instrument" for fate in wrong):
        return 1
    return 3 if wrong or not told else 0


def run(plan: Plan, folder: Path, order: Order, *, work: Path) -> int:
    """Plant what *order* wants; write ``mutations.json``; return the exit status."""
    fates: list[Fate] = []
    mutants = chosen(plan, compile_town(plan), order)
    town = Town(
        plan, folder=folder, work=work, progress=lambda p: say(phase=p), guard=LENIENT_GUARD
    )
    with town:
        town.await_in_force()
        with Wire(town) as wire:
            harness = MutationHarness(town, wire, seed=order.seed)
            harness.control()
            for number, mutant in enumerate(mutants, 1):
                say(phase="mutate", done=number - 1, of=len(mutants))
                started = time.monotonic()
                told = harness.play(mutant)
                fates.append(_fate(number, mutant, told, time.monotonic() - started))
                _write(folder, plan, order, fates)
            harness.control()
    return exit_status(fates)


def _fate(number: int, mutant: Mutant, told: MutantResult, seconds: float) -> Fate:
    return Fate(
        number=number,
        ids=mutant.ids,
        level=mutant.level,
        place=mutant.place,
        words=mutant.words,
        rule=mutant.rule,
        fate=told.fate,
        by=told.by,
        how=told.how,
        is_right=is_right(mutant.level, told.fate),
        cases=told.cases,
        seconds=round(seconds, 3),
    )


def _write(folder: Path, plan: Plan, order: Order, fates: list[Fate]) -> None:
    data = {
        "schema": SCHEMA,
        "plan": plan.id,
        "seed": order.seed,
        "ids": {name: asdict(label) for name, label in IDS.items()},
        "absent": {},  # every id has a fault in any town
        "fates": [asdict(fate) for fate in fates],
        "exit": exit_status(fates),
    }
    write_atomically(folder / "mutations.json", orjson.dumps(data, option=orjson.OPT_INDENT_2))


def main() -> None:
    """Read the command line, mutate, and end with the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.mutants", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/run/sekisho"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--level", action="append", default=[])
    parser.add_argument("--id", dest="ids", action="append", default=[])
    args = parser.parse_args()
    gc.disable()  # see scenarios.run.check
    folder = args.folder.resolve()
    order = Order(args.count, args.pairs, args.seed, tuple(args.level), tuple(args.ids))
    sys.exit(
        ended(
            lambda: {
                "exit": run(at(load(args.plan), datetime.now(JST)), folder, order, work=args.work)
            }
        )
    )


if __name__ == "__main__":
    main()
