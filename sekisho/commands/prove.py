"""``sekisho prove``: for all packets, whether the tables let through what the plan says."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from itertools import combinations
from time import monotonic

from sekisho.commands.screen import Screen
from sekisho.commands.second_opinion import certify, compare, refuse_words
from sekisho.compiler.reroute import rerouted
from sekisho.compiler.routing import ends_of, has_way_around
from sekisho.compiler.tables import compile_town
from sekisho.errors import UsageError
from sekisho.model import JST, Label, Plan
from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.proof.reading import moment_of, read_run
from sekisho.proof.verdict import Cut, Proof, Tables, prove_cuts
from sekisho.proof.witness import Walker
from sekisho.proof.words import (
    assumed_lines,
    assumptions,
    cut_words,
    cuts_line,
    difference_lines,
    moment_lines,
    verdict_line,
)

_MORE = Label("ほかに {n} 件", "and {n} more")
_SECONDS = Label("{s:.1f} 秒", "{s:.1f} s")
_SHOWN = 5  # differences in full


def prove(args: Namespace, screen: Screen) -> int:
    """Prove a plan's tables; return 1 where a packet speaks against it.

    Raises:
        RefusedError: The tables have a part that is not modelled.
        DisagreementError: A second judge does not say the same.
    """
    began, language = monotonic(), args.lang
    refuse_words(args)
    if args.dumps and args.lines:
        raise UsageError(
            "--lines and --dumps together are not possible\n"
            "  hint: with a line down switches hold other tables: dump those"
        )
    told = moment_of(args.dumps) if args.dumps else None
    plan = at(load(args.plan), args.at or told or datetime.now(JST))
    tables = read_run(args.dumps, plan) if args.dumps else compile_town(plan)
    cases = {(): tables, **_cuts(plan, tables, args.lines)}
    proofs = prove_cuts(plan, cases, engine=args.engine)
    assumed = assumptions(plan, are_compiled=not args.dumps)
    seconds = _SECONDS.text(language).format(s=monotonic() - began)
    said = verdict_line(proofs[()], len(assumed), language)
    screen.say(f"{args.dumps or args.plan}: {said} {seconds}")
    for line in moment_lines(plan, language):
        screen.say(line)
    if args.lines:
        cut = [proof for down, proof in proofs.items() if down]
        screen.say(cuts_line(cut, args.lines, language))
    _show(screen, plan, cases, proofs, language)
    screen.say("\n".join(assumed_lines(assumed, language)))
    if args.judge:
        compare(screen, plan, cases, proofs)
    if args.certificate:
        certify(screen, plan, tables, args.certificate)
    return 1 if any(proof.differences for proof in proofs.values()) else 0


def _cuts(plan: Plan, tables: Tables, most: int) -> dict[Cut, Tables]:
    """Return the tables for every set of at most *most* lines that have a way around."""
    out: dict[Cut, Tables] = {}
    for number in range(1, most + 1):
        for lines in combinations(plan.links, number):
            if has_way_around(plan, lines):
                down = ends_of(lines)
                out[down] = rerouted(plan, dict(tables), down=down)
    return out


def _show(
    screen: Screen,
    plan: Plan,
    cases: dict[Cut, Tables],
    proofs: dict[Cut, Proof],
    language: str,
) -> None:
    """Print the first differences with their packets, and how many more there are."""
    found = [(down, each) for down, proof in proofs.items() for each in proof.differences]
    for down, difference in found[:_SHOWN]:
        walk = Walker(plan, cases[down], down).shown(difference)
        lines = "\n".join(difference_lines(plan, difference, walk, language))
        screen.say(f"{cut_words(down, language)}{lines}")
    if len(found) > _SHOWN:
        screen.say(_MORE.text(language).format(n=len(found) - _SHOWN))
