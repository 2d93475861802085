"""Which rules a run has met, in the reports: how many, why not the others, and those without why.

Read from ``coverage.json`` of the run folder; a run without it has no such chapter.
"""

from __future__ import annotations

from typing import Any, cast

from sekisho.evidence.unmet import UnmetReason
from sekisho.model import Label
from sekisho.report.json_file import json_object, understood
from sekisho.report.markup import Markup, both, join, say, table, tag
from sekisho.report.reading import RunRecord

_KEYS = ("rules", "hit", "dead", "unmet", "unexplained", "fields", "both", "one_sided")
_BY_REASON = ("dead", "one_sided")
_MORE = ("unshown", "unshown_count")
_EDGES = tuple(
    f"{kind}_edges{side}" for kind in ("port", "prefix") for side in ("", "_both", "_one_sided")
)


def read_coverage(record: RunRecord) -> dict[str, Any] | None:
    """Return what the run wrote of the rules that it met; None where it wrote nothing."""
    path = record.folder / "coverage.json"
    return cast(dict[str, Any], json_object(path)) if path.exists() else None


def _read(record: RunRecord) -> dict[str, Any] | None:
    found = read_coverage(record)
    if found is None or "set" in found:  # `sekisho.report.probe_set` tells of that suite
        return None
    with understood(record.folder / "coverage.json"):
        counts = {key: found[key] for key in (*_KEYS, *_MORE, *_EDGES)}
        reasons = {
            key: {UnmetReason(code): n for code, n in found[key].items()} for key in _BY_REASON
        }
        return counts | reasons


def words(record: RunRecord, language: str) -> list[str]:
    """Return the counts in phrases; none where no coverage was written."""
    found = _read(record)
    if found is None:
        return []
    dead = sum(found["dead"].values())
    sign = "△ " if found["unmet"] else ""
    return [
        Label(f"規則 {found['rules']:,}", f"rules {found['rules']:,}").text(language),
        Label(f"通過 {found['hit']:,}", f"met {found['hit']:,}").text(language),
        Label(f"理由あり {dead:,}", f"explained {dead:,}").text(language),
        Label(f"{sign}説明なし {found['unmet']:,}", f"{sign}unexplained {found['unmet']:,}").text(
            language
        ),
    ]


def chapter(record: RunRecord) -> list[Markup]:
    """Return the chapter of coverage; nothing where no coverage was written."""
    found = _read(record)
    if found is None:
        return []
    rows = [(say("通過した規則", "met by packets of this run"), f"{found['hit']:,}")]
    rows += [(both(why.label), f"{n:,}") for why, n in found["dead"].items()]
    rows.append((_unexplained_title(found), f"{found['unmet']:,}"))
    heads = (say("規則", "rules"), say("数", "number"))
    parts = [
        tag("h2", say("規則の網羅", "Coverage of the rules")),
        tag("p", _sentence(found)),
        table(heads, rows, class_="plain"),
        tag("p", say("成立しかありえない条件", "Conditions that cannot be seen false:")),
        table((say("理由", "why"), say("数", "number")), _one_sided(found), class_="plain"),
        *_listed(found),
    ]
    return [tag("section", *parts, class_="sheet", id="coverage")]


def _one_sided(found: dict[str, Any]) -> list[tuple[Markup, str]]:
    """Why conditions were not seen false, and how many nothing explains."""
    rows = [(both(why.label), f"{n:,}") for why, n in found["one_sided"].items()]
    name = both(Label("理由もない", "nothing says why"))
    if found["unshown_count"]:
        name = join((tag("b", "△"), " ", name))
    return [*rows, (name, f"{found['unshown_count']:,}")]


def _unexplained_title(found: dict[str, Any]) -> Markup:
    name = both(Label("通過せず、理由もない", "not met, and nothing says why"))
    return join((tag("b", "△"), " ", name)) if found["unmet"] else name


def _sentence(found: dict[str, Any]) -> Markup:
    return say(
        f"条件{found['fields']:,}のうち{found['both']:,}は成立と不成立の両方を、"
        f"ポート範囲の端{found['port_edges']:,}のうち{found['port_edges_both']:,}は内と外の両方を、"
        f"アドレス範囲の端{found['prefix_edges']:,}のうち{found['prefix_edges_both']:,}も両方を試した。",
        f"Of {found['fields']:,} conditions of rules that were met, {found['both']:,} were seen "
        f"false too; of {found['port_edges']:,} edges of port ranges, {found['port_edges_both']:,} "
        f"were tried on both sides, of {found['prefix_edges']:,} edges of prefixes "
        f"{found['prefix_edges_both']:,}.",
    )


def _listed(found: dict[str, Any]) -> list[Markup]:
    """All without a reason: rules, conditions, and edges that were tried from one side alone."""
    items = [
        tag("li", tag("code", f"{u['switch']} table {u['table']}: {u['name']}: {u['text']}"))
        for u in found["unexplained"]
    ]
    for key in ("unshown", "port_edges_one_sided", "prefix_edges_one_sided"):
        items += [tag("li", tag("code", text)) for text in found[key]]
    return [tag("ul", *items)] if items else []
