"""``python -m scenarios.bench.sizes``: how a proof grows with its town.

Generated towns of about 1,000, 5,000 and 20,000 rules are compiled and proved, all pairs, exactly,
each in a process of its own. Seconds, memory, and how they grow from one size to the next.

Exit status: 0 every target met, 1 one missed or a town not proved, 2 wrong words.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from rich.table import Table

from scenarios.bench.sized_plan import sized
from scenarios.bench.table import told
from sekisho.commands.numbers import MANY, whole

#: Seconds for compiling and proving, by how many rules are asked for; and MB for all.
TARGETS = {1000: 1.0, 5000: 6.0, 20_000: 20.0}
_MOST_MB, _LIMIT_S = 1024.0, 600.0
_COLUMNS = (
    "rules", "entries", "compile s", "prove s", "all s", "target", "processor s", "MB",
    "growth: rules", "s", "MB",
)  # fmt: skip

Sizes = dict[str, float]


def measured(path: Path) -> Sizes | None:
    """Return what one town takes, in a process of its own; None where it does not end in time."""
    words = [sys.executable, "-m", "scenarios.bench.proof", "--one", str(path)]
    try:
        done = subprocess.run(words, capture_output=True, check=True, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        return None
    found: Sizes = json.loads(done.stdout)
    return found


def rows(found: list[tuple[int, Sizes]]) -> list[list[str]]:
    """Return what is printed of towns of growing size."""
    before = [found[0][1], *(one for (_, one), _ in pairwise(found))]
    out = []
    for (rules, here), last in zip(found, before, strict=True):
        times = [f"{here[key]:.2f}" for key in ("compile_s", "prove_s", "s")]
        target = f"<= {TARGETS[rules]:.0f}" if rules in TARGETS else ""
        growth = [f"x {here[key] / last[key]:.1f}" for key in ("rules", "s", "mb")]
        counts = [f"{here[key]:,.0f}" for key in ("rules", "entries")]
        out.append(
            [*counts, *times, target, f"{here['processor_s']:.2f}", f"{here['mb']:,.0f}", *growth]
        )
    return out


def missed(rules: int, here: Sizes | None) -> list[str]:
    """Return in words what of one town is not as it should be."""
    if here is None:
        return [f"{rules:,} rules: no end in {_LIMIT_S:.0f} s"]
    out = [f"{rules:,} rules: not proved"] if here["differences"] else []
    if here["s"] > TARGETS.get(rules, here["s"]):
        out.append(f"{rules:,} rules: {here['s']:.1f} s, target {TARGETS[rules]:.0f}")
    if here["mb"] > _MOST_MB:
        out.append(f"{rules:,} rules: {here['mb']:,.0f} MB, target {_MOST_MB:,.0f}")
    return out


def main() -> int:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.sizes", description=__doc__)
    parser.add_argument(
        "rules",
        type=whole("RULES", 1, MANY),
        nargs="*",
        default=list(TARGETS),
        metavar="RULES",
    )
    args = parser.parse_args()
    found, wrong = list[tuple[int, Sizes]](), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        for rules in args.rules:
            here = measured(sized(rules, Path(folder)))
            wrong += missed(rules, here)
            if here is not None:
                found.append((rules, here))
    table = Table(*_COLUMNS)
    for row in rows(found) if found else ():
        table.add_row(*row)
    return told(table, wrong)


if __name__ == "__main__":
    sys.exit(main())
