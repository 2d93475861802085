"""The suite ``coverage`` in the reports: the few packets, the rules they met, and dead rules.

Read from the key ``set`` of ``coverage.json``; a run of another suite has no such chapter.
"""

from __future__ import annotations

from typing import Any

from sekisho.evidence.dead_rules import DeadReason
from sekisho.model import Label
from sekisho.report.coverage import read_coverage
from sekisho.report.json_file import understood
from sekisho.report.markup import Markup, both, say, table, tag
from sekisho.report.reading import RunRecord

_COUNTS = ("probes", "bound", "conversations", "rules", "live", "met")
_LISTS = ("short", "untried", "odd", "dead_rules")
_SHOWN = 200  # of the dead rules; all stand in the file


def _read(record: RunRecord) -> dict[str, Any] | None:
    whole = read_coverage(record)
    if whole is None or "set" not in whole:
        return None
    with understood(record.folder / "coverage.json"):
        found = whole["set"]
        kept = {key: found[key] for key in (*_COUNTS, *_LISTS)}
        return kept | {"dead": {DeadReason(code): int(n) for code, n in found["dead"].items()}}


def words(record: RunRecord, language: str) -> list[str]:
    """Return the counts in phrases; none where another suite ran."""
    found = _read(record)
    if found is None:
        return []
    probes, bound = found["probes"], found["bound"]
    met, live, dead = found["met"], found["live"], sum(found["dead"].values())
    sign = "△ " if met < live else ""
    said = (
        Label(
            f"パケット {probes:,} / 下限 {bound:,}", f"probes {probes:,} / lower bound {bound:,}"
        ),
        Label(f"{sign}通過 {met:,}/{live:,}規則", f"{sign}met {met:,} of {live:,} live rules"),
        Label(f"通りえない規則 {dead:,}", f"dead rules {dead:,}"),
    )
    return [label.text(language) for label in said]


def dead_lines(record: RunRecord, language: str) -> list[str]:
    """Return why rules are dead, a line a reason; none where another suite ran."""
    found = _read(record)
    if found is None:
        return []
    return [f"  {why.label.text(language)}: {n:,}" for why, n in found["dead"].items()]


def chapter(record: RunRecord) -> list[Markup]:
    """Return the chapter of the set; nothing where another suite ran."""
    found = _read(record)
    if found is None:
        return []
    rows = [
        (say("通過した規則", "met by packets of this run"), f"{found['met']:,}"),
        (say("数が足りない規則", "counted less than was sent"), f"{len(found['short']):,}"),
        (say("試していない規則", "not tried"), f"{len(found['untried']):,}"),
        *((both(why.label), f"{n:,}") for why, n in found["dead"].items()),
    ]
    parts = [
        tag("h2", say("規則の網羅", "Coverage of the rules")),
        tag("p", _sentence(found)),
        table((say("規則", "rules"), say("数", "number")), rows, class_="plain"),
        *_listed(found),
    ]
    return [tag("section", *parts, class_="sheet", id="coverage")]


def _sentence(found: dict[str, Any]) -> Markup:
    probes, bound, live, talks = (found[k] for k in ("probes", "bound", "live", "conversations"))
    return say(
        f"通りうる規則{live:,}のすべてを通るように、全パケットの集合から{probes:,}個を選んだ"
        f"(どのように選んでも{bound:,}個は要る)。"
        f"途中のパケットは{talks:,}件の実際の通信に含まれる。",
        f"{probes:,} packets were chosen from the sets of all packets so that each of {live:,} "
        f"rules that can be met is met; no choice could be smaller than {bound:,}. "
        f"Packets under way are part of {talks:,} real conversations.",
    )


def _listed(found: dict[str, Any]) -> list[Markup]:
    """Rules that did not count, then the first dead ones by reason, each with what shadows it."""
    wrong = [_item(each) for key in ("short", "untried", "odd") for each in found[key]]
    out = [tag("ul", *wrong)] if wrong else []
    shown = found["dead_rules"][:_SHOWN]
    for why in found["dead"]:
        rules = [each for each in shown if DeadReason(each["why"]) is why]
        if rules:
            out.append(tag("h3", say("通りえない規則: ", "Dead rules: "), both(why.label)))
            out.append(tag("ul", *map(_item, rules)))
    return out


def _item(rule: dict[str, Any]) -> Markup:
    text = f"{rule['switch']}: {rule['name']}: {rule['text']}"
    by = f" ← {rule['by'][0]}" if rule.get("by") else ""
    return tag("li", tag("code", text + by))
