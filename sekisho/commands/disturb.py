"""``sekisho disturb``: let events befall a town; show what leaked and what was gone how long."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
from rich.box import SIMPLE
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sekisho.commands import runs
from sekisho.commands.inner import Outcome, listen
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.launch import launched, namespace_flags
from sekisho.model import Label
from sekisho.plan import load
from sekisho.progress import progress
from sekisho.situation import Situation, find, for_events

_MODULE = "scenarios.disturb"
_HEADS = (
    Label("事象", "event"),
    Label("判定", "verdict"),
    Label("漏れ/\n禁止送信", "leaked/\nforbidden"),
    Label("許可の中断\np50/99/最大", "longest gap\np50/p99/max"),
    Label("再開まで", "allowed\nagain"),
    Label("遮断まで", "denied\nafter"),
)
_WORDS = {
    "pass": Label("○", "○ pass"),
    "leak": Label("× 漏れ", "× leak"),
    "overblock": Label("× 復旧せず", "× never came back"),
    "void": Label("△ 判定不能", "△ void"),
    "skipped": Label("－ 対象外", "－ skipped"),
}
_WIDTHS = (25, 11, 11, 11, 8, 8)  # columns, at most: nothing is cut where there are 80
_BADNESS = ("leak", "overblock", "void", "pass", "skipped")

Row = dict[str, Any]


def disturb(args: Namespace, screen: Screen) -> int:
    """Play the events on ``args.plan`` and return the exit status."""
    plan = load(args.plan)
    if args.situation and args.only:
        raise UsageError("--situation and --only cannot go together\n  hint: leave one out")
    chosen = for_events([find(word, plan) for word in args.situation], plan)
    namespace_flags()
    folder = runs.make_run(args.out, plan.id, datetime.now(runs.JST))
    outcome = _supervised(args, folder, screen, chosen)
    if outcome.error:
        screen.complain(outcome.error)
    path = folder / "events.json"
    if path.exists() and args.quiet and outcome.exit and not outcome.error:
        screen.out.print(total(orjson.loads(path.read_bytes()), args.lang), highlight=False)
        screen.out.print(str(path), soft_wrap=True, highlight=False)
    if path.exists() and not args.quiet:
        data = orjson.loads(path.read_bytes())
        screen.out.print(event_table(data, args.lang))
        for event, words in notes(data).items():
            screen.out.print(Text(event))
            for word in words:
                screen.out.print(Padding(Text(word), (0, 0, 0, 2)))
        for line in situation_lines(data, args.lang):
            screen.out.print(line, highlight=False)
        screen.out.print(total(data, args.lang), highlight=False)
        screen.out.print(str(path), style="dim", soft_wrap=True, highlight=False)
    return outcome.exit


def _supervised(
    args: Namespace, folder: Path, screen: Screen, chosen: tuple[Situation, ...]
) -> Outcome:
    words = [sys.executable, "-m", _MODULE, str(args.plan), "--folder", str(folder)]
    words += ["--repeat", str(args.repeat), f"--only={args.only}", "--seed", str(args.seed)]
    words += [f"--situation={each.places.file}" for each in chosen]
    log = folder / "log" / "disturb.log"
    shown = progress(screen.err, language=args.lang, is_quiet=args.quiet)
    try:
        with (
            log.open("wb") as out,
            shown,
            launched(words, folder=folder, log=out) as process,
        ):
            return listen(process, shown, log=log)
    except KeyboardInterrupt as stop:
        return Outcome(runs.EXIT_VOID, f"interrupted{f' by {stop}' if str(stop) else ''}", {})


def event_table(data: Row, language: str) -> Table:
    """Return what became of each event, all its repeats together; times in milliseconds."""
    out = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for head, width in zip(_HEADS, _WIDTHS, strict=True):
        out.add_column(head.text(language), max_width=width, overflow="fold")
    for event, rows in _by_event(data).items():
        worst = _worst(rows)
        label = Label(data["events"][event]["ja"], data["events"][event]["en"])
        out.add_row(
            f"{label.text(language)}\n{event}",
            _WORDS[worst["verdict"]].text(language)
            + (f" ×{len(rows)}" if len(rows) > 1 and worst["verdict"] != "skipped" else ""),
            f"{sum(r['leaked'] for r in rows):,}/{sum(r['forbidden_sent'] for r in rows):,}",
            figures([r["gap_ms"] for r in rows if r["permitted_heard"]]),
            figures([r["allow_ms"] for r in rows if r["allow_ms"] is not None]),
            figures([r["deny_ms"] for r in rows if r["deny_ms"] is not None]),
        )
    return out


def _by_event(data: Row) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = {}
    for row in data["outcomes"]:
        out.setdefault(row["event"], []).append(row)
    return out


def _times(rows: list[Row]) -> str:
    played = sum(row["verdict"] != "skipped" for row in rows)
    return f" ×{played}" if played > 1 else ""


def _worst(rows: list[Row]) -> Row:
    return min(rows, key=lambda row: _BADNESS.index(row["verdict"]))


def notes(data: Row) -> dict[str, list[str]]:
    """Return what was noted of each event, of the worst of its repeats."""
    worst = {event: _worst(rows) for event, rows in _by_event(data).items()}
    told = {event: [row["reason"], *row["notes"]] for event, row in worst.items()}
    return {event: [word for word in words if word] for event, words in told.items() if any(words)}


def total(data: Row, language: str) -> str:
    """Say in one line how many events there were, what became of them, and what leaked."""
    rows = data["outcomes"]
    fates = {word: sum(row["verdict"] == word for row in rows) for word in reversed(_BADNESS)}
    told = ", ".join(
        f"{_WORDS[word].text(language)} {count}" for word, count in fates.items() if count
    )
    leaked, sent = sum(r["leaked"] for r in rows), sum(r["forbidden_sent"] for r in rows)
    return Label(
        f"事象のべ{len(rows)}回({told})、禁止の印{sent:,}個のうち漏れ{leaked:,}個。時間はミリ秒",
        f"events: {len(rows)} ({told}); {leaked:,} of {sent:,} forbidden tokens leaked; in ms",
    ).text(language)


def situation_lines(data: Row, language: str) -> list[str]:
    """Say what became of each situation: the worst of the events that are its states."""
    out = []
    for each in data["situations"]:
        kinds = each["states"]
        by_kind = {kind: [r["verdict"] for r in data["outcomes"] if _is(r, kind)] for kind in kinds}
        own = [verdict for verdicts in by_kind.values() for verdict in verdicts]
        tried = [verdict for verdict in own if verdict != "skipped"]
        worst = min(tried, key=_BADNESS.index, default="void")
        if worst == "pass" and not each["sent_from"]:
            worst = "void"  # the events passed, but nothing of the situation was sent
        label = Label(each["ja"], each["en"]).text(language)
        out.append(f"{_WORDS[worst].text(language)}  {each['id']}: {label}")
        sent, left = each["sent_from"], each["not_sent_from"]
        told = Label(
            f"禁止送信元 {len(sent)}({' '.join(sent)})、順番が来なかった送信元 {len(left)}",
            f"forbidden from {len(sent)} ({' '.join(sent)}), not come to its turn {len(left)}",
        )
        out.append(f"    {told.text(language)}")
        if idle := [k for k, verdicts in by_kind.items() if set(verdicts) <= {"skipped"}]:
            head = Label("この計画では起こせない状態", "states that this plan cannot have")
            out.append(f"    {head.text(language)}: {', '.join(idle)}")
    return out


def _is(row: Row, kind: str) -> bool:
    return kind in (row["event"], row["event"].partition(":")[0])


def figures(values: list[float]) -> str:
    """Return the median, the 99th percentile and the greatest of *values*, or a dash."""
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.1f}"
    cuts = quantiles(values, n=100, method="inclusive")
    return f"{cuts[49]:.1f} / {cuts[98]:.1f} / {max(values):.1f}"
