"""``sekisho plan``: what a plan says, without a network."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from sekisho.commands.overlaid import find_journal, overlay
from sekisho.commands.screen import Screen
from sekisho.doubts import doubts
from sekisho.draw import draw, render
from sekisho.errors import PlanError
from sekisho.model import Label
from sekisho.plan import load
from sekisho.show import show

_HINT = ("対処", "hint")


def plan_check(args: Namespace, screen: Screen) -> int:
    """Say that the plan holds no mistake, and what is odd; a mistake becomes a PlanError.

    Raises:
        PlanError: With every mistake; with ``--strict`` also with everything odd.
    """
    plan = load(args.plan)
    found = tuple(doubt.fault(args.lang) for doubt in doubts(plan))
    if args.strict and found:
        raise PlanError(found)
    sizes = (len(plan.devices), len(plan.switches), len(plan.clauses))
    label = Label(
        "誤りなし (機器{} 装置{} 許可{})", "no mistake (devices {}, switches {}, rules {})"
    )
    text = f"{args.plan}: {label.text(args.lang).format(*sizes)}"
    screen.out.print(text, markup=False, highlight=False, soft_wrap=True)
    warning, hint = (Label(*pair).text(args.lang) for pair in (("注意", "warning"), _HINT))
    for fault in found:
        line = f"{fault.file}:{fault.line}: {warning}: {fault.text}"
        line += f"\n  {hint}: {fault.hint}" if fault.hint else ""
        screen.out.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0


def plan_show(args: Namespace, screen: Screen) -> int:
    """Print the matrix, on demand hosts and rules, and what a running town has laid over it."""
    plan, width = load(args.plan), screen.out.width
    screen.out.print(
        show(plan, language=args.lang, width=width, hosts=args.hosts, rules=args.rules)
    )
    journal = find_journal(plan, args.run)
    if journal is not None:
        screen.out.print(overlay(plan, journal, args.lang))
    return 0


def plan_draw(args: Namespace, screen: Screen) -> int:
    """Write the drawings and print their paths."""
    plan = load(args.plan)
    for view in args.view or ("physical", "logical"):
        path: Path = args.out / f"{plan.id}-{view}.{args.format}"
        render(draw(plan, view, language=args.lang), path)
        screen.out.print(str(path), markup=False, highlight=False, soft_wrap=True)
    return 0
