"""``python -m scenarios.bench.busy``: a right town, checked over and over beside busy programs.

Nothing is wrong in the town, so every run that does not pass is a false alarm: the instrument takes
a machine that is slow for a town that is wrong. Each busy program is a loop without an end, of the
same priority as the check.

Exit status: 0 every run passed, 1 one did not, 2 wrong words.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from scenarios.bench.random_towns import PLAIN_WIDTH, checked
from sekisho.commands.screen import Paper
from sekisho.runtime.namespaces import path_with_system

_LOOP = "while True: pass"


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep so many loops running for the time of the block."""
    running = [subprocess.Popen([sys.executable, "-c", _LOOP]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main(words: list[str] | None = None) -> int:
    """Read the command line, check over and over, and print how the runs ended."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.busy", description=__doc__)
    parser.add_argument("plan", nargs="?", type=Path, default=Path("topologies/tiny.yaml"))
    parser.add_argument("--count", type=int, default=100, help="how many runs (%(default)s)")
    parser.add_argument("--loops", type=int, default=2, help="beside so many loops (%(default)s)")
    args = parser.parse_args(words)
    if args.count < 1 or args.loops < 0:
        parser.error("--count is a whole number from 1, --loops one from 0")
    os.environ["PATH"] = path_with_system(os.environ.get("PATH", os.defpath))
    out, ends, seconds = Paper(width=PLAIN_WIDTH), Counter[str](), list[float]()
    with tempfile.TemporaryDirectory(prefix="sekisho-busy-") as folder, busy(args.loops):
        for number in range(args.count):
            began = time.monotonic()
            ended = checked(args.plan, Path(folder) / str(number))
            seconds.append(time.monotonic() - began)
            ends[ended.verdict or "none"] += 1
            if not ended.is_pass:
                out.print(f"run {number}: exit {ended.exit}: {ended.why}")
    told = ", ".join(f"{verdict} {count}" for verdict, count in ends.most_common())
    out.print(
        f"{args.count} runs beside {args.loops} loops: {told}; median {median(seconds):.1f} s"
    )
    return 0 if ends == {"pass": args.count} else 1


if __name__ == "__main__":
    sys.exit(main())
