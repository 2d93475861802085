"""``python -m scenarios.run.check PLAN --folder RUN``: boot, guard, probe, judge, write it down.

Runs inside the namespaces of one run. Its standard output is progress, one JSON object a line;
everything that was found is in the run folder.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.errors import SekishoError
from sekisho.model import JST, Plan
from sekisho.model.states import ACCEPT
from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.runtime.child import doing, say
from sekisho.text.trouble import recorded
from topologies.town import OWN_GUARD, Town

if TYPE_CHECKING:
    from scenarios.run.runner import Check


SUITES = ("smoke", "gate", "full", "coverage", ACCEPT)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m scenarios.run.check", description=__doc__)
    top.add_argument("plan", type=Path)
    top.add_argument("--folder", type=Path, required=True)
    top.add_argument("--work", type=Path, default=Path("/run/sekisho"))
    top.add_argument("--suite", choices=SUITES, default="gate")
    top.add_argument("--seed", type=int, default=1)
    top.add_argument("--pairs", choices=("chosen", "all"), default="chosen")
    top.add_argument("--at", type=datetime.fromisoformat, help="when rules with times are judged")
    top.add_argument("--guard", default=OWN_GUARD, help="own, own-lenient, none, or a socket file")
    for option, name in (("only", "only"), ("family", "families"), ("from", "sources")):
        top.add_argument(f"--{option}", dest=name, action="append", default=[])
    top.add_argument("--to", dest="targets", action="append", default=[])
    top.add_argument("--scenario", type=Path, action="append", default=[], help="its file")
    top.add_argument("--tester", default="")
    top.add_argument("--witness", default="")
    return top


def main() -> None:
    """Read the command line, run, and end with the run's exit status."""
    args = parser().parse_args()
    gc.disable()  # millions of small values and no cycles: the collector would take a third of it
    folder = args.folder.resolve()
    try:
        plan = at(load(args.plan), args.at or datetime.now(JST))
        town = _town(plan, folder, args)
        if not _chooses(args):
            town.begin()
        # Here, not above: this takes as long as the controller that starts meanwhile.
        from scenarios.run.request import asked

        kind = _kind(args.suite)
        run = asked(args, plan)
    except SekishoError as error:
        say(error=str(error), exit=error.exit_code)
        sys.exit(error.exit_code)
    check = kind(plan, folder, run, town=town)
    try:
        sys.exit(check.run(leave=os._exit))
    except Exception as error:  # noqa: BLE001  # even the record could not be written: end with that
        say(error=recorded(error, doing=doing()), exit=3, end=True)
        sys.exit(3)


def _kind(suite: str) -> type[Check]:
    """Return what runs a suite; only that is imported."""
    if suite == ACCEPT:
        from scenarios.run.acceptance import Acceptance

        return Acceptance
    if suite == "coverage":
        from scenarios.run.covering import Covering

        return Covering
    from scenarios.run.runner import Check

    return Check


def _chooses(args: argparse.Namespace) -> bool:
    """Tell whether a part is chosen, which may not exist: that is found before anything starts."""
    return bool(args.only or args.families or args.sources or args.targets or args.scenario)


def _town(plan: Plan, folder: Path, args: argparse.Namespace) -> Town:
    return Town(
        plan, folder=folder, work=args.work, progress=lambda p: say(phase=p), guard=args.guard
    )


if __name__ == "__main__":
    main()
