"""The sentences of page one and what became of each: the words of every report, and the terminal's.

○, × or － stands before the sentence, as on page one; where the plan contradicts it, the rules
that do follow.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.report import tally
from sekisho.report.reading import RunRecord
from sekisho.report.sentence import Sentence
from sekisho.report.tally import Tally

_RESULTS = {
    Verdict.PASS: Label("遮断を確認", "blocked"),
    Verdict.LEAK: Label("通過あり", "passed through"),
    Verdict.OVERBLOCK: Label("過剰遮断", "over-blocked"),
    Verdict.UNATTRIBUTED: Label("遮断箇所不明", "blocked, place unknown"),
    Verdict.INCONCLUSIVE: Label("判定不能", "undecided"),
    Verdict.RESIDUAL: Label("残存リスク", "residual risk"),
}
_REACHED = {
    **_RESULTS,
    Verdict.PASS: Label("通信を確認", "works"),
    Verdict.OVERBLOCK: Label("つながらない", "does not work"),
}
_UNTESTED = Label("未実施", "not tested")
_CONTRADICTED = Label("計画が許可", "the plan permits it")
_UNPERMITTED = Label("許可がない", "not permitted")
POINTS = Label("重点確認項目", "Main points")
NEEDS = Label("業務に必要な通信", "What work needs")


def result(line: Sentence, found: Tally) -> Label:
    """Return what became of a sentence, in a word or two."""
    if line.contradictions:
        return _UNPERMITTED if line.ports else _CONTRADICTED
    if found.verdict is None:
        return _UNTESTED
    return (_REACHED if line.ports else _RESULTS)[found.verdict]


def because(line: Sentence) -> Label | None:
    """Return which rules contradict a sentence; None where none does."""
    if not line.contradictions:
        return None
    said = line.permitting
    if line.ports:
        return Label(f"許可がないもの: {said}", f"no rule permits {said}")
    return Label(f"通している許可: {said}", f"permitted by {said}")


def points(record: RunRecord, language: str, styles: dict[Verdict, str]) -> list[RenderableType]:
    """Return what the terminal shows of page one: every sentence with its sign and its result.

    Args:
        record: The run.
        language: ``ja`` or ``en``.
        styles: Colours of the signs.
    """
    shown: list[RenderableType] = []
    for title, lines in ((POINTS, tally.by_line(record)), (NEEDS, tally.by_need(record))):
        if lines:
            head = Text(title.text(language), style="bold")
            shown += [head, _table(lines, language, styles), Text()]
    return shown


def _table(
    lines: Iterable[tuple[Sentence, Tally]], language: str, styles: dict[Verdict, str]
) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for line, found in lines:
        style = styles[found.verdict] if found.verdict is not None else "dim"
        words = Text(line.label.text(language))
        if why := because(line):
            words.append(f"\n{why.text(language)}")
        count = f"{found.total:,}" if found.total else "－"
        said = Text(result(line, found).text(language), style=style)
        table.add_row(Text(found.mark, style=style), f"{line.number}.", words, said, count)
    return table
