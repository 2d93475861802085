"""Events in the reports: what happened in the town, what leaked meanwhile, and each outage.

Knows ``events.json`` as `scenarios.run.chaos` writes it. Times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import quantiles
from typing import Any

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sekisho.evidence.verdict import MARKS
from sekisho.model import Label
from sekisho.report.markup import Markup, join, say, tag
from sekisho.report.markup import table as html_table

Row = dict[str, Any]
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
    "inconclusive": Label("◇ 判定不能", "◇ inconclusive"),
    "skipped": Label("－ 対象外", "－ skipped"),
}
_WIDTHS = (25, 11, 11, 11, 8, 8)  # columns, at most: nothing is cut where there are 80
_BADNESS = ("leak", "overblock", "inconclusive", "pass", "skipped")


_SAID = Label(
    "禁止の通信を送り続けながら、事象を起こした。時間はミリ秒(中央値・99%・最大)。",
    "Forbidden frames were sent all the while. Milliseconds: median, 99th percentile, greatest.",
)


def played(data: Row | None) -> int:
    """Return how many events the town has had."""
    rows = data["outcomes"] if data is not None else ()
    return len({row["event"] for row in rows if row["verdict"] != "skipped"})


def lines(data: Row | None, language: str, *, is_table: bool = False) -> Iterator[RenderableType]:
    """Yield what the terminal says of a run's events: how many, and what did not go as planned.

    Args:
        data: ``events.json``; None where the run has none.
        language: ``ja`` or ``en``.
        is_table: Whether to show every event.
    """
    if data is None or not data["outcomes"]:
        return
    worst = {event: _worst(rows) for event, rows in _by_event(data).items()}
    if is_table:
        yield event_table(data, language)
    marks = [_WORDS[row["verdict"]].ja[0] for row in worst.values()]
    told = "  ".join(f"{mark} {marks.count(mark)}" for mark in MARKS)
    yield Text(f"{Label('事象', 'Events').text(language)} {len(worst)}: {told}", style="bold")
    for event, row in worst.items():
        if row["verdict"] != "pass" and not is_table:
            label = Label(data["events"][event]["ja"], data["events"][event]["en"]).text(language)
            yield Text(f"  {_WORDS[row['verdict']].text(language)}  {event}: {label}")
            if why := _reason(row, language):
                yield Padding(Text(why), (0, 0, 0, 6))
    yield Text()


def chapter(data: Row | None) -> list[Markup]:
    """Return the chapter of the HTML report; nothing where the run has no events."""
    if data is None or not data["outcomes"]:
        return []
    told = {language: notes(data, language) for language in ("ja", "en")}
    rows = [_html_row(data, event, rows, told) for event, rows in _by_event(data).items()]
    heads = [say(head.ja.replace("\n", ""), head.en.replace("\n", " ")) for head in _HEADS]
    title, words = tag("h2", say("事象", "Events")), tag("p", say(_SAID.ja, _SAID.en))
    grid = html_table(heads, rows, class_="plain events")
    return [tag("section", title, words, grid, class_="sheet", id="events")]


_Told = dict[str, dict[str, list[str]]]


def _html_row(data: Row, event: str, rows: list[Row], told: _Told) -> list[Markup]:
    worst, label = _worst(rows), data["events"][event]
    notes_of = [
        tag("small", note, class_="why", lang=language)
        for language, each in told.items()
        for note in each.get(event, ())
    ]
    word = _WORDS[worst["verdict"]]
    cells = (
        f"{sum(r['leaked'] for r in rows):,}/{sum(r['forbidden_sent'] for r in rows):,}",
        figures([r["gap_ms"] for r in rows if r["permitted_heard"]]),
        figures([r["allow_ms"] for r in rows if r["allow_ms"] is not None]),
        figures([r["deny_ms"] for r in rows if r["deny_ms"] is not None]),
    )
    name = join((say(label["ja"], label["en"]), tag("br"), tag("code", event), *notes_of))
    kind = "none" if worst["verdict"] == "skipped" else worst["verdict"]
    verdict = tag("span", say(word.ja, word.en), _times(rows), class_=kind)
    return [name, verdict, *(join((cell,)) for cell in cells)]


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
            _WORDS[worst["verdict"]].text(language) + _times(rows),
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


def notes(data: Row, language: str) -> dict[str, list[str]]:
    """Return what was noted of each event, of the worst of its repeats."""
    worst = {event: _worst(rows) for event, rows in _by_event(data).items()}
    told = {e: [_reason(row, language), *_noted(row, language)] for e, row in worst.items()}
    return {event: [word for word in words if word] for event, words in told.items() if any(words)}


def _reason(row: Row, language: str) -> str:
    return str((language == "ja" and row.get("reason_ja")) or row["reason"])


def _noted(row: Row, language: str) -> list[str]:
    return list((language == "ja" and row.get("notes_ja")) or row["notes"])


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
        worst = min(tried, key=_BADNESS.index, default="inconclusive")
        if worst == "pass" and not each["sent_from"]:
            worst = "inconclusive"  # the events passed, but nothing of the situation was sent
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
