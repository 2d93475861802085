"""What a command line asks of a check: suite, selection, situations."""

from __future__ import annotations

import argparse

from scenarios.attacks import load_families
from scenarios.events.registry import event_ids
from scenarios.probes.base import POSING, PROBES
from scenarios.suites import scenarios
from scenarios.suites.covering import COVERAGE
from scenarios.suites.scope import Run
from scenarios.suites.selection import Selection
from sekisho.model import Plan
from sekisho.scenario.library import for_normal, shipped, shipped_plans
from sekisho.scenario.reading import read
from sekisho.scenario.situation import Situation


def asked(args: argparse.Namespace, plan: Plan) -> Run:
    """Return what is to be done; a chosen situation that names attacks wants the suite with them.

    Raises:
        UsageError: Something that was chosen does not exist, or is not in the suite.
    """
    chosen = for_normal(map(read, args.scenario), plan)
    suite = args.suite
    if chosen:
        scenarios.check_words(chosen, event_ids([plan, *shipped_plans()]))
        if suite == "gate" and any(map(scenarios.needs_catalogue, chosen)):
            suite = "full"
    selection = Selection(
        only=tuple(args.only),
        families=tuple(args.families),
        sources=tuple(args.sources),
        targets=tuple(args.targets),
        situations=scenarios.applied(chosen, plan),
    )
    if args.only or args.families or args.sources or args.targets:
        names = [probe.id for probe in (*PROBES, *POSING)]
        attacks = [entry.id for entry in load_families()]
        if suite == "full":
            selection.check(plan, [*names, *attacks])
        else:
            selection.check(plan, names, left_out=attacks)
    told: tuple[Situation, ...] = chosen
    if selection.is_whole and suite != COVERAGE:
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
