"""Show a run in a terminal: the matrix, what was found, what was not tested, one verdict line.

The signs ○ × △ ◇ － carry the meaning; colour only repeats it. The verdict is the last line, so it
is what remains on the screen. Whoever makes the console decides about colour and width.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sekisho.evidence.finding import Finding
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.report import (
    catalogue,
    causes,
    coverage,
    differences,
    events,
    plan_lines,
    probe_set,
    proof,
    situations,
    tally,
)
from sekisho.report.points import points
from sekisho.report.reading import RunRecord
from sekisho.report.sentence import why
from sekisho.report.tally import Tally
from sekisho.report.times import judged_at
from sekisho.text.columns import GAP, LEAST_NAME, blocks, is_upright

#: What became of a leak's packet when nothing else was sent.
ALONE = {
    "leaks": Label("この1パケットだけで漏れる", "this packet leaks by itself"),
    "does not leak alone": Label("1パケットだけでは漏れない", "no packet leaks by itself"),
}
MOST_FINDINGS = 10
MOST_UNDECIDED = 5

#: Suites of a run that tried events and nothing else; the second is what it was called.
_EVENTS_ALONE = ("chaos", "disturb")
_STYLES = {
    Verdict.PASS: "green",
    Verdict.LEAK: "bold white on red",
    Verdict.OVERBLOCK: "bold red",
    Verdict.UNATTRIBUTED: "bold yellow",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.RESIDUAL: "dim",
}
_RUN_STYLES = {
    RunVerdict.PASS: "bold green",
    RunVerdict.FAIL: "bold red",
    RunVerdict.INCONCLUSIVE: "bold yellow",
}


def render(record: RunRecord, *, language: str = "ja", width: int = 80) -> RenderableType:
    """Return what to print for *record*.

    Args:
        record: The run.
        language: ``ja`` or ``en``.
        width: Columns of the terminal.
    """
    parts: list[RenderableType] = [_title(record, language), _matrix(record, language, width)]
    parts += [_legend(record, language, width), Text(), *points(record, language, _STYLES)]
    parts += [
        *_findings(record, language),
        *_inconclusive(record, language),
        *_differences(record, language),
        *events.lines(record.events, language, is_table=record.manifest.suite in _EVENTS_ALONE),
        *situations.lines(record, language),
        *_not_tested(record, language),
        *(Text(line) for line in proof.text_line(record, language)),
        _counts(record, language, width),
        Text(f"{_say(language, '封印', 'sealed')} SHA-256 {record.sealed}", overflow="fold"),
        Text(),
    ]
    return Group(*parts, verdict_line(record, language=language))


def verdict_line(record: RunRecord, *, language: str = "ja") -> Text:
    """Return the one line that says it all, e.g. ``verdict FAIL: 3 leaks``."""
    both = record.verdict.label.text(language)
    style = _RUN_STYLES[record.verdict]
    if record.manifest.partial:
        both += _say(language, " (一部試験)", " (partial test)")
        style = "bold blue" if record.verdict is RunVerdict.PASS else style
    head = Text(f"{_say(language, '判定', 'verdict')} {both}", style=style)
    return head.append(f": {_why(record, language)}", style="")


def _why(record: RunRecord, language: str) -> str:
    total = tally.overall(record)
    if record.trouble is not None:
        found = [verdict for verdict in total.counts if verdict.is_finding]
        said = record.trouble.text(language)
        return "; ".join([said, *(_number(v, total, language) for v in found)])
    if record.verdict is RunVerdict.PASS:
        ja, en = f"試験{total.total:,}件、漏れ0件", f"{total.total:,} cases, 0 leaks"
        if left := situations.undecided(record):
            ja, en = f"{ja}、{left.ja}", f"{en}, {left.en}"
        return _say(language, ja, en)
    bad = sorted((v for v in total.counts if v.is_finding), key=lambda v: -v.badness)
    words = [_number(verdict, total, language) for verdict in bad]
    if wrong := sum(bool(line.contradictions) for line in record.manifest.plan.sentences):
        ja, en = f"許可と矛盾する確認項目{wrong}件", f"{wrong} sentences contradicted by the plan"
        words.append(_say(language, ja, en))
    no_case = _say(language, "個々の試験の外", "outside the cases")
    of = _say(language, f"{total.total:,}件中", f"of {total.total:,} cases")
    return f"{', '.join(words) or no_case} ({of})"


def _number(verdict: Verdict, total: Tally, language: str) -> str:
    number = total.counts.get(verdict, 0)
    plural = "" if number == 1 else "s"
    ja = f"{verdict.label.ja}{number:,}件"
    return _say(language, ja, f"{number:,} {verdict.label.en}{plural}")


def _differences(record: RunRecord, language: str) -> list[RenderableType]:
    """The first things that are not as planned, a line each, and how many there are."""
    found = record.differences
    if not found:
        return []
    said = _say(language, f"計画との相違 {len(found):,}件", f"{len(found):,} not as planned")
    text = [Text(said, style="bold yellow")]
    text += [Text(f"  {line}") for line in differences.lines(found[:MOST_UNDECIDED], language)]
    if len(found) > MOST_UNDECIDED:
        text.append(Text("  …", style="dim"))
    return [*text, Text()]


def _title(record: RunRecord, language: str) -> Text:
    manifest = record.manifest
    name = manifest.plan.label.text(language)
    when = manifest.started[:16].replace("T", " ")
    when += " JST" if manifest.started.endswith("+09:00") else ""
    text = Text("\n").append(f"{name}  ", style="bold")
    text.append(f"{when}  {manifest.suite}/{manifest.state}", style="dim")
    if manifest.partial is not None:
        part = _say(language, "一部試験", "partial test")
        text.append(f"\n{part}: {manifest.partial.text(language)}", style="bold blue")
    times = judged_at(manifest.plan)
    text.append(f"\n{times.text(language)}" if times else "")
    return text.append(f"\n{manifest.run}\n", style="dim")


def _matrix(record: RunRecord, language: str, width: int) -> Group:
    plan = record.manifest.plan
    tallies = tally.by_cell(record)
    longest = max((cell_len(s.label.text(language)) for s in plan.sources), default=0)
    spread = sum(max(2, len(d.id)) + GAP for d in plan.destinations)
    is_narrow = 5 + longest + spread > width  # then the ids stand upright, a letter a line
    ids, room = [d.id for d in plan.destinations], width - min(5 + longest, LEAST_NAME) - 1
    is_narrow = is_narrow and is_upright(ids, [2] * len(ids), room)
    widths = [2 if is_narrow else max(2, len(name)) for name in ids]
    tables: list[RenderableType] = []
    for block in blocks(widths, room):
        tables += [Text()] if tables else []
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        names = max(4, width - sum(widths[n] + GAP for n in block) - 1)
        table.add_column("", no_wrap=True, overflow="ellipsis", max_width=names)
        for n in block:
            name = plan.destinations[n].id
            head = "\n".join(name) if is_narrow else name
            table.add_column(head, no_wrap=True, min_width=widths[n], vertical="bottom")
        for source in plan.sources:
            cells = (tallies.get(f"{source.id}/{plan.destinations[n].id}") for n in block)
            row = Text(f"{source.id:<3} {source.label.text(language)}")
            table.add_row(row, *(_cell(cell) for cell in cells))
        tables.append(table)
    return Group(*tables)


def _cell(cell: Tally | None) -> Text:
    if cell is None or cell.verdict is None:
        return Text("－", style="dim")
    return Text(cell.mark, style=_STYLES[cell.verdict])


_MEANINGS = (
    Label("○ 計画どおり", "○ as planned"),
    Label("× 漏れ・過剰遮断", "× leak or over-block"),
    Label("△ 遮断箇所不明", "△ unattributed drop"),
    Label("◇ 判定不能", "◇ inconclusive"),
    Label("－ 未実施・対象外・残存リスク", "－ not tested or residual"),
)


def _legend(record: RunRecord, language: str, width: int) -> RenderableType:
    destinations = record.manifest.plan.destinations
    names = [Text(f"{d.id:<3} {d.label.text(language)}", style="dim") for d in destinations]
    rows = _rows(names, width)
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(-(-len(names) // rows)):
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=width)
    for row in range(rows):
        table.add_row(*names[row::rows])
    marks = [meaning.text(language) for meaning in _MEANINGS]
    lines = blocks([cell_len(mark) + 1 for mark in marks], width)  # a second space behind each
    return Group(Text(), table, *(Text("  ".join(marks[n] for n in line)) for line in lines))


def _rows(names: list[Text], width: int) -> int:
    """Return into how few rows *names* can be set, column by column, without being cut."""
    for rows in range(1, len(names)):
        columns = [names[at : at + rows] for at in range(0, len(names), rows)]
        if sum(max(name.cell_len for name in column) + 2 for column in columns) - 2 <= width:
            return rows
    return max(1, len(names))


def _packed(phrases: list[str], width: int) -> str:
    """Return *phrases* side by side on lines of at most *width* columns, none of them broken."""
    lines = [""]
    for phrase in phrases:
        longer = f"{lines[-1]}  {phrase}" if lines[-1] else phrase
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(phrase)
    return "\n".join(lines)


def _findings(record: RunRecord, language: str) -> Iterator[Text]:
    total = tally.overall(record)
    number = max(len(record.findings), sum(n for v, n in total.counts.items() if v.is_finding))
    if not number:
        return
    found = causes.causes(record)
    head = _say(language, "指摘", "Findings")
    yield Text(f"{head}: {causes.told(found, number).text(language)}", style="bold")
    for cause in found[:MOST_FINDINGS]:
        if (count := len(cause.findings)) > 1:
            many = _say(language, f"{count:,}件", f"{count:,} cases")
            words = f"■ {many}  {cause.where}  {cause.words.text(language)}"
            yield Text(words, style="bold", overflow="fold")
        yield from _finding(record, cause.findings[0], language)
    if len(found) > MOST_FINDINGS:
        rest = len(found) - MOST_FINDINGS
        yield Text(_say(language, f"  ほか原因{rest:,}件", f"  and {rest:,} more causes"))
    yield Text()


def _finding(record: RunRecord, finding: Finding, language: str) -> Iterator[Text]:
    case = record.cases[record.cases.row(finding.case)]
    word = finding.verdict.label.text(language)
    style = _STYLES[finding.verdict]
    yield Text(f"{finding.verdict.mark} {finding.case} {word}", style=style).append(
        f"  {case.cell}  {finding.src} → {finding.dst}  {case.probe} {case.ports}", style=""
    )
    details = (
        (Label("場所", "port"), f"{finding.switch}:{finding.port}"),
        (Label("規則", "rule"), finding.rule),
        (Label("計画", "plan"), finding.plan_line),
        (Label("理由", "why "), why(case.reason).text(language)),
        (Label("経路", "path"), " → ".join(dict.fromkeys(_stations(finding)))),
        (Label("単独", "alone"), ALONE.get(finding.alone, Label("", "")).text(language)),
        (Label("再送", "again"), record.replay(finding.case) if finding.sent_hex else ""),
    )
    for name, value in details:
        if value:
            yield Text(f"    {name.text(language)} {value}", overflow="fold")


def _stations(finding: Finding) -> Iterator[str]:
    """Yield the ports of a packet's path, without the rules between them."""
    for line in finding.path:
        if not line.startswith(" "):
            yield line.removesuffix(" in").partition(" out to ")[2] or line.removesuffix(" in")


def _inconclusive(record: RunRecord, language: str) -> Iterator[Text]:
    rows = [row for row, v in enumerate(record.cases.verdicts()) if v is Verdict.INCONCLUSIVE]
    if not rows:
        return
    title = _say(
        language, f"判定できない試験 {len(rows):,}件", f"Inconclusive cases: {len(rows):,}"
    )
    yield Text(title, style="bold")
    for case in (record.cases[row] for row in rows[:MOST_UNDECIDED]):
        words = f"{case.src} → {case.dst}  {why(case.reason).text(language)}"
        yield Text(f"{Verdict.INCONCLUSIVE.mark} {case.case}  {case.cell}  {words}")
    if more := len(rows) - min(MOST_UNDECIDED, len(rows)):
        yield Text(_say(language, f"  ほか {more:,}件", f"  and {more:,} more"))
    yield Text()


def _not_tested(record: RunRecord, language: str) -> Iterator[Text]:
    manifest = record.manifest
    if manifest.real:
        yield Text(_say(language, "実物で行ったもの", "Real in this run"), style="bold")
        yield from (Text(f"  ○ {thing.label.text(language)}") for thing in manifest.real)
    yield Text(_say(language, "試験していないこと", "Not tested"), style="bold")
    for thing in (*manifest.missing, *manifest.not_tested):
        yield Text(f"  － {thing.label.text(language)}")
    every = (*tally.by_line(record), *tally.by_need(record))
    if open_lines := sum(found.verdict is None for _, found in every):
        ja, en = (
            f"上の確認項目のうち「－」のもの({open_lines}件)",
            f"{open_lines} points marked － above",
        )
        yield Text(f"  － {_say(language, ja, en)}")
    if cells := tally.untested_cells(record):
        shown = " ".join(cells[:8]) + (" …" if len(cells) > 8 else "")
        number = f"{len(cells):,}"
        yield Text(f"  － {_say(language, f'表の{number}マス', f'{number} cells')}: {shown}")
    yield Text()


def _counts(record: RunRecord, language: str, width: int) -> Text:
    total = tally.overall(record)
    found = [f"{_say(language, '試験', 'cases')} {total.total:,}"]
    found += [
        f"{verdict.mark} {verdict.label.text(language)} {total.counts.get(verdict, 0):,}"
        for verdict in Verdict
    ]
    lines = [_packed(found, width)]
    if record.summary is not None:
        sent, dropped = record.summary.frames_sent, record.summary.captures_dropped
        words = [f"{_say(language, '送信', 'frames sent')} {sent:,}"]
        words.append(f"{_say(language, '取りこぼし', 'captures dropped')} {dropped:,}")
        words.append(f"{_say(language, '所要', 'took')} {record.summary.seconds.total:.1f} s")
        lines.append(_packed(words, width))
    if tried := catalogue.words(record, language):
        lines.append(_packed(tried, width))
    if met := coverage.words(record, language):
        lines.append(_packed(met, width))
    if chosen := probe_set.words(record, language):
        lines += [_packed(chosen, width), *probe_set.dead_lines(record, language)]
    if counted := plan_lines.words(record, language):
        lines += [_packed(counted, width), *plan_lines.unexercised(record, language)]
    return Text("\n".join(lines))


def _say(language: str, ja: str, en: str) -> str:
    return Label(ja, en).text(language)
