"""``python -m scenarios.bench.coverage [PLAN ...]``: how few packets meet every rule, how soon.

Each plan is compiled and its packets are chosen in a process of its own, several times; medians are
printed beside their targets, in seconds of the wall and of the processor. Without a plan: those
that are shipped, and a hall of as many desks as make about a thousand rules.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.table import Table

from scenarios.bench.synthetic_plan import hall
from scenarios.bench.table import told
from scenarios.suites.covering import CoverSuite
from scenarios.suites.scope import Run
from sekisho.commands.numbers import whole
from sekisho.plan import load

_PLANS = tuple(Path("topologies") / f"{name}.yaml" for name in ("tiny", "alpha", "city", "matsuno"))
_COLUMNS = ("plan", "rules", "live", "dead", "probes", "bound", "ratio", "s", "processor s", "MB")
_WIDTH = 110  # columns, also where no terminal says
_DESKS = 65  # of the hall with about a thousand rules
#: Packets for each that the bound counts, and seconds for each thousand rules.
RATIO, SECONDS = 1.5, 10.0


def sample(path: Path) -> dict[str, float]:
    """Choose the packets for *path* once; return how many, and what it took."""
    began, busy = time.monotonic(), time.process_time()
    found = CoverSuite(load(path), Run("bench", "coverage", 1, "", ""), {}).chosen
    return {
        "rules": len(found.live) + len(found.dead),
        "live": len(found.live),
        "dead": len(found.dead),
        "probes": len(found.probes),
        "bound": found.bound,
        "ratio": len(found.probes) / found.bound,
        "s": time.monotonic() - began,
        "processor_s": time.process_time() - busy,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(path: Path, count: int) -> dict[str, float]:
    """Return the medians of *count* samples, each in a process of its own."""
    words = [sys.executable, "-m", "scenarios.bench.coverage", "--one", str(path)]
    runs = [
        json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        for _ in range(count)
    ]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def is_met(found: dict[str, float]) -> bool:
    """Tell whether the set is small enough, and was chosen soon enough."""
    limit_s = SECONDS * max(1.0, found["rules"] / 1000)
    return found["ratio"] <= RATIO and found["processor_s"] <= limit_s


def main() -> int:
    """Read the command line, measure, and print the table; 1 where a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.coverage", description=__doc__)
    parser.add_argument("plans", type=Path, nargs="*", metavar="PLAN")
    parser.add_argument("--runs", type=whole("--runs", 1, 99), default=3, help="of each (3)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        json.dump(sample(args.plans[0]), sys.stdout)
        return 0
    table, missed = Table(*_COLUMNS), list[str]()
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as folder:
        desks = Path(folder) / f"hall-{_DESKS}.yaml"
        desks.write_text(hall(_DESKS), encoding="utf-8")
        for path in args.plans or (*_PLANS, desks):
            found = measured(path, args.runs)
            row = [f"{found[name]:,.0f}" for name in ("rules", "live", "dead", "probes", "bound")]
            row += [f"{found['ratio']:.2f}", f"{found['s']:.1f}", f"{found['processor_s']:.1f}"]
            table.add_row(path.stem, *row, f"{found['mb']:,.0f}")
            missed += [] if is_met(found) else [path.stem]
    return told(table, missed, width=_WIDTH)


if __name__ == "__main__":
    sys.exit(main())
