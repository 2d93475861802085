"""``sekisho mutate --whole``: whole checks over a town with one fault at a time, and what told it.

A whole check may not pass while anything is wrong. Each fault is planted just before the first
frame or, every second time, when the fabric has been compared already.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from sekisho.commands import runs
from sekisho.commands.inner import listen
from sekisho.commands.screen import Screen
from sekisho.evidence.writing import write_atomically
from sekisho.model import Label
from sekisho.mutation.catalogue import IDS
from sekisho.plan import load
from sekisho.runtime.namespaces import launched, namespace_flags
from sekisho.runtime.progress import progress

_MODULE = "scenarios.mutants.whole_checks"
SUITES = ("gate", "full")
_GUARDS = {
    "healing": Label("制御装置が直し続けるとき", "the controller heals"),
    "lenient": Label("手による変更を放置するとき", "the controller leaves changes alone"),
}
_PROGRAMS = {"healing": "own", "lenient": "own-lenient"}  # its words
_VERDICTS = {
    "fail": Label("不合格", "fail"),
    "inconclusive": Label("判定不能", "inconclusive"),
    "pass": Label("× 合格", "× pass"),
}

Outcomes = list[dict[str, Any]]


def planted(args: Namespace, screen: Screen) -> int:
    """Run the checks and print the table; return 0 if none passed with a fault in the town."""
    plan = load(args.plan)
    namespace_flags()
    folder = runs.make_run(args.out, f"{plan.id}-whole", datetime.now(runs.JST))
    outcomes: Outcomes = []
    ends = [_run(guard, args, screen, folder, outcomes) for guard in _GUARDS]
    path = folder / "planted.json"
    data = {"schema": 1, "plan": plan.id, "outcomes": outcomes}
    write_atomically(path, orjson.dumps(data, option=orjson.OPT_INDENT_2))
    runs.seal_faults(folder, plan, max(ends))
    show(path, args, screen, is_quiet=args.quiet)
    return max(ends)


def show(path: Path, args: Namespace, screen: Screen, *, is_quiet: bool = False) -> None:
    """Print what ``planted.json`` at *path* tells of every fault, and the score."""
    outcomes: Outcomes = orjson.loads(path.read_bytes())["outcomes"]
    for guard, label in _GUARDS.items():
        own = [each for each in outcomes if each["guard"] == guard]
        if own and not is_quiet:
            screen.out.print(f"\n{label.text(args.lang)}", style="bold", highlight=False)
            screen.out.print(_table(own, args.lang))
    for line in score(outcomes, args.lang):
        screen.out.print(line, soft_wrap=True, markup=False, highlight=False)
    screen.out.print(f"{path}", style="dim", soft_wrap=True, highlight=False)


def _run(guard: str, args: Namespace, screen: Screen, base: Path, outcomes: Outcomes) -> int:
    """Run all checks under one controller; add what came of them, and return the exit status."""
    folder = base / guard
    log = folder / "log" / "whole.log"
    log.parent.mkdir(parents=True)
    shown = progress(screen.err, language=args.lang, is_quiet=args.quiet)
    words = [sys.executable, "-m", _MODULE, str(args.plan), "--folder", str(folder)]
    words += ["--guard", _PROGRAMS[guard], "--count", str(args.faults), "--seed", str(args.seed)]
    words += ["--until-told"] if args.is_short else []
    words += [f"--suite={suite}" for suite in args.suite] + [f"--id={word}" for word in args.ids]
    with log.open("wb") as out, shown, launched(words, folder=folder, log=out) as process:
        outcome = listen(process, shown, log=log)
    path = folder / "planted.json"
    outcomes += orjson.loads(path.read_bytes())["outcomes"] if path.exists() else []
    if outcome.error:
        screen.complain(outcome.error)
    return outcome.exit


def _table(outcomes: Outcomes, language: str) -> Table:
    """One line a fault: its verdict by each suite, and what told it."""
    suites = [suite for suite in SUITES if any(each["suite"] == suite for each in outcomes)]
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column(Label("誤り", "fault").text(language), ratio=3, overflow="fold")
    for suite in suites:
        table.add_column(suite, no_wrap=True)
    table.add_column(Label("見つけたもの", "told by").text(language), ratio=2, overflow="fold")
    for members in _by_fault(outcomes):
        first = next(iter(members.values()))
        verdicts = [
            _VERDICTS[members[suite]["verdict"]].text(language) if suite in members else ""
            for suite in suites
        ]
        told = next((m["by"] for m in members.values() if m["by"]), "")
        table.add_row(first["id"], f"{first['place']}: {first['words']}", *verdicts, told[:120])
    return table


def _by_fault(outcomes: Outcomes) -> Iterator[dict[str, dict[str, Any]]]:
    found: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
    for each in outcomes:
        key = each["id"], each["place"], each["words"]
        found.setdefault(key, {})[each["suite"]] = each
    yield from found.values()


def score(outcomes: Outcomes, language: str) -> Iterator[str]:
    """Yield one line a kind, and one for all: how many checks, and how many of them passed."""
    checks = Counter(each["id"] for each in outcomes)
    passed = Counter(each["id"] for each in outcomes if each["verdict"] == "pass")
    for name, count in sorted(checks.items()):
        words = IDS[name].text(language) if name in IDS else ""
        mark = "×" if passed[name] else "○"
        yield f"{mark} {name} {count - passed[name]}/{count} {words}"
    faults = len({(each["id"], each["place"], each["words"]) for each in outcomes})
    total, wrong = checks.total(), passed.total()
    yield Label(
        f"誤り{faults}件、検査{total}回、誤った合格{wrong}回",
        f"{faults} faults, {total} checks, {wrong} false passes",
    ).text(language)
