"""``python -m scenarios.bench.random_towns``: right towns drawn at random, and whether each passes.

Every plan of `scenarios.bench.random_plan` is right, so a check that does not pass one of them
calls a right network wrong. Two checks run beside each other, as whoever would run ``sekisho
check``; the run folders of those that did not pass stay where ``--keep`` says, with their plans.

Exit status: 0 every town passed, 1 one did not, 2 wrong words.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scenarios.bench.random_plan import random_plan
from sekisho.commands.screen import Paper
from sekisho.runtime.namespaces import path_with_system

_BESIDE = 2
_LIMIT_S = 300.0
_NO_END = 3  # as a check that cannot be judged
PLAIN_WIDTH = 132


@dataclass(frozen=True, slots=True)
class Ended:
    """How one check ended.

    Attributes:
        exit: Of ``sekisho check``; 3 where it did not end.
        verdict: Of its summary; empty where none was written.
        cases: How many were judged.
        why: What speaks against the town, in short; empty where it passed.
    """

    exit: int
    verdict: str
    cases: int
    why: str

    @property
    def is_pass(self) -> bool:
        """Whether it passed, and something was judged."""
        return self.exit == 0 and self.verdict == "pass" and self.cases > 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of one random town.

    Attributes:
        seed: Of its plan.
        ended: How its check ended.
        folder: Of its run folder.
    """

    seed: int
    ended: Ended
    folder: Path


def check_random(seed: int, folder: Path) -> Drawn:
    """Check the random plan of *seed*, with its run folder in *folder*."""
    plan, out = folder / f"r{seed}.yaml", folder / f"r{seed}"
    plan.write_text(random_plan(seed))
    return Drawn(seed, checked(plan, out), out)


def checked(plan: Path, out: Path) -> Ended:
    """Run ``sekisho check`` on *plan*, with its run folder in *out*."""
    sekisho = Path(sys.executable).with_name("sekisho")
    words = [str(sekisho), "check", str(plan), "--out", str(out)]
    try:
        done = subprocess.run(
            [*words, "--lang", "en", "--quiet"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(_NO_END, "", 0, f"it did not end in {_LIMIT_S:.0f} s")
    run = out / "latest"
    try:
        summary = json.loads((run / "summary.json").read_bytes())
    except OSError:
        return Ended(done.returncode, "", 0, done.stderr.strip()[-200:])
    why = "" if done.returncode == 0 else _why(run, summary)
    return Ended(done.returncode, summary["verdict"], summary["cases"], why)


def _why(run: Path, summary: dict[str, object]) -> str:
    counts = {key: summary[key] for key in ("leak", "overblock", "unattributed", "inconclusive")}
    said = [str(summary["aborted"])] if summary["aborted"] else []
    said += [f"{count} {key}" for key, count in counts.items() if count]
    path = run / "differences.json"
    if path.exists():
        said += [each["en"] for each in json.loads(path.read_bytes())][:3]
    return "; ".join(said)


def _checked(seeds: range, folder: Path) -> Iterator[Drawn]:
    with ThreadPoolExecutor(_BESIDE) as pool:
        yield from pool.map(lambda seed: check_random(seed, folder), seeds)


def main(words: list[str] | None = None) -> int:
    """Read the command line, check the towns, print a line for each that is called wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m scenarios.bench.random_towns", description=__doc__
    )
    parser.add_argument("--count", type=int, default=200, help="how many towns (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first (%(default)s)")
    parser.add_argument("--keep", type=Path, help="folder for what did not pass")
    args = parser.parse_args(words)
    if args.count < 1 or args.first < 0:
        parser.error("--count is a whole number from 1, --first one from 0")
    os.environ["PATH"] = path_with_system(os.environ.get("PATH", os.defpath))
    with tempfile.TemporaryDirectory(prefix="sekisho-random-") as folder:
        seeds = range(args.first, args.first + args.count)
        return _report(_checked(seeds, Path(folder)), args.keep)


def _report(all_drawn: Iterator[Drawn], keep: Path | None) -> int:
    out = Paper(width=PLAIN_WIDTH)
    right = wrong = cases = 0
    for drawn in all_drawn:
        cases += drawn.ended.cases
        if drawn.ended.is_pass:
            right += 1
        else:
            wrong += 1
            out.print(f"seed {drawn.seed}: exit {drawn.ended.exit}: {drawn.ended.why}")
            _keep(drawn, keep)
        shutil.rmtree(drawn.folder, ignore_errors=True)
    out.print(f"{right + wrong} right towns: {right} passed, {wrong} called wrong; {cases:,} cases")
    return 1 if wrong else 0


def _keep(drawn: Drawn, keep: Path | None) -> None:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        shutil.copy(drawn.folder.with_suffix(".yaml"), keep)
        if drawn.folder.exists():
            shutil.copytree(drawn.folder, keep / drawn.folder.name, dirs_exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
