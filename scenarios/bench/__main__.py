"""``python -m scenarios.bench``: how fast a check is, beside the ways it replaces.

Runs outside the namespaces, as whoever would run ``sekisho check``; every figure is a median over
runs of that command. What it is compared with is measured in the same session: Mininet's own start
of the same topology, and, on a sample, the ping matrix and the loop with one time-out a probe.

Exit status: 0 every target met, 1 one missed, 2 wrong words, 3 a run did not pass.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from scenarios.bench import figures as moves
from scenarios.bench import growth as bench_growth
from scenarios.bench.runs import Json, Sample, baseline, extrapolated, run_check
from scenarios.bench.table import Comparison, Figure, comparison_table, figure_table, missed
from scenarios.bench.vm import vm
from sekisho.commands.plan_arguments import default_plan
from sekisho.commands.saving import saving
from sekisho.commands.screen import Paper
from sekisho.errors import LabError, SekishoError
from sekisho.evidence.writing import write_atomically
from sekisho.runtime.namespaces import path_with_system

SMALL = Path("topologies/tiny.yaml")
SAME_SEED_RUNS = 10  # of the small plan, in every session
VERDICT_RUNS = 20
_PLAIN_WIDTH = 132  # columns where nobody can say how wide the paper is


def figures(samples: Sequence[Sample], *, has_targets: bool) -> list[Figure]:
    """Return the table of one plan; the targets are those of the default plan on two cores."""

    def of(name: str, get: Callable[[Sample], float], target: str, digits: int = 0) -> Figure:
        values = [get(sample) for sample in samples]
        return Figure(name, median(values), min(values), max(values), digits, target)

    def summary(key: str) -> Callable[[Sample], float]:
        return lambda sample: float(sample.summary[key])

    def goal(text: str) -> str:
        return text if has_targets else ""

    return [
        of("start to report, s", lambda sample: sample.wall_s, goal("<= 30"), 1),
        of("frames sent", summary("frames_sent"), goal(">= 10000")),
        of("frames/s while probing", summary("frames_per_s"), goal(">= 20000")),
        of("captures dropped", summary("captures_dropped"), "<= 0"),
        of("peak memory, MB", lambda sample: sample.peak_mb, goal("<= 2048")),
        of("cases", summary("cases"), ""),
        of("rules", summary("rules"), ""),
        of("rules per attachment", summary("rules_per_attachment"), "", 1),
    ]


def comparisons(samples: Sequence[Sample], plain: Json, waits: Json) -> list[Comparison]:
    """Return the table of what is compared: ours, the other, and what was really measured."""

    def phase(*names: str) -> float:
        return float(median(sum(s.summary["seconds"][n] for n in names) for s in samples))

    boot_s, probe_s = phase("boot", "in_force"), phase("probe")
    total_s = median(sample.wall_s for sample in samples)
    frames = int(median(sample.forbidden for sample in samples))
    pings, probes = waits["pings"], waits["probes"]
    size = f"{plain['hosts']} hosts, {plain['switches']} switches, {plain['links']} links"
    out = [Comparison("Mininet's own start", plain["start_s"], "boot, all rules in", boot_s, size)]
    all_pings, ping_s = waits["all_pings"], waits["ping_s"]
    out.append(
        Comparison(
            f"pingAll, {all_pings:,} pings",
            extrapolated(ping_s, pings, all_pings),
            "the whole check",
            total_s,
            f"extrapolated from {pings} pings in {ping_s:.1f} s",
        )
    )
    if probes:
        out.append(
            Comparison(
                f"one time-out a probe, {frames:,}",
                extrapolated(waits["probe_s"], probes, frames),
                "sending them all",
                probe_s,
                f"extrapolated from {probes} probes in {waits['probe_s']:.1f} s",
            )
        )
    return out


class Bench:
    """One session; says what it does on *err*, and what it found on *out*."""

    def __init__(self, out: Console, err: Console, folder: Path) -> None:
        self._out, self._err, self._folder = out, err, folder
        self._missed: list[str] = []

    def samples(self, plan: Path, runs: int, *, has_targets: bool) -> list[Sample]:
        """Check *plan* several times and print its figures."""
        samples = self._runs(plan, runs)
        found = figures(samples, has_targets=has_targets)
        self._say(figure_table(str(plan), found, runs, is_plain=not self._out.is_terminal))
        self._missed += [f"{plan}: {line}" for line in missed(found)]
        return samples

    def small(self, plan: Path, runs: int) -> None:
        """Check the small plan: its time, and that one seed gives one vector of verdicts."""
        samples = self._runs(plan, runs)
        values = [sample.wall_s for sample in samples]
        found = Figure("start to report, s", median(values), min(values), max(values), 1, "<= 8")
        self._say(figure_table(str(plan), [found], runs, is_plain=not self._out.is_terminal))
        self._missed += [f"{plan}: {line}" for line in missed([found])]
        self.verdicts(plan, samples)

    def verdicts(self, plan: Path, samples: Sequence[Sample]) -> None:
        """Print the digest of every run's verdicts; they must all be the same."""
        digests = [sample.digest for sample in samples]
        for digest in digests:
            self._say(f"  {digest}")
        same = len(set(digests)) == 1
        if len(digests) == 1:
            self._say("one run, nothing to compare its verdicts with\n")
            return
        word = "identical" if same else "DIFFERENT"
        self._say(f"{len(digests)} runs with one seed, verdict vectors {word}\n")
        if not same:
            self._missed.append(f"{plan}: {len(set(digests))} different verdict vectors")

    def compare(self, plan: Path, samples: Sequence[Sample], *, pairs: int) -> None:
        """Measure what the check is compared with, and print the ratios."""
        self._tell("Mininet's own start")
        plain = baseline("start", plan, self._folder)
        everything = samples[0].probes
        chosen = random.Random(1).sample(everything, min(2 * pairs, len(everything)))
        file = self._folder / "probes.json"
        file.write_text(json.dumps(chosen))
        self._tell("pings and connections that wait for their time-outs")
        words = ("--probes", str(file), "--pairs", str(pairs))
        waits = baseline("wait", plan, self._folder, *words)
        if waits["answered"]:
            raise LabError(f"{waits['answered']} forbidden connections were accepted")
        found = comparisons(samples, plain, waits)
        self._say(comparison_table(found, is_plain=not self._out.is_terminal))

    def moves(self, plan: Path) -> None:
        """Move ports of working towns, and print that beside Faucet's way of doing it."""
        for each, others in ((moves.floor(self._folder), 8), (plan, 4)):
            self._tell(f"{each.name}: 100 changes of a port")
            found = moves.changes(each, self._folder, others)
            title = f"{each.name}: a port moved over HTTP"
            self._say(figure_table(title, found, 1, is_plain=not self._out.is_terminal))
            self._missed += [f"{each.name}: {line}" for line in missed(found)]
        self._tell("100 ports at once; the controller killed and started again")
        found = [*moves.batches(self._folder), *moves.restarts(SMALL, self._folder)]
        self._say(figure_table("more", found, 1, is_plain=not self._out.is_terminal))
        self._missed += list(missed(found))
        self._tell("Faucet, the same kind of change")
        self._say(moves.faucet(self._folder))

    def growth(self, plan: Path, runs: int, picture: Path) -> None:
        """Check larger and larger halls; print the growth as a table, and draw it."""
        found = []
        for path in bench_growth.halls(plan, self._folder):
            found.append(bench_growth.size(self._runs(path, runs)))
            last = found[-1]
            self._missed += [f"{last.attachments} attachments: {word}" for word in last.missed]
        is_plain = not self._out.is_terminal
        self._say(bench_growth.growth_table(found, runs, is_plain=is_plain))
        with saving("--plot", picture):
            picture.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(picture, bench_growth.growth_plot(found).encode())
        self._say(f"{picture}\n")

    def vm(self, plan: Path) -> None:
        """Boot VMs in a row, and run the suites in one each."""
        found = vm(plan, self._folder, self._tell)
        self._say(figure_table(f"{plan} in a VM", found, 1, is_plain=not self._out.is_terminal))
        self._missed += missed(found)

    def end(self) -> int:
        """Say which targets were missed; return the exit status."""
        for line in self._missed:
            self._say(f"MISSED  {line}")
        if not self._missed:
            self._say("every target met")
        return 1 if self._missed else 0

    def _runs(self, plan: Path, runs: int) -> list[Sample]:
        out = []
        for number in range(1, runs + 1):
            self._tell(f"{plan}: run {number} of {runs}")
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                out.append(run_check(plan, Path(folder)))
        return out

    def _say(self, thing: Any) -> None:
        self._out.print(thing, markup=False, highlight=False, soft_wrap=isinstance(thing, str))

    def _tell(self, text: str) -> None:
        self._err.print(f"... {text}", markup=False, highlight=False, soft_wrap=True)


def main(words: list[str] | None = None) -> int:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench", description=__doc__)
    plan = default_plan()
    parser.add_argument("--plan", type=Path, default=plan, help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken (3)")
    parser.add_argument("--pairs", type=int, default=10, help="of hosts to be pinged (10)")
    parser.add_argument("--moves", action="store_true", help="only: ports that are moved")
    parser.add_argument(
        "--verdicts", action="store_true", help="only: twenty runs, one seed, the same verdicts?"
    )
    parser.add_argument("--growth", action="store_true", help="only: larger and larger halls")
    picture = Path("build/growth.svg")
    parser.add_argument("--plot", type=Path, default=picture, help="the growth (%(default)s)")
    parser.add_argument("--vm", action="store_true", help="only: boots, smoke and gate in a VM")
    args = parser.parse_args(words)
    if args.runs < 1 or args.pairs < 1:
        parser.error("--runs and --pairs are whole numbers from 1")
    os.environ["PATH"] = path_with_system(os.environ.get("PATH", os.defpath))
    out, err = Paper(), Paper(stderr=True)
    if not out.is_terminal:
        out = Paper(width=_PLAIN_WIDTH)
    try:
        with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as folder:
            return _bench(Bench(out, err, Path(folder)), args)
    except SekishoError as error:
        err.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        err.print("interrupted")
        return 3


def _bench(bench: Bench, args: argparse.Namespace) -> int:
    if args.moves:
        bench.moves(args.plan)
        return bench.end()
    if args.growth:
        bench.growth(args.plan, args.runs, args.plot)
        return bench.end()
    if args.vm:
        bench.vm(args.plan)
        return bench.end()
    has_targets = args.plan.resolve() == default_plan().resolve()
    runs = VERDICT_RUNS if args.verdicts else args.runs
    samples = bench.samples(args.plan, runs, has_targets=has_targets)
    bench.verdicts(args.plan, samples)
    if not args.verdicts:
        bench.compare(args.plan, samples, pairs=args.pairs)
        if args.plan.resolve() != SMALL.resolve():
            bench.small(SMALL, SAME_SEED_RUNS)
    if has_targets and not args.verdicts:
        bench.moves(args.plan)
        bench.growth(args.plan, args.runs, args.plot)
    return bench.end()


if __name__ == "__main__":
    sys.exit(main())
