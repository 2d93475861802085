"""``sekisho mutate``: plant small faults in a running town's tables; count those nobody told."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from datetime import datetime
from typing import Any

import orjson
from rich.table import Table

from sekisho.commands import runs
from sekisho.commands.inner import listen
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.launch import launched, namespace_flags
from sekisho.plan import load
from sekisho.progress import progress

_MODULE = "scenarios.mutate"
_WORDS = {
    "killed": ("検出", "killed"),
    "survived": ("見逃し", "survived"),
    "equivalent": ("同等", "equivalent"),
    "void": ("判定不能", "void"),
}


def mutate(args: Namespace, screen: Screen) -> int:
    """Mutate ``args.plan`` and return the exit status: 0 if every fault that matters was told."""
    if args.count < 1:
        raise UsageError(f"--count {args.count} plants nothing\n  hint: 200 is a good number")
    plan = load(args.plan)
    namespace_flags()
    folder = runs.make_run(args.out, f"{plan.id}-mutate", datetime.now(runs.JST))
    words = [sys.executable, "-m", _MODULE, str(args.plan), "--folder", str(folder)]
    words += ["--count", str(args.count), "--seed", str(args.seed)]
    log = folder / "log" / "mutate.log"
    shown = progress(screen.err, language=args.lang, is_quiet=args.quiet)
    with log.open("wb") as out, shown, launched(words, folder=folder, log=out) as process:
        outcome = listen(process, shown, log=log)
    if outcome.error:
        screen.complain(outcome.error)
        return outcome.exit
    fates = orjson.loads((folder / "mutations.json").read_bytes())
    if not args.quiet:
        screen.out.print(_table(fates, args.lang))
        screen.out.print(_score(fates, args.lang))
        screen.out.print(f"{folder / 'mutations.json'}", style="dim", soft_wrap=True)
    return outcome.exit


def _table(fates: list[dict[str, Any]], language: str) -> Table:
    """One line an operator, and one a survivor."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for words in _WORDS.values():
        table.add_column(words[language == "en"], justify="right")
    for operator in sorted({fate["operator"] for fate in fates}):
        count = Counter(f["fate"] for f in fates if f["operator"] == operator)
        table.add_row(operator, *(str(count[kind]) for kind in _WORDS))
    for fate in fates:
        if fate["fate"] == "survived":
            table.add_row(f"{fate['operator']} {fate['switch']}: {fate['words']}; {fate['how']}")
    return table


def _score(fates: list[dict[str, Any]], language: str) -> str:
    count = Counter(fate["fate"] for fate in fates)
    matter = count["killed"] + count["survived"] + count["void"]
    share = f"{100 * count['killed'] / matter:.1f} %" if matter else "-"
    if language == "en":
        return f"score {share}: {count['killed']} of {matter} faults that matter were told"
    return f"検出率 {share}: 意味のある誤り{matter}件のうち{count['killed']}件を検出"
