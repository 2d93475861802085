"""A change in words: what it does, what it did, and the history of a town."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from sekisho.commands.runs import JST
from sekisho.commands.screen import Screen
from sekisho.model import Label
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import JOURNAL_FILE, ChangeAnswer, PreviewAnswer

_OPENS = Label("新たに開ける", "will open")
_CLOSES = Label("開けなくなる", "will no longer open")
_OPENED_BY = Label("新たに開かれる", "will be opened")
_CLOSED_TO = Label("開かれなくなる", "will no longer be opened")
_SHOWN = 6  # ends of a service on a line; the answer has all of them
_DRY = Label("試算: 規則{}件。何も変えていない", "dry run: {} rules; nothing was changed")
_DONE = Label("変更{} 適用済み: 規則{}件、{:.1f} ms", "change {} is in force: {} rules, {:.1f} ms")
_UNDONE = Label("変更{} 取消済み: 規則{}件、{:.1f} ms", "change {} is undone: {} rules, {:.1f} ms")
_LATE = Label("待機中(つながり次第): {}", "waiting, to be done when back: {}")
_HEADS = (
    Label("日時", "when"),
    Label("ポート", "port"),
    Label("変更先", "to"),
    Label("申請者", "by"),
    Label("理由", "reason"),
    Label("期限", "until"),
    Label("有効", "stands"),
)


def lines(answer: ChangeAnswer | PreviewAnswer, language: str, *, is_last: bool) -> Iterator[str]:
    """Yield what the control server answers: who is moved, what opens and closes, the figures.

    Args:
        answer: Of a dry run, or of the change itself.
        language: ``"ja"`` or ``"en"``.
        is_last: Whether nothing follows: a dry run then says that nothing was changed.
    """
    if isinstance(answer, ChangeAnswer):
        yield from _made(answer, language)
        return
    shown = answer.shown
    for moved in shown.get("moved", ()):
        before, after = moved["before"], moved["after"]
        yield f"{moved['port']}  {moved['attachment']}  {_place(before)} → {_place(after)}"
        yield from _reached(_OPENS.text(language), moved["gains"], _more(before, after))
        yield from _reached(_CLOSES.text(language), moved["loses"], _more(after, before))
        yield from _reached(_OPENED_BY.text(language), moved["gained_by"], "")
        yield from _reached(_CLOSED_TO.text(language), moved["lost_by"], "")
    for each in shown.get("permits", ()):
        ends = " → ".join(_some(each[key]) for key in ("sources", "targets"))
        yield f"  {each['rule']} {each['service']}: {ends}"
    for warned in shown.get("warnings", ()):
        words = (warned["severity"], warned["requirement"], warned[language])
        yield f"  ! {' '.join(word for word in words if word)}"
    for source, destination, old, new in shown.get("cells", ()):
        yield f"  {source} → {destination}: {old} → {new}"
    if is_last:
        yield _DRY.text(language).format(answer.rules)


def _made(answer: ChangeAnswer, language: str) -> Iterator[str]:
    """Say that a change, or the end of one, is in force, and how long that took."""
    took_s = answer.seconds if answer.acknowledged_s is None else answer.acknowledged_s
    label = _UNDONE if answer.is_undo else _DONE
    yield label.text(language).format(answer.number, answer.rules, took_s * 1000)
    if answer.waiting:
        yield _LATE.text(language).format(" ".join(answer.waiting))


def _more(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The destination classes that only *after* may open."""
    return " ".join(d for d in after["opens"] if d not in before["opens"])


def _reached(title: str, reaches: Sequence[dict[str, str]], classes: str) -> Iterator[str]:
    """The classes, and a line for each service with its other ends."""
    yield f"  {title}: {classes}".rstrip() if reaches else f"  {title}: {classes or '-'}"
    ends: dict[str, list[str]] = {}
    for each in reaches:
        ends.setdefault(each["service"], []).append(each["attachment"])
    for service, names in ends.items():
        yield f"    {service}: {_some(names)}"


def _some(names: Sequence[str]) -> str:
    """Name the first of *names*, and say how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" +{more}" if more > 0 else "")


def _place(side: dict[str, Any]) -> str:
    return f"{side['zone']}/{side['source']} {side['ip']}" if side["registered"] else "quarantine"


def show_history(folder: Path, language: str, screen: Screen) -> None:
    """Print every change of the town: who, when, why, and whether it stands."""
    table = Table("No.", *(head.text(language) for head in _HEADS))
    for change in Journal(folder / JOURNAL_FILE).history():
        ports = [move["port"] for move in change["moves"]] or change["links"]
        stands = "-" if change["undone"] else "○" if change["in_force"] else "…"
        table.add_row(
            str(change["number"]),
            clock(change["at"]),
            " ".join(ports),
            change["to"],
            change["by"],
            change["reason"],
            clock(change["until"]) if change["until"] else "",
            stands,
        )
    screen.out.print(table)


def clock(at: float) -> str:
    """Return a moment, in seconds since 1970, by the clock of the run folders."""
    return f"{datetime.fromtimestamp(at, JST):%Y-%m-%d %H:%M:%S}"
