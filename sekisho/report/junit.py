"""Show a run as JUnit XML, for any CI.

A suite is a source class, a test case is one kind of probe in one cell; every finding is a test
case of its own. Nothing that did not happen is green: an inconclusive case is an error, an
untested line or cell is skipped, and the first test case of all is the verdict of the whole run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.verdict import Verdict
from sekisho.report import situations, tally
from sekisho.report.reading import RunRecord
from sekisho.report.terminal import verdict_line
from sekisho.text.printable import UNPRINTABLE

# XML 1.0, 2.2: the complement of Char. Lone surrogates cannot be encoded either.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(record: RunRecord) -> bytes:
    """Return the whole document, UTF-8."""
    root = Element("testsuites", name=_text(f"sekisho {record.manifest.plan.id}"))
    root.append(_run(record))
    root.append(_fabric(record))
    root.append(_lines(record))
    root.append(_needs(record))
    root.append(_situations(record))
    for suite in _sources(record):
        root.append(suite)
    for suite in root:
        _count(suite)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def _run(record: RunRecord) -> Element:
    suite = _suite("run", record)
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="manifest.sha256", value=record.sealed)
    if record.manifest.partial is not None:
        words = record.manifest.partial.en
        SubElement(properties, "property", name="partial", value=_text(words))
    case = _case(suite, "run", f"verdict of {record.manifest.run}")
    words = verdict_line(record, language="en").plain
    if record.verdict is RunVerdict.FAIL:
        _mark(case, "failure", words)
    elif record.verdict is not RunVerdict.PASS:
        _mark(case, "error", words)
    if record.summary is not None:
        suite.set("time", f"{record.summary.seconds.total:.3f}")
    return suite


def _fabric(record: RunRecord) -> Element:
    """One test case for each thing that is not as planned, or a single green one."""
    suite = _suite("fabric", record)
    for each in record.differences:
        case = _case(suite, "fabric", f"{each.when}: {each.kind} at {each.place}")
        _mark(case, "failure" if each.is_finding else "error", each.en, each.hex)
    if not record.differences and record.verdict is not RunVerdict.INCONCLUSIVE:
        _case(suite, "fabric", "every table, setting and interface is as planned")
    return suite


def _lines(record: RunRecord) -> Element:
    suite = _suite("must-drop", record)
    for line, found in tally.by_line(record):
        case = _case(suite, "must-drop", f"{line.number}. {line.label.en} / {line.label.ja}")
        words = f"{found.total} cases, state {line.state}"
        if line.contradictions:
            _mark(case, "failure", f"the plan permits it: {line.permitting}")
        elif found.verdict is None:
            _mark(case, "skipped", f"not tested: no case of state {line.state} matches")
        elif found.verdict.is_finding:
            _mark(case, "failure", f"{found.verdict.label.en}: {words}")
        elif found.verdict is Verdict.INCONCLUSIVE:
            _mark(case, "error", f"{found.verdict.label.en}: {words}")
        elif found.verdict is Verdict.RESIDUAL:
            _mark(case, "skipped", f"{found.verdict.label.en}: {words}")
    return suite


def _needs(record: RunRecord) -> Element:
    """One test case for each need of work."""
    suite = _suite("must-reach", record)
    for line, found in tally.by_need(record):
        case = _case(suite, "must-reach", f"{line.number}. {line.label.en} / {line.label.ja}")
        words = f"{found.total} conversations"
        if line.contradictions:
            _mark(case, "failure", f"no rule permits it: {line.permitting}")
        elif found.verdict is None:
            _mark(case, "skipped", "not tested: no conversation of it was held")
        elif found.verdict.is_finding:
            _mark(case, "failure", f"{found.verdict.label.en}: {words}")
        elif found.verdict is Verdict.INCONCLUSIVE:
            _mark(case, "error", f"{found.verdict.label.en}: {words}")
    return suite


def _situations(record: RunRecord) -> Element:
    suite = _suite("situations", record)
    for one in situations.found(record):
        line = one.line
        case = _case(suite, "situations", f"{line.id}: {line.label.en} / {line.label.ja}")
        words = f"{one.words.en}: {one.counts.total()} cases, {' '.join(line.requirements)}"
        if line.contradictions:
            _mark(case, "failure", words, "\n".join(c.where for c in line.contradictions))
        elif (why := line.reason or one.impossible) is not None:
            _mark(case, "skipped", f"not tried: {why.en}")
        elif one.verdict is None:
            _mark(case, "skipped", "not tried")
        elif one.verdict is Verdict.INCONCLUSIVE:
            _mark(case, "error", words)
        elif not one.is_as_planned:
            _mark(case, "failure", words)
    return suite


def _sources(record: RunRecord) -> Iterator[Element]:
    groups: dict[tuple[str, int, str], Counter[Verdict]] = {}
    wrong: dict[str, list[int]] = {}
    keys = record.cases.texts("cell", "item", "probe")
    for row, (key, verdict) in enumerate(zip(keys, record.cases.verdicts(), strict=True)):
        groups.setdefault((key[0], int(key[1]), key[2]), Counter())[verdict] += 1
        if verdict.is_finding:
            wrong.setdefault(key[0], []).append(row)
    for source in _source_ids(record):
        suite = _suite(source, record)
        for (cell, item, probe), counts in sorted(groups.items()):
            if cell.partition("/")[0] == source:
                _group(suite, cell, f"{item} {probe}", counts, is_partial=record.is_aborted)
        for cell, rows in wrong.items():
            if cell.partition("/")[0] == source:
                for row in rows:
                    _finding(suite, record, row)
        for cell in tally.untested_cells(record):
            if cell.partition("/")[0] == source:
                _mark(_case(suite, cell, "all probes"), "skipped", "not tested: no case was run")
        yield suite


def _source_ids(record: RunRecord) -> list[str]:
    planned = [source.id for source in record.manifest.plan.sources]
    cells = (str(cell) for cell in record.cases.columns["cell"].values)
    return [*planned, *sorted({cell.partition("/")[0] for cell in cells} - set(planned))]


def _group(
    suite: Element, cell: str, name: str, counts: Counter[Verdict], *, is_partial: bool
) -> None:
    passed, inconclusive, residual = (
        counts[v] for v in (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.RESIDUAL)
    )
    if not passed + inconclusive + residual:
        return  # each of them is a finding and has a test case of its own
    case = _case(suite, cell, f"{name} ({counts.total()} cases)")
    words = f"{passed} as planned, {inconclusive} inconclusive, {residual} residual"
    if inconclusive:
        _mark(case, "error", words)
    elif is_partial and passed:
        _mark(case, "skipped", f"the run ended early: {words}")
    elif not passed:
        _mark(case, "skipped", words)


def _finding(suite: Element, record: RunRecord, row: int) -> None:
    case = record.cases[row]
    title = f"{case.case} {case.probe} {case.src} -> {case.dst}"
    where = f"{case.src_switch}:{case.src_port}"
    detail = f"port {where}\nrule {case.drop_rule or '-'}\nplan {case.plan_line}\n{case.pcap}"
    message = f"{case.verdict.label.en}: {case.reason}"
    _mark(_case(suite, case.cell, title), "failure", message, detail)


def _suite(name: str, record: RunRecord) -> Element:
    return Element("testsuite", name=_text(name), timestamp=_text(record.manifest.started[:19]))


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(
        suite, "testcase", classname=_text(f"sekisho.{group.replace('/', '.')}"), name=_text(name)
    )


def _mark(case: Element, kind: str, message: str, detail: str = "") -> None:
    SubElement(case, kind, message=_text(message)).text = _text(detail) or None


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for key, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(len(suite.findall(f"testcase/{kind}"))))


def _text(words: str) -> str:
    """Write what XML forbids or a terminal obeys as ``#x1B``: probe output may hold any byte."""
    for forbidden in (_FORBIDDEN, UNPRINTABLE):
        words = forbidden.sub(lambda found: f"#x{ord(found[0]):02X}", words)
    return words
