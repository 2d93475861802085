"""What of the fabric was not as planned: the chapter of the page, and lines for the terminal.

Made from ``differences.json``; a run without such a file says nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sekisho.evidence.finding import Difference
from sekisho.model import Label
from sekisho.report.markup import Markup, both, say, tag
from sekisho.report.reading import RunRecord

MOST = 200  # on the page
_MOST_BYTES = 160
_WHEN = {
    "before": Label("試験前", "before"),
    "after": Label("試験後", "after"),
    "meanwhile": Label("試験中", "meanwhile"),
}
_REPAIR = Label("要修正", "repair")
_UNSURE = Label("判定不能", "undecided")


def chapter(record: RunRecord) -> list[Markup]:
    """Return the chapter, or nothing where all was as planned."""
    found = record.differences
    if not found:
        return []
    heads = (say("時点", "When"), say("相違", "What differs"), say("扱い", "Result"))
    head = tag("tr", *(tag("th", cell, scope="col") for cell in heads))
    rows = [_row(each) for each in found[:MOST]]
    title = tag("h2", say("計画との相違", "Not as planned"))
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="plain differences")
    parts = [title, _intro(len(found)), tag("div", table, class_="wide")]
    return [tag("section", *parts, class_="sheet", id="differences")]


def _intro(number: int) -> Markup:
    return tag(
        "p",
        say(
            f"機器の状態を、計画書から作った規則・設定と照合しました。相違は{number:,}件です。"
            "相違のある試験は合格になりません。",
            f"The whole fabric was read and compared with what the plan compiles to: {number:,} "
            "differences. A run with any of them is not passed.",
        ),
    )


def _row(each: Difference) -> Markup:
    result = _REPAIR if each.is_finding else _UNSURE
    text: list[Markup] = [both(Label(each.ja, each.en))]
    if each.hex:
        text.append(tag("pre", each.hex[: 2 * _MOST_BYTES]))
    return tag(
        "tr",
        tag("td", both(when(each))),
        tag("td", *text),
        tag("td", both(result)),
        class_="leak" if each.is_finding else "inconclusive",
    )


def when(each: Difference) -> Label:
    """Return the moment of a difference in words."""
    if each.when.startswith("cut "):
        lines = each.when.removeprefix("cut ")
        return Label(f"回線断 {lines}", f"while cut: {lines}")
    return _WHEN.get(each.when, Label(each.when, each.when))


def lines(found: Iterable[Difference], language: str) -> list[str]:
    """Return one line for each difference."""
    return [f"{when(d).text(language)}: {Label(d.ja, d.en).text(language)}" for d in found]
