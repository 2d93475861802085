"""Page one of the HTML report: what an officer reads, prints on one sheet of A4 and signs.

Plain words only; nothing here needs an engineer. What was not tested stands beside the verdict.
"""

from __future__ import annotations

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label, StandingException
from sekisho.report import events, proof, tally
from sekisho.report.concerned import of_whom
from sekisho.report.manifest import Named, PairsTried
from sekisho.report.markup import Markup, both, join, say, tag
from sekisho.report.points import NEEDS, POINTS, because, result
from sekisho.report.reading import RunRecord
from sekisho.report.sentence import Sentence
from sekisho.report.tally import Tally
from sekisho.report.times import judged_at, moment

MOST_UNTESTED = 10  # entries on page one; the whole list is in the chapter on limits

_STATES = {"normal": Label("通常", "normal")}


def front(record: RunRecord) -> Markup:
    """Return page one."""
    return tag(
        "section",
        _head(record),
        tag("div", _verdict(record), _facts(record), class_="top"),
        _lines(record),
        *_needs(record),
        tag("div", _untested(record), _exceptions(record), class_="pair"),
        *(() if record.manifest.partial else (_signatures(record),)),
        _foot(record),
        class_="sheet front partial" if record.manifest.partial else "sheet front",
        id="front",
    )


def _head(record: RunRecord) -> Markup:
    plan = record.manifest.plan
    return tag(
        "header",
        tag("h1", tag("span", both(plan.label), class_="town"), " ", both(title(record))),
        class_="head",
    )


def title(record: RunRecord) -> Label:
    """Return what the sheet is: the result of a whole test, or the record of a part of one."""
    if record.manifest.partial:
        return Label("ネットワーク分離確認 一部試験の記録", "Network separation: partial test")
    return Label("ネットワーク分離確認試験 結果書", "Network separation test: result")


def _verdict(record: RunRecord) -> Markup:
    label, partial = record.verdict.label, record.manifest.partial
    times = judged_at(record.manifest.plan)
    small, kind, more = say("判定", "Verdict"), record.verdict.value, []
    if partial is not None:
        small = say("一部試験(合否の判定ではない)", "Partial test, not a verdict on the whole")
        more = [tag("p", both(partial), class_="which")]
        kind += " partial"
        if record.verdict is RunVerdict.PASS:
            label = Label("一部試験", "Partial test")
    return tag(
        "div",
        tag("p", small, class_="small"),
        tag("p", both(label), class_="stamp"),
        *more,
        tag("p", both(_sentence(record)), class_="sentence"),
        *((tag("p", both(times), class_="which"),) if times else ()),
        class_=f"verdict {kind}",
    )


def _sentence(record: RunRecord) -> Label:
    counts = tally.overall(record).counts
    leak, over = counts.get(Verdict.LEAK, 0), counts.get(Verdict.OVERBLOCK, 0)
    unknown = counts.get(Verdict.UNATTRIBUTED, 0)
    if record.is_aborted:
        ja, en = "試験が途中で終わったため、判定できません。", "The test ended early; no verdict."
    elif record.verdict is RunVerdict.PASS:
        ja = "試験した範囲では、通してはならない通信は1件も通りませんでした。"
        en = "In all that was tested, nothing passed that must not."
    elif record.trouble is not None:
        ja, en = f"{record.trouble.ja}。", f"No verdict: {record.trouble.en}."
    else:
        ja = en = ""
    if leak:
        ja += f"通してはならない通信が{leak:,}件通りました。"
        en += f" {leak:,} forbidden communications passed."
    if over:
        ja += f"通すべき通信が{over:,}件通りませんでした。"
        en += f" {over:,} permitted communications did not pass."
    if unknown:
        ja += f"どこで止まったか分からない通信が{unknown:,}件あります。"
        en += f" {unknown:,} were stopped in an unknown place."
    if wrong := sum(bool(line.contradictions) for line in record.manifest.plan.sentences):
        ja += f"重点確認項目のうち{wrong}件は、計画の許可と矛盾しています。"
        en += f" {wrong} of the main points are contradicted by what the plan permits."
    if leak or over or unknown:
        concerned = of_whom(record)
        ja, en = ja + concerned.ja, f"{en} {concerned.en}"
    if not ja:
        ja = "個々の試験のほかに、計画と異なる点が見つかりました。"
        en = "Something beside the single cases is not as planned."
    return Label(ja, en.strip())


def _facts(record: RunRecord) -> Markup:
    manifest, summary = record.manifest, record.summary
    rows = [
        (say("試験日時", "Date"), both(moment(manifest.started))),
        (say("状態", "State"), both(_state(record))),
        (say("試験件数", "Cases"), say(f"{len(record.cases):,}件", f"{len(record.cases):,}")),
    ]
    if summary is not None:
        ja = f"端末・サーバ {summary.hosts:,}台、スイッチ {summary.switches:,}台"
        en = f"{summary.hosts:,} devices, {summary.switches:,} switches"
        rows.append((say("規模", "Size"), say(ja, en)))
    if manifest.pairs is not None:
        rows.append((say("試験した組", "Pairs"), both(_pairs(manifest.pairs))))
    if (said := proof.line(record)) is not None:
        rows.append((both(said[0]), both(said[1])))
    if manifest.real:
        rows.append((say("実物で行ったもの", "Real in this run"), both(_real(manifest.real))))
    rows.append((say("試験番号", "Number"), join((manifest.run,))))
    cells = (tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows)
    return tag("table", tag("tbody", *cells), class_="facts")


def _real(things: tuple[Named, ...]) -> Label:
    return Label(
        "、".join(thing.label.ja for thing in things), "; ".join(thing.label.en for thing in things)
    )


def _pairs(pairs: PairsTried) -> Label:
    """How the pairs of a sender and a target were chosen, in words."""
    if pairs.are_all:
        return Label(
            f"送信元と宛先の接続の組 全{pairs.possible:,}組を、すべての項目で",
            f"all {pairs.possible:,} pairs of connections, each with every probe",
        )
    ja, en = "", ""
    if pairs.names:
        ja = f"。同じスイッチの他機器の名乗り {pairs.names:,}通りから{pairs.names_tried:,}通り"
        en = f"; names of others at one switch: {pairs.names_tried:,} of {pairs.names:,}"
    return Label(
        f"接続の組 {pairs.possible:,}組から{pairs.tried:,}組を選んで試験"
        f"(全項目{pairs.every_probe:,}組、抽出{pairs.sampled:,}組){ja}",
        f"{pairs.tried:,} of {pairs.possible:,} pairs of connections, chosen "
        f"({pairs.every_probe:,} with every probe, {pairs.sampled:,} by lot){en}",
    )


def _state(record: RunRecord) -> Label:
    """The state that the town was in, and how many events it had."""
    state = record.manifest.state
    named = _STATES.get(state, Label(state, state))
    if not (played := events.played(record.events)):
        return named
    return Label(f"{named.ja}と、事象{played}種類", f"{named.en}, and {played} events")


def _lines(record: RunRecord) -> Markup:
    heads = (
        say("番号", "No."),
        say("確認項目", "What must hold"),
        say("結果", "Result"),
        say("件数", "Cases"),
    )
    head = tag("tr", *(tag("th", cell, scope="col") for cell in heads))
    rows = [_line(line, found) for line, found in tally.by_line(record)]
    caption = tag("caption", both(POINTS))
    body = (tag("thead", head), tag("tbody", *rows))
    return tag("table", caption, *body, class_="lines")


def _needs(record: RunRecord) -> list[Markup]:
    """What work needs, tried by real conversations; nothing where the plan says nothing of it."""
    rows = [_line(line, found) for line, found in tally.by_need(record)]
    caption = tag("caption", both(NEEDS))
    return [tag("table", caption, tag("tbody", *rows), class_="lines needs")] if rows else []


def _line(line: Sentence, found: Tally) -> Markup:
    why = because(line)
    small = [tag("small", both(why), class_="why")] if why else []
    if line.decided_by is not None:
        by = line.decided_by
        small.append(tag("small", say(f"対象: {by.ja}", f"decided {by.en}"), class_="who"))
    sign = tag("span", found.mark, class_="mark")
    return tag(
        "tr",
        tag("th", str(line.number), scope="row"),
        tag("td", both(line.label), *small),
        tag("td", sign, " ", both(result(line, found)), class_="result"),
        tag("td", f"{found.total:,}" if found.total else "－", class_="number"),
        class_=found.verdict.value if found.verdict else "none",
    )


def _untested(record: RunRecord) -> Markup:
    things = untested(record)
    items = [tag("li", both(thing)) for thing in things[:MOST_UNTESTED]]
    if rest := len(things) - MOST_UNTESTED:
        ja, en = f"ほか{rest}件(「限界」に全件)", f"and {rest} more, see the chapter on limits"
        items += [tag("li", say(ja, en))] if rest > 0 else []
    if not items:
        items = [tag("li", say("なし", "none"))]
    title = tag("h2", say("今回、試験していないこと", "What was not tested"))
    return tag("div", title, tag("ul", *items), class_="untested")


def untested(record: RunRecord) -> list[Label]:
    """Return everything that this run says nothing about, the run's own gaps first."""
    gaps: list[Label] = []
    every = (*tally.by_line(record), *tally.by_need(record))
    lines = sum(found.verdict is None for _, found in every)
    if lines:
        gaps.append(Label(f"上の表で「－」の項目({lines}件)", f"{lines} lines marked － above"))
    if cells := len(tally.untested_cells(record)):
        ja = f"送信元と宛先の組合せのうち{cells:,}通り"
        gaps.append(Label(ja, f"{cells:,} pairs of source and destination"))
    manifest = record.manifest
    return gaps + [thing.label for thing in (*manifest.missing, *manifest.not_tested)]


def _departing(exception: StandingException) -> str:
    """Name an exception with the requirements and the rules that it is about."""
    about = ", ".join((*exception.breaks, *exception.rules))
    return f"{exception.id} ({about})" if about else exception.id


def _exceptions(record: RunRecord) -> Markup:
    items = [
        tag("li", tag("b", _departing(e)), " ", both(e.label), tag("small", both(e.measures)))
        for e in record.manifest.plan.exceptions
    ]
    if residual := tally.overall(record).counts.get(Verdict.RESIDUAL, 0):
        ja = f"ネットワークだけでは防げないもの {residual:,}件(「指摘事項」に一覧)"
        en = f"{residual:,} cases that no network can prevent, see the chapter on findings"
        items.append(tag("li", say(ja, en)))
    title = tag("h2", say("承認のうえ残している例外", "Standing exceptions"))
    nothing = tag("li", say("なし", "none"))
    return tag("div", title, tag("ul", *(items or [nothing])), class_="exceptions")


def _signatures(record: RunRecord) -> Markup:
    manifest = record.manifest
    people = (
        (say("試験者", "Tested by"), manifest.tester),
        (say("立会者", "Witnessed by"), manifest.witness),
        (say("承認者", "Approved by"), manifest.approver),
    )
    boxes = (
        tag(
            "div",
            tag("p", role, class_="role"),
            tag("p", name, class_="name"),
            tag("p", say("　　　年　　月　　日", "Date"), class_="date"),
            tag("p", say("印", "seal"), class_="seal"),
        )
        for role, name in people
    )
    return tag("div", *boxes, class_="signatures")


def _foot(record: RunRecord) -> Markup:
    said = say(
        "この結果は、計画を模した環境で確かめたものです。実際の機器での確認に代わるものではありません。",
        "Found in an emulation of the planned network. It replaces no test of real equipment.",
    )
    digest = record.manifest.hashes.get("plan", "")[:12]
    plan = tag("div", said, " ", say("計画書", "Plan"), f": {digest}")
    name = say("封印 (manifest.json の SHA-256)", "Seal (SHA-256 of manifest.json)")
    seal = tag("div", name, ": ", tag("code", record.sealed), class_="digest")
    return tag("footer", plan, seal, class_="foot")
