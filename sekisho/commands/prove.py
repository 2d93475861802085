"""``sekisho prove``: for all packets, whether the tables let through what the plan says."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from time import monotonic

from sekisho.commands.plan_arguments import default_plan
from sekisho.commands.running import read_running
from sekisho.commands.screen import Screen
from sekisho.commands.second_opinion import certify, compare, refuse_words
from sekisho.compiler.reroute import rerouted
from sekisho.compiler.routing import ends_of, has_way_around
from sekisho.compiler.tables import compile_town
from sekisho.errors import UsageError
from sekisho.model import JST, Label, Plan
from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.proof.reading import moment_of, read_dumps, read_run
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
_CHANGES = Label("計画書に重ねた変更: {numbers}", "changes laid over the plan: {numbers}")
_SHOWN = 5  # differences in full


@dataclass(frozen=True, slots=True)
class _Held:
    """What is proved, and of what.

    Attributes:
        name: What the verdict's line begins with.
        plan: The plan, at its moment.
        changes: Numbers of the changes that are laid over it.
        are_compiled: Whether the tables were made from the plan, and read from no switch.
    """

    name: Path
    plan: Plan
    tables: Tables
    changes: tuple[int, ...] = ()
    are_compiled: bool = False


def prove(args: Namespace, screen: Screen) -> int:
    """Prove a plan's tables; return 1 where a packet speaks against it.

    Raises:
        RefusedError: The tables have a part that is not modelled.
        DisagreementError: A second judge does not say the same.
    """
    began, language = monotonic(), args.lang
    refuse_words(args)
    _refuse_together(args)
    held = _held(args)
    plan = held.plan
    cases = {(): held.tables, **_cuts(plan, held.tables, args.lines)}
    proofs = prove_cuts(plan, cases, engine=args.engine)
    assumed = assumptions(plan, are_compiled=held.are_compiled)
    seconds = _SECONDS.text(language).format(s=monotonic() - began)
    said = verdict_line(proofs[()], len(assumed), language)
    screen.say(f"{held.name}: {said} {seconds}")
    if held.changes:
        screen.say(_CHANGES.text(language).format(numbers=" ".join(map(str, held.changes))))
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
        certify(screen, plan, held.tables, args.certificate)
    return 1 if any(proof.differences for proof in proofs.values()) else 0


def _refuse_together(args: Namespace) -> None:
    """Refuse words that do not go together.

    Raises:
        UsageError: There are such.
    """
    if args.dumps and args.lines:
        raise UsageError(
            "--lines and --dumps together are not possible\n"
            "  hint: with a line down switches hold other tables: dump those"
        )
    if args.town and not args.running:
        raise UsageError("--town is for --running alone\n  hint: add --running")
    if not args.running:
        return
    if args.plan:
        raise UsageError(
            f"--running and a plan ({args.plan}) cannot go together\n"
            "  hint: a running town has its own plan"
        )
    others = {"--dumps": args.dumps, "--lines": args.lines, "--at": args.at}
    for option, value in others.items():
        if value:
            raise UsageError(f"--running and {option} cannot go together\n  hint: leave one out")


def _held(args: Namespace) -> _Held:
    """Return what *args* name: a running town's tables, dumped ones, or those of a plan."""
    if args.running:
        found = read_running(args)
        return _Held(found.folder, found.plan, read_dumps(found.dumps), found.changes)
    told = moment_of(args.dumps) if args.dumps else None
    path = args.plan or default_plan()
    plan = at(load(path), args.at or told or datetime.now(JST))
    if args.dumps:
        return _Held(args.dumps, plan, read_run(args.dumps, plan))
    return _Held(path, plan, compile_town(plan), are_compiled=True)


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
