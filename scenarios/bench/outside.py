"""``python -m scenarios.bench.outside --data FOLDER``: the proof's engine on networks of others.

All header sets between all in-ports and all out-ports are computed, exactly, of the Topology Zoo's
networks and of the Stanford backbone in two forms (`scenarios.bench.outside_files` says which
files). The folder is not part of Sekisho: what is not there is left out, with the reason, and
nothing is claimed of it. Each figure is a median over processes of their own; packets walked rule
by rule must end where the sets say, and every network cut in two by the parity of its nodes must be
proved isolated until one rule is put back.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median

from rich.console import Console
from rich.table import Table

from scenarios.bench.outside_files import openflow, transfer, zoo, zoo_names
from scenarios.bench.outside_halves import Halves, disagreements, halves
from scenarios.bench.outside_sets import Network, Sets
from scenarios.bench.outside_walk import OpenFlowWalk, TransferWalk, Walk, ZooWalk
from sekisho.commands.numbers import whole
from sekisho.proof.engine import ENGINES

ALL, OPENFLOW, TRANSFER = "all networks", "Stanford, OpenFlow", "Stanford, transfer functions"
_COLUMNS = ("network", "nodes", "rules", "in-ports", "s", "processor s", "MB", "pairs", "published")
_ALONE = ("Airtel", "Deltacom", "UsCarrier", "Cogentco")
#: Seconds.
TARGETS = {"Cogentco": 3.0, ALL: 60.0, OPENFLOW: 1.0, TRANSFER: 3.0}
#: KATch's are its authors' own, from the results beside its files.
PUBLISHED = {
    "Airtel": "KATch 0.009 s reachability, 0.019 s slicing; 0.012 s against APKeep's 0.007",
    "Deltacom": "KATch 0.190 s, 0.478 s; 0.36 s against APKeep's 0.63",
    "UsCarrier": "0.68 s against APKeep's 1.84",
    "Cogentco": "KATch 0.525 s, 1.384 s; 0.98 s against APKeep's 2.67",
    TRANSFER: "Hassel-C 84 and 112 s, built and run on a machine like this; it lists every path",
}
NOTE = (
    "KATch's question is one source and one destination, or one slicing equation, on its authors'\n"
    "machine; ours is all pairs at once, on this one: not the same work. A pair is\n"
    "an in-port and an out-port that some packet passes between."
)
_NODES = {TRANSFER: 1 << 23}
_FEWER = 1 << 21  # nodes, for all others
_PACKETS = 20  # of each network, and ten times as many of those with a target
_WIDTH = 170  # where a program reads the table


def missing(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what is not in *folder*: what cannot be measured, and why."""
    if not zoo_names(folder):
        yield "the Topology Zoo", "no katch/apk/NAME_{routing,topo,hosts}.apk"
    for name, place, files in (
        (OPENFLOW, "katch/stanford", ("openflow.json", "topology.dot", "*.of")),
        (TRANSFER, "stanford", ("*_rtr.tf", "topology.tf", "port_map.json")),
    ):
        absent = [file for file in files if not any((folder / place).glob(file))]
        if absent:
            yield name, f"no {', '.join(f'{place}/{file}' for file in absent)}"


def present(folder: Path) -> list[str]:
    """Return what can be measured of *folder*, in the order of the table."""
    gone = [name for name, _ in missing(folder)]
    names = zoo_names(folder)
    out = [name for name in _ALONE if name in names] + ([ALL] if names else [])
    return out + [name for name in (OPENFLOW, TRANSFER) if name not in gone]


def read(folder: Path, name: str) -> tuple[Network, Callable[[], Walk]]:
    """Return a network, and what walks it."""
    if name == OPENFLOW:
        return openflow(folder), lambda: OpenFlowWalk(folder)
    if name == TRANSFER:
        return transfer(folder), lambda: TransferWalk(folder)
    return zoo(folder, name), lambda: ZooWalk(folder, name)


def sample(folder: Path, name: str, library: str) -> dict[str, float]:
    """Read one network, or all, and compute its sets once; return what it took."""
    began, busy = time.monotonic(), time.process_time()
    sums = dict.fromkeys(("nodes", "rules", "entries", "pairs"), 0)
    for one in zoo_names(folder) if name == ALL else [name]:
        network, _ = read(folder, one)
        sets = Sets(network, _library(library, one))
        sums["nodes"] += network.nodes
        sums["rules"] += len(network.rules)
        sums["entries"] += len(network.entries)
        sums["pairs"] += sets.pairs
    return {
        **sums,
        "s": time.monotonic() - began,
        "processor_s": time.process_time() - busy,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(folder: Path, name: str, library: str, count: int) -> dict[str, float]:
    """Return the medians of *count* samples, each in a process of its own."""
    words = [sys.executable, "-m", "scenarios.bench.outside", "--data", str(folder)]
    words += ["--engine", library, "--one", name]
    runs = [
        json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
        for _ in range(count)
    ]
    return {key: median(run[key] for run in runs) for key in runs[0]}


def walked(folder: Path, library: str, seed: int) -> tuple[int, list[str]]:
    """Walk packets through every network; return how many, and where they and the sets differ."""
    chance, count, wrong = Random(seed), 0, []
    for name in [*zoo_names(folder), *(n for n in present(folder) if n in (OPENFLOW, TRANSFER))]:
        network, walk = read(folder, name)
        many = _PACKETS if name not in TARGETS else 10 * _PACKETS
        wrong += disagreements(Sets(network, _library(library, name)), walk(), chance, many)
        count += many
    return count, wrong


def _library(library: str, name: str) -> tuple[str, int]:
    return library, _NODES.get(name, _FEWER)


def told(found: list[Halves]) -> Iterator[str]:
    """Yield in words what came of the networks that were cut in two."""
    backs = [h for h in found if h.back]
    isolated = sum(h.is_isolated for h in found)
    yield (
        f"halves: {isolated} of {len(found)} networks, cut in two by the parity of their nodes, "
        "are proved isolated"
    )
    confirmed = sum(h.is_confirmed for h in backs)
    yield f"one rule put back: {confirmed} of {len(backs)} told, with a packet that arrives"
    for h in [h for h in found if not h.is_right] or backs[-1:]:
        yield f"  {h.name}: {h.back or 'no rule'}: {h.packet or 'no packet'}"


def _table(folder: Path, library: str, count: int) -> Table:
    table = Table(*_COLUMNS)
    for name in present(folder):
        found = measured(folder, name, library, count)
        target = f" (<= {TARGETS[name]:.0f})" if name in TARGETS else ""
        row = [f"{found[key]:,.0f}" for key in ("nodes", "rules", "entries")]
        row += [f"{found['s']:.2f}{target}", f"{found['processor_s']:.2f}", f"{found['mb']:,.0f}"]
        label = f"all {len(zoo_names(folder))} networks" if name == ALL else name
        table.add_row(label, *row, f"{found['pairs']:,.0f}", PUBLISHED.get(name, ""))
    return table


def main() -> int:
    """Read the command line, measure, and print; 1 where a walk or a half speaks against it."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.outside", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="of the files, unpacked"
    )
    parser.add_argument("--runs", type=whole("--runs", 1, 99), default=3, help="of each (3)")
    parser.add_argument("--engine", choices=tuple(ENGINES), default="oxidd")
    parser.add_argument("--seed", type=int, default=1, help="of the packets that are walked (1)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        json.dump(sample(args.data, args.one, args.engine), sys.stdout)
        return 0
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    for name, reason in missing(args.data):
        _say(console, f"left out: {name}: {reason} in {args.data}")
    if not present(args.data):
        _say(console, "nothing is measured, and nothing claimed")
        return 0
    console.print(_table(args.data, args.engine, args.runs))
    _say(console, NOTE)
    return _checked(console, args)


def _checked(console: Console, args: argparse.Namespace) -> int:
    """Walk packets and cut networks in two; print what came of it, and return the exit status."""
    count, wrong = walked(args.data, args.engine, args.seed)
    _say(console, f"packets walked rule by rule: {count:,}; not as the sets say: {len(wrong)}")
    names = zoo_names(args.data)
    cut = [halves(args.data, name, _library(args.engine, name)) for name in names]
    for line in [*wrong, *(told(cut) if cut else ())]:
        _say(console, line)
    return 1 if wrong or not all(h.is_right for h in cut) else 0


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)


if __name__ == "__main__":
    sys.exit(main())
