"""``python -m scenarios.bench.proof [PLAN ...]``: how long a proof over all packets takes.

Each plan is compiled and proved in a process of its own, several times; medians are printed beside
their targets, in seconds of the wall and of the processor. A machine that does other work at the
same time shows in the difference of the two.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from sekisho.commands.numbers import whole
from sekisho.compiler.reroute import rerouted
from sekisho.compiler.routing import ends_of, has_way_around
from sekisho.compiler.tables import compile_town
from sekisho.plan import load
from sekisho.policy.relay_paths import ways
from sekisho.proof.verdict import prove_cuts

_PLANS = tuple(Path("topologies") / f"{name}.yaml" for name in ("tiny", "alpha", "city", "matsuno"))
_COLUMNS = ("plan", "rules", "entries", "lines cut", "s", "processor s", "MB", "differences")
#: Seconds for compiling, proving and the closure, and with every line that has a way around.
TARGETS = {"matsuno": (3.0, 10.0)}


def sample(path: Path, *, lines: bool) -> dict[str, float]:
    """Compile *path*, prove it and close it over its shared devices, once; return what it took."""
    began, busy = time.monotonic(), time.process_time()
    plan = load(path)
    tables = compile_town(plan)
    compiled = time.monotonic()
    cut = [ends_of([link]) for link in plan.links if lines and has_way_around(plan, [link])]
    cases = {(): tables, **{down: rerouted(plan, tables, down=down) for down in cut}}
    begun = time.monotonic()
    proofs = prove_cuts(plan, cases)
    proved = time.monotonic()
    ways(plan)
    return {
        "rules": proofs[()].rules,
        "entries": proofs[()].sources,
        "cut": len(cut),
        "compile_s": compiled - began,
        "prove_s": proved - begun,
        "s": time.monotonic() - began,
        "processor_s": time.process_time() - busy,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "differences": sum(len(proof.differences) for proof in proofs.values()),
    }


def measured(path: Path, *, lines: bool, count: int) -> dict[str, float]:
    """Return the medians of *count* samples, each in a process of its own."""
    words = [sys.executable, "-m", "scenarios.bench.proof", "--one", str(path)]
    words += ["--lines"] if lines else []
    runs = [
        json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        for _ in range(count)
    ]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def target(path: Path, *, lines: bool) -> str:
    """Return the target of a plan, as it is printed; empty where it has none."""
    seconds = TARGETS.get(path.stem)
    return f" (<= {seconds[lines]:.0f})" if seconds else ""


def main() -> int:
    """Read the command line, measure, and print the table; 1 where a plan is not proved."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.proof", description=__doc__)
    parser.add_argument("plans", type=Path, nargs="*", default=list(_PLANS), metavar="PLAN")
    parser.add_argument("--runs", type=whole("--runs", 1, 99), default=3, help="of each (3)")
    parser.add_argument("--lines", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        json.dump(sample(args.plans[0], lines=args.lines), sys.stdout)
        return 0
    table, wrong = Table(*_COLUMNS), 0.0
    for path in args.plans:
        for lines in (False, True):
            found = measured(path, lines=lines, count=args.runs)
            wrong += found["differences"]
            if lines and not found["cut"]:
                continue
            row = [f"{found[name]:,.0f}" for name in ("rules", "entries", "cut")]
            row += [f"{found['s']:.1f}{target(path, lines=lines)}", f"{found['processor_s']:.1f}"]
            table.add_row(path.stem, *row, f"{found['mb']:,.0f}", f"{found['differences']:.0f}")
    Console().print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
