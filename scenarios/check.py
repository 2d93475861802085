"""``python -m scenarios.check PLAN --folder RUN``: boot, guard, probe, judge, write it down.

Runs inside the namespaces of one run. Its standard output is progress, one JSON object a line;
everything that was found is in the run folder.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from scenarios import situations
from scenarios.catalogue import load_families
from scenarios.ending import doing, say
from scenarios.inspection import Check
from scenarios.probes import PROBES
from scenarios.record import Run
from scenarios.selection import Selection
from sekisho.errors import SekishoError
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.situation import Situation, for_normal, read, shipped, shipped_plans
from sekisho.trouble import recorded
from topologies.town import OWN_GUARD


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m scenarios.check", description=__doc__)
    top.add_argument("plan", type=Path)
    top.add_argument("--folder", type=Path, required=True)
    top.add_argument("--work", type=Path, default=Path("/run/sekisho"))
    top.add_argument("--suite", choices=("smoke", "gate", "full"), default="gate")
    top.add_argument("--seed", type=int, default=1)
    top.add_argument("--pairs", choices=("chosen", "all"), default="chosen")
    top.add_argument("--guard", default=OWN_GUARD, help="own, own-lenient, none, or a socket file")
    for option, name in (("only", "only"), ("family", "families"), ("from", "sources")):
        top.add_argument(f"--{option}", dest=name, action="append", default=[])
    top.add_argument("--to", dest="targets", action="append", default=[])
    top.add_argument("--situation", type=Path, action="append", default=[], help="its file")
    top.add_argument("--tester", default="")
    top.add_argument("--witness", default="")
    return top


def main() -> None:
    """Read the command line, run, and end with the run's exit status."""
    args = parser().parse_args()
    gc.disable()  # millions of small values and no cycles: the collector would take a third of it
    folder = args.folder.resolve()
    try:
        plan = load(args.plan)
        run = _run(args, plan)
    except SekishoError as error:
        say(error=str(error), exit=error.exit_code)
        sys.exit(error.exit_code)
    check = Check(plan, folder, run, work=args.work, guard=args.guard)
    try:
        sys.exit(check.run(leave=os._exit))
    except Exception as error:  # noqa: BLE001  # even the record could not be written: end with that
        say(error=recorded(error, doing=doing()), exit=3, end=True)
        sys.exit(3)


def _run(args: argparse.Namespace, plan: Plan) -> Run:
    """What is to be done; a chosen situation that names attacks wants the suite that has them."""
    chosen = for_normal(map(read, args.situation), plan)
    suite = args.suite
    if chosen:
        situations.check_words(chosen, [plan, *shipped_plans()])
        if suite == "gate" and any(map(situations.needs_catalogue, chosen)):
            suite = "full"
    selection = Selection(
        only=tuple(args.only),
        families=tuple(args.families),
        sources=tuple(args.sources),
        targets=tuple(args.targets),
        situations=situations.applied(chosen, plan),
    )
    if args.only or args.families or args.sources or args.targets:
        names = [name for name, _, _ in PROBES] + list(situations.POSING)
        attacks = [entry.id for entry in load_families()]
        if suite == "full":
            selection.check(plan, [*names, *attacks])
        else:
            selection.check(plan, names, left_out=attacks)
    told: tuple[Situation, ...] = chosen
    if selection.is_whole:
        told = chosen or tuple(shipped())
    return Run(
        args.folder.resolve().name,
        suite,
        args.seed,
        args.tester,
        args.witness,
        selection,
        told,
        is_every_pair=args.pairs == "all",
    )


if __name__ == "__main__":
    main()
