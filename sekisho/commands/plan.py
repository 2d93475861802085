"""``sekisho plan``: what a plan says, without a network."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

from sekisho.commands.overlaid import find_journal, overlay
from sekisho.commands.plan_arguments import default_plan
from sekisho.commands.saving import saving
from sekisho.commands.screen import Screen
from sekisho.draw.physical import FORMATS, draw, render
from sekisho.draw.plan_tables import show
from sekisho.errors import Fault, PlanError, UsageError
from sekisho.lint.doubts import doubts
from sekisho.lint.sarif import sarif
from sekisho.model import JST, Label, Plan
from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.plan.parts import plans_of

_PART = Label("{names} の一部なので、そちらを確かめる", "a part of {names}, which is checked")
_HINT = ("対処", "hint")


def plan_lint(args: Namespace, screen: Screen) -> int:
    """Say of each plan that it holds no mistake, and what is odd; mistakes become a PlanError.

    Raises:
        PlanError: With every mistake of all plans; with ``--strict`` also with everything odd.
        UsageError: The file of ``--sarif`` cannot be written.
    """
    mistakes, odd = list[Fault](), list[Fault]()
    paths, said = _whole(args.plans or [default_plan()], args.lang)
    if args.sarif is not None and args.sarif.resolve() in {path.resolve() for path in paths}:
        raise UsageError(f"--sarif {args.sarif}: is a plan\n  hint: name another file")
    for path in paths:
        try:
            plan = load(path)
        except PlanError as error:
            mistakes += error.faults
            continue
        found = [doubt.fault(args.lang) for doubt in doubts(plan, _now(args))]
        if args.strict and found:
            mistakes += found
            continue
        odd += found
        said.append(_right(plan, path, found, args.lang))
    if args.sarif is not None:
        _write(args.sarif, sarif(mistakes, odd, language=args.lang))
    for text in said:
        screen.say(text)
    if mistakes:
        raise PlanError(tuple(mistakes))
    return 0


def _whole(paths: list[Path], language: str) -> tuple[list[Path], list[str]]:
    """Return the plans to check, each once, and what is said of parts: their plans are checked."""
    out, said = list[Path](), list[str]()
    for path in paths:
        plans = plans_of(path)
        if plans:
            names = ", ".join(map(str, plans))
            said.append(f"{path}: {_PART.text(language).format(names=names)}")
        out += [plan for plan in plans or (path,) if plan.resolve() not in map(Path.resolve, out)]
    return out, said


def _now(args: Namespace) -> datetime:
    moment: datetime | None = args.at
    return moment or datetime.now(JST)


def _write(path: Path, log: dict[str, Any]) -> None:
    """Write a log of SARIF; nothing but a file is written to."""
    if path.exists() and not path.is_file():
        raise UsageError(f"--sarif {path}: is not a file\n  hint: name a file, there or not yet")
    with saving("--sarif", path):
        path.write_text(json.dumps(log, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _right(plan: Plan, path: Path, odd: list[Fault], language: str) -> str:
    """Return in words that a plan holds no mistake, and what is odd in it."""
    sizes = (len(plan.devices), len(plan.switches), len(plan.clauses))
    label = Label(
        "誤りなし (機器{} スイッチ{} 許可{})", "no mistake (devices {}, switches {}, rules {})"
    )
    lines = [f"{path}: {label.text(language).format(*sizes)}"]
    warning, hint = (Label(*pair).text(language) for pair in (("注意", "warning"), _HINT))
    for fault in odd:
        lines.append(f"{fault.file}:{fault.line}: {warning}: {fault.text}")
        lines += [f"  {hint}: {fault.hint}"] if fault.hint else []
    return "\n".join(lines)


def plan_show(args: Namespace, screen: Screen) -> int:
    """Print the matrix, on demand hosts and rules, and what a running town has laid over it."""
    plan, width = load(args.plan), screen.out.width
    now = at(plan, _now(args))
    screen.out.print(show(now, language=args.lang, width=width, hosts=args.hosts, rules=args.rules))
    journal = find_journal(plan, args.town)
    if journal is not None:
        screen.out.print(overlay(plan, journal, args.lang))
    return 0


def plan_draw(args: Namespace, screen: Screen) -> int:
    """Write the drawings and print their paths; what is over by then is drawn as denied."""
    if args.out.suffix[1:].lower() in FORMATS and not args.out.is_dir():
        raise UsageError(
            f"--out {args.out}: drawings go into a folder, under names of their own\n"
            f"  hint: --out {args.out.parent}"
        )
    plan = at(load(args.plan), _now(args))
    for view in args.view or ("physical", "logical"):
        path: Path = args.out / f"{plan.id}-{view}.{args.format}"
        with saving("--out", path):
            render(draw(plan, view, language=args.lang), path)
        screen.out.print(str(path), markup=False, highlight=False, soft_wrap=True)
    return 0
