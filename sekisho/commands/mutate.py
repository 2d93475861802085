"""``sekisho mutate``: plant faults in a running town, and show which of them nobody told."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from sekisho.commands import runs
from sekisho.commands.inner import listen
from sekisho.commands.planted import planted
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.model import Label
from sekisho.mutation.catalogue import IDS, LEVELS
from sekisho.plan import load
from sekisho.runtime.namespaces import launched, namespace_flags
from sekisho.runtime.progress import progress

_MODULE = "scenarios.mutants"
_WORDS = {
    "killed": Label("検出", "killed"),
    "equivalent": Label("同等", "equivalent"),
    "inconclusive": Label("判定不能", "inconclusive"),
    "survived": Label("見逃し", "survived"),
}

Fates = list[dict[str, Any]]


def mutate(args: Namespace, screen: Screen) -> int:
    """Mutate ``args.plan`` and return the exit status: 0 if every fault that matters was told."""
    _check(args)
    if args.whole:
        return planted(args, screen)
    plan = load(args.plan)
    namespace_flags()
    folder = runs.make_run(args.out, f"{plan.id}-mutate", datetime.now(runs.JST))
    log = folder / "log" / "mutate.log"
    shown = progress(screen.err, language=args.lang, is_quiet=args.quiet)
    words = _words(args, folder)
    with log.open("wb") as out, shown, launched(words, folder=folder, log=out) as process:
        outcome = listen(process, shown, log=log)
    if outcome.error:
        screen.complain(outcome.error)
        return outcome.exit
    runs.seal_faults(folder, plan, outcome.exit)
    if not args.quiet or outcome.exit:
        show(folder / "mutations.json", args, screen, is_quiet=args.quiet)
    return outcome.exit


def show(path: Path, args: Namespace, screen: Screen, *, is_quiet: bool = False) -> None:
    """Print what ``mutations.json`` at *path* tells of every fault, and the score."""
    told = orjson.loads(path.read_bytes())
    if not is_quiet:
        screen.out.print(_table(told["fates"], told["absent"], args.lang))
    for line in _lines(told["fates"], args.lang):
        screen.out.print(line, soft_wrap=True, markup=False, highlight=False)
    screen.out.print(f"{path}", style="dim", soft_wrap=True, highlight=False)


def _check(args: Namespace) -> None:
    for option, given, known in (("--level", args.level, LEVELS), ("--id", args.ids, IDS)):
        for word in given:
            if word not in known:
                hint = f"one of {', '.join(known)}"
                raise UsageError(f"{option} {word!r} names nothing\n  hint: {hint}")


def _words(args: Namespace, folder: Path) -> list[str]:
    words = [sys.executable, "-m", _MODULE, str(args.plan), "--folder", str(folder)]
    words += ["--count", str(args.faults), "--pairs", str(args.pairs), "--seed", str(args.seed)]
    words += [f"--level={word}" for word in args.level]
    return words + [f"--id={word}" for word in args.ids]


def _table(fates: Fates, absent: dict[str, str], language: str) -> Table:
    """One line for every id of both lists, planted or not, under its levels."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("", overflow="fold", max_width=38)
    for words in _WORDS.values():
        table.add_column(words.text(language), justify="right", no_wrap=True)
    for level, label in LEVELS.items():
        own = [fate for fate in fates if fate["level"] == level]
        if own:
            table.add_row(label.text(language), style="bold")
        for name in IDS:
            count = Counter(fate["fate"] for fate in own if name in fate["ids"])
            if count:
                table.add_row(f"  {name}", IDS[name].text(language), *map(str, _each(count)))
        pairs = Counter(fate["fate"] for fate in own if "+" in fate["ids"][0])
        if pairs:
            two = Label("2件同時", "two at once").text(language)
            table.add_row("  M+M", two, *map(str, _each(pairs)))
    for name in sorted(set(IDS) - {name for fate in fates for name in fate["ids"]}):
        none = Label("今回は仕込まず", "not planted").text(language)
        table.add_row(f"－ {name}", absent.get(name) or f"{IDS[name].text(language)}: {none}")
    return table


def _each(count: Counter[str]) -> list[int]:
    return [count[kind] for kind in _WORDS]


def _lines(fates: Fates, language: str) -> list[str]:
    """Every fault that was not told as it should be, and the score."""
    out = []
    for fate in fates:
        if not fate["is_right"]:
            where = f"{'/'.join(fate['ids'])} {fate['place']}"
            word = _WORDS[fate["fate"]].text(language)
            out.append(f"× {where}: {fate['words']}: {word}: {fate['how']}")
    instrument = [fate for fate in fates if fate["level"] == "instrument"]
    rest = [f for f in fates if f["level"] != "instrument" and f["fate"] != "equivalent"]
    killed = sum(fate["fate"] == "killed" for fate in rest)
    share = f"{100 * killed / len(rest):.1f} %" if rest else "-"
    inconclusive = sum(fate["is_right"] for fate in instrument)
    both = Label(
        f"検出率 {share}: 意味のある誤り{len(rest)}件のうち{killed}件を検出"
        f"、試験装置の故障{len(instrument)}件のうち{inconclusive}件を判定不能",
        f"score {share}: {killed} of {len(rest)} faults that matter were told, "
        f"{inconclusive} of {len(instrument)} broken instruments were inconclusive",
    )
    return [*out, both.text(language)]
