"""The matrix of the HTML report: a cell a button, which opens the cases behind it.

The sign in a cell is the result; the small words under it are the plan (a clause number, or 遮断
for a denial), so that "as planned" can be read for both.
"""

from __future__ import annotations

from sekisho.evidence.verdict import Verdict
from sekisho.model import CellKind, Label
from sekisho.report import tally
from sekisho.report.manifest import Named, PlannedCell
from sekisho.report.markup import Markup, both, join, say, tag
from sekisho.report.reading import RunRecord
from sekisho.report.tally import Tally

_DENIED = Label("遮断", "deny")
_UNTESTED = Label("未実施", "untested")
_OUTSIDE = Label("対象外", "n/a")


def grid(record: RunRecord) -> Markup:
    """Return the chapter with the matrix, its legend and the place for the cases of a cell."""
    return tag(
        "section",
        tag("h2", say("送信元と宛先の表", "Matrix of sources and destinations")),
        _legend(),
        tag(
            "div",
            _table(record),
            class_="scroll",
            tabindex=0,
            role="region",
            aria_label="表 matrix",
        ),
        tag(
            "noscript",
            tag(
                "p",
                say(
                    "個々の試験を見るには、JavaScriptを有効にしてください。",
                    "The cases need JavaScript.",
                ),
            ),
        ),
        tag("div", id="drill", tabindex=-1, aria_live="polite"),
        class_="sheet wide",
        id="matrix",
    )


def _legend() -> Markup:
    meanings = (
        (Verdict.PASS.mark, Label("計画どおり", "as planned")),
        (Verdict.LEAK.mark, Label("漏れ、または過剰遮断", "leak or over-block")),
        (Verdict.UNATTRIBUTED.mark, Label("遮断箇所不明", "unattributed drop")),
        (Verdict.INCONCLUSIVE.mark, Label("判定不能", "inconclusive")),
        ("－", Label("未実施、対象外、残存リスク", "not tested, n/a or residual")),
    )
    items = [tag("li", tag("b", mark), " ", both(label)) for mark, label in meanings]
    hint = say(
        "マスを選ぶと、その試験が下に出ます。小さい字は計画(要件番号、または遮断)です。",
        "Choose a cell to see its cases below. Small print is the plan: a clause, or deny.",
    )
    form = tag(
        "form",
        tag("label", say("試験番号で探す", "Find a case"), for_="wanted"),
        tag("input", id="wanted", name="wanted", placeholder="T-000001", autocomplete="off"),
        tag("button", say("表示", "show"), type="submit"),
        id="find",
    )
    return join((tag("ul", *items, class_="legend"), tag("p", hint, class_="hint"), form))


def _table(record: RunRecord) -> Markup:
    plan = record.manifest.plan
    tallies = tally.by_cell(record)
    heads = (
        tag("th", tag("b", d.id), tag("span", both(d.label), class_="name"), scope="col")
        for d in plan.destinations
    )
    corner = tag("td", say("送信元 ＼ 宛先", "from ＼ to"), class_="corner")
    rows = [
        tag(
            "tr",
            tag("th", tag("b", source.id), " ", both(source.label), scope="row"),
            *(
                _cell(source, d, plan.cells.get(f"{source.id}/{d.id}"), tallies)
                for d in plan.destinations
            ),
        )
        for source in plan.sources
    ]
    return tag("table", tag("thead", tag("tr", corner, *heads)), tag("tbody", *rows), class_="grid")


def _cell(
    source: Named, destination: Named, cell: PlannedCell | None, tallies: dict[str, Tally]
) -> Markup:
    key = f"{source.id}/{destination.id}"
    found = tallies.get(key)
    if found is None or found.verdict is None:
        why = _UNTESTED if cell is None or cell.is_testable else _OUTSIDE
        return tag("td", tag("span", "－", class_="mark"), _small(both(why)), class_="none")
    name = (
        f"{source.label.ja} → {destination.label.ja} ({key}): "
        f"{found.verdict.label.ja} {found.verdict.label.en}, {found.total:,}"
    )
    mark = tag("span", found.mark, class_="mark", aria_hidden="true")
    button = tag(
        "button", mark, _small(_words(cell)), data_cell=key, aria_label=name, type="button"
    )
    is_allowed = cell is not None and cell.kind is CellKind.ALLOW
    return tag("td", button, class_=f"{found.verdict.value}{' allow' if is_allowed else ''}")


def _words(cell: PlannedCell | None) -> Markup:
    if cell is None or cell.kind is CellKind.DENY:
        return both(_DENIED)
    return join((cell.mark,))


def _small(words: Markup) -> Markup:
    return tag("span", words, class_="plan")
