"""Situations in the reports: what somebody tried, how many cases that were, and what became of it.

The verdict is the worst of the run's own cases that belong to the situation. One that matched no
case is inconclusive; one that was not tried says why; one whose author reads the plan otherwise
than the policy does is a finding, whatever its cases say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sekisho.evidence.verdict import MARKS, Verdict
from sekisho.model import Label
from sekisho.model.states import NORMAL, is_state, state_of
from sekisho.report.markup import Markup, both, join, say, table, tag
from sekisho.report.reading import RunRecord
from sekisho.report.situation_line import SituationLine

_CONTRADICTED = Label("計画と読みが食い違う", "the plan reads otherwise")
_UNTRIED = Label("未実施", "not tried")
_READINGS = {"dropped": "遮断", "passed": "通過"}
_NOTHING = Label("該当する試験がない", "no case matched")

_UNMATCHED = Label(
    "この試験に当てはまる試験項目がなく、判定できない。全体の判定は行った試験項目だけで決まる",
    "this run has no case of it, so nothing is known of it; the run's verdict is that of its cases",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one situation.

    Attributes:
        verdict: The worst of its cases; inconclusive where none matched; None where none was tried.
        untried: Its states of which this run has no case.
        impossible: Why none of its events can happen in this town; None where one could.
    """

    line: SituationLine
    counts: Counter[Verdict]
    verdict: Verdict | None
    untried: tuple[str, ...] = ()
    impossible: Label | None = None

    @property
    def mark(self) -> str:
        """The sign to show."""
        if self.line.contradictions:
            return Verdict.LEAK.mark
        return self.verdict.mark if self.verdict else "－"

    @property
    def is_as_planned(self) -> bool:
        """True where it was tried, and every case went as the plan says."""
        return not self.line.contradictions and self.verdict in (Verdict.PASS, Verdict.RESIDUAL)

    @property
    def words(self) -> Label:
        """What became of it."""
        if self.line.contradictions:
            return _CONTRADICTED
        if self.verdict is None:
            return _UNTRIED
        return self.verdict.label if self.counts else _NOTHING


class _Group(NamedTuple):
    """Cases that are alike in all that a situation asks of them."""

    cell: str
    site: str
    source: str
    target: str
    probe: str
    state: str
    verdict: Verdict
    number: int


def found(record: RunRecord) -> list[Found]:
    """Decide each situation of the run, in the manifest's order."""
    lines = record.manifest.situations
    groups = list(_groups(record, is_by_facts=any(line.senders is not None for line in lines)))
    return [_decided(line, groups, record) for line in lines]


def _groups(record: RunRecord, *, is_by_facts: bool) -> Iterator[_Group]:
    """Yield the cases that are alike; who sends to whom is told apart only where facts decide."""
    ends = ("src", "dst") if is_by_facts else ()
    names = ("cell", "src_site", "probe", "state", "verdict", *ends)
    columns = [record.cases.columns[name] for name in names]
    for row, number in Counter(zip(*(c.codes for c in columns), strict=True)).items():
        words = [str(c.values[code]) for c, code in zip(columns, row, strict=True)]
        cell, site, probe, state, verdict, source, target = *words, *([] if ends else ["", ""])
        yield _Group(cell, site, source, target, probe, state, Verdict(verdict), number)


def _decided(line: SituationLine, groups: list[_Group], record: RunRecord) -> Found:
    """Count its own cases: in the normal state, and in those that its events bring about."""
    counts, tried = Counter[Verdict](), set[str]()
    states = {state: NORMAL if state == NORMAL else state_of(state) for state in line.states}
    probes = set(line.probes)
    for group in groups:
        own = [word for word, state in states.items() if state == group.state]
        is_event = is_state(group.probe, line.states)
        if not own or not (group.probe in probes or is_event):
            continue
        if line.matches(group.cell, group.site, group.source, group.target):
            counts[group.verdict] += group.number
            tried |= {w for w in own if not is_event or is_state(group.probe, (w,))}
    untried = tuple(word for word in line.states if word not in tried and word != NORMAL)
    is_first_look = record.manifest.suite == "smoke"  # it tries a pair of each kind, not each
    if line.reason is not None or (is_first_look and not counts):
        return Found(line, Counter(), None, untried)
    if not counts and (impossible := _impossible(line, record)):
        return Found(line, counts, None, untried, impossible)
    worst = max(counts, key=lambda verdict: verdict.badness, default=Verdict.INCONCLUSIVE)
    if record.is_aborted and worst is Verdict.PASS:
        worst = Verdict.INCONCLUSIVE
    return Found(line, counts, worst, untried)


def _impossible(line: SituationLine, record: RunRecord) -> Label | None:
    """Say why every event that it is about was left out, as the town has nothing that it needs."""
    if record.events is None or NORMAL in line.states:
        return None
    own = [o for o in record.events["outcomes"] if is_state(str(o["event"]), line.states)]
    if not own or any(outcome["verdict"] != "skipped" for outcome in own):
        return None
    return Label(str(own[0]["reason_ja"]), str(own[0]["reason"]))


def chapter(record: RunRecord) -> list[Markup]:
    """Return the chapter of the HTML report; nothing where the run has no situations."""
    rows = [_row(one) for one in found(record)]
    if not rows:
        return []
    heads = (
        say("状況", "situation"),
        say("要件", "requirements"),
        say("件数", "cases"),
        say("結果", "result"),
    )
    said = say(
        "一つの状況は一つのファイルに書いてあり、期待はいつも計画書の言うとおりです。",
        "Each stands in a file of its own; what is expected is always the plan's word.",
    )
    title = tag("h2", say("状況", "Situations"))
    grid = tag("div", table(heads, rows, class_="plain situations"), class_="scroll")
    return [tag("section", title, tag("p", said), grid, class_="sheet", id="situations")]


def _row(one: Found) -> tuple[Markup, ...]:
    line = one.line
    name = join((tag("b", line.id), tag("br"), both(line.label)))
    result = [tag("b", one.mark, class_="mark"), " ", both(one.words)]
    result += [tag("small", " ", both(text)) for text in _notes(one)]
    kind = one.verdict.value if one.verdict else "none"
    cases = f"{one.counts.total():,}" if one.counts else "－"
    requirements = " ".join(line.requirements)
    return name, join((requirements,)), join((cases,)), tag("span", *result, class_=kind)


def _notes(one: Found) -> Iterator[Label]:
    """Why it was not tried, what of it was not, and where the plan reads otherwise."""
    line = one.line
    if line.reason is not None:
        yield line.reason
    elif one.impossible is not None:
        yield one.impossible
    elif line.untried:
        words = ", ".join(line.untried)
        yield Label(f"この試験一式にないもの: {words}", f"not in this suite: {words}")
    if one.verdict is Verdict.INCONCLUSIVE and not one.counts:
        yield _UNMATCHED
    if line.reason is None and one.impossible is None and one.untried:
        words = ", ".join(one.untried)
        yield Label(
            f"ほかの状態は sekisho chaos で: {words}", f"other states by sekisho chaos: {words}"
        )
    for c in line.contradictions:
        which = " ".join(word for word in (c.cell, c.case) if word)
        yield Label(
            f"{line.where} は「{_READINGS[line.reading]}」、計画 {c.where} は逆({which})",
            f"{line.where} says {line.reading}, the plan at {c.where} says otherwise ({which})",
        )


def lines(record: RunRecord, language: str) -> Iterator[RenderableType]:
    """Yield the lines of the terminal: the counts, and what did not go as planned."""
    every = found(record)
    if not every:
        return
    counts = Counter(one.mark for one in every)
    told = "  ".join(f"{mark} {counts[mark]}" for mark in MARKS)
    yield Text(f"{Label('状況', 'Situations').text(language)} {len(every)}: {told}", style="bold")
    is_choice = len(every) < _FEW
    for one in every:
        if is_choice or not (one.is_as_planned or one.verdict is None):
            number = Label(f"{one.counts.total():,}件", f"{one.counts.total():,} cases")
            became = f"{one.words.text(language)} ({number.text(language)})"
            yield Text(f"  {one.mark} {one.line.id}: {became}")
            is_said = is_choice or one.line.contradictions or one.verdict is Verdict.INCONCLUSIVE
            notes = _notes(one) if is_said else ()
            for said in (one.line.label, *notes):
                yield Padding(Text(said.text(language), overflow="fold"), (0, 0, 0, 6))
    yield Text()


def undecided(record: RunRecord) -> Label | None:
    """Say how many situations are undecided, beside the verdict that does not count them."""
    number = sum(
        one.verdict is Verdict.INCONCLUSIVE and not one.line.contradictions for one in found(record)
    )
    if not number:
        return None
    plural = "" if number == 1 else "s"
    return Label(f"判定できない状況{number}件", f"{number} situation{plural} undecided")


_FEW = 10
