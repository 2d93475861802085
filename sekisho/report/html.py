"""Show a run as one HTML file that needs nothing else: no network, no server, no other file.

Page one is for the officer who signs; the chapters behind it are for the engineer and the auditor.
The style and the script lie beside this module and are put into the page.
"""

from __future__ import annotations

from pathlib import Path

from sekisho.report.catalogue import catalogue
from sekisho.report.chapters import figures, findings, limits
from sekisho.report.coverage import chapter as coverage
from sekisho.report.differences import chapter as differences
from sekisho.report.embedding import payload
from sekisho.report.events import chapter as events
from sekisho.report.front import front
from sekisho.report.grid import grid
from sekisho.report.markup import Markup, join, say, tag
from sekisho.report.plan_lines import chapter as plan_lines
from sekisho.report.probe_set import chapter as probe_set
from sekisho.report.proof import chapter as proof
from sekisho.report.reading import RunRecord
from sekisho.report.situations import chapter as situations
from sekisho.text.printable import printable

# Content Security Policy Level 3: even a mistake in this page could not load anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_CHAPTERS = (
    ("front", say("結果書", "Result")),
    ("figures", say("数字", "Figures")),
    ("matrix", say("表", "Matrix")),
    ("findings", say("指摘事項", "Findings")),
    ("differences", say("計画との相違", "Differences")),
    ("events", say("事象", "Events")),
    ("situations", say("状況", "Situations")),
    ("catalogue", say("攻撃の型", "Catalogue")),
    ("coverage", say("規則の網羅", "Coverage")),
    ("lines", say("計画の行", "Plan lines")),
    ("proof", say("証明", "Proof")),
    ("limits", say("限界・版", "Limits")),
)


def render(record: RunRecord) -> str:
    """Return the whole page."""
    return printable(f"<!DOCTYPE html>\n{tag('html', _head(record), _body(record), lang='ja')}\n")


def _head(record: RunRecord) -> Markup:
    part = "一部試験 " if record.manifest.partial else ""
    title = f"{record.manifest.plan.label.ja} {part}{record.verdict.label.ja} {record.manifest.run}"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="only light"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", title),
        tag("style", _asset("report.css")),
    )


def _body(record: RunRecord) -> Markup:
    optional = {
        "differences": differences(record),
        "events": events(record.events),
        "situations": situations(record),
        "catalogue": catalogue(record),
        "coverage": coverage(record) or probe_set(record),
        "lines": plan_lines(record),
        "proof": proof(record),
    }
    chapters = [c for c in _CHAPTERS if optional.get(c[0], [c])]
    links = (tag("a", name, href=f"#{key}") for key, name in chapters)
    switch = tag("button", say("English", "日本語"), id="language", type="button")
    main = [front(record), figures(record), grid(record), findings(record)]
    main += [part for name in optional for part in optional[name]]
    main.append(limits(record))
    data = tag("script", Markup(payload(record)), type="text/plain", id="cases")
    bar = tag("nav", *links, switch, aria_label="章 chapters")
    return tag("body", bar, tag("main", *main), data, tag("script", _asset("report.js")))


def _asset(name: str) -> Markup:
    return join((Markup((Path(__file__).parent / name).read_text("utf-8")),))
