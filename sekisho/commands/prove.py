"""``sekisho prove``: for all packets, whether the tables let through what the plan says."""

from __future__ import annotations

from argparse import Namespace
from time import monotonic

from sekisho.commands.screen import Screen
from sekisho.compiler import compile_town
from sekisho.model import Label
from sekisho.plan import load
from sekisho.proof.reading import read_run
from sekisho.proof.verdict import prove as proved
from sekisho.proof.witness import Walker
from sekisho.proof.words import assumed_lines, assumptions, difference_lines, verdict_line

_MORE = Label("ほかに {n} 件", "and {n} more")
_SECONDS = Label("{s:.1f} 秒", "{s:.1f} s")
_SHOWN = 5  # differences in full


def prove(args: Namespace, screen: Screen) -> int:
    """Prove a plan's tables; return 1 where a packet speaks against it.

    Raises:
        RefusedError: The tables have a part that is not modelled.
    """
    began = monotonic()
    plan = load(args.plan)
    tables = read_run(args.dumps, plan) if args.dumps else compile_town(plan)
    proof = proved(plan, tables, engine=args.engine)
    assumed, language = assumptions(plan, are_compiled=not args.dumps), args.lang
    seconds = _SECONDS.text(language).format(s=monotonic() - began)
    _say(
        screen,
        f"{args.dumps or args.plan}: {verdict_line(proof, len(assumed), language)} {seconds}",
    )
    walker = Walker(plan, tables)
    for difference in proof.differences[:_SHOWN]:
        walk = walker.shown(difference)
        _say(screen, "\n".join(difference_lines(plan, difference, walk, language)))
    if len(proof.differences) > _SHOWN:
        _say(screen, _MORE.text(language).format(n=len(proof.differences) - _SHOWN))
    _say(screen, "\n".join(assumed_lines(assumed, language)))
    return 1 if proof.differences else 0


def _say(screen: Screen, text: str) -> None:
    screen.out.print(text, markup=False, highlight=False, soft_wrap=True)
