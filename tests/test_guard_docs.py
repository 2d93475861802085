"""The controller's page tells the truth: every table, priority and kind of rule stands in it."""

from __future__ import annotations

import re
from pathlib import Path

from sekisho.compiler.tables import compile_town
from sekisho.openflow.pipeline import PIPELINE, Table
from sekisho.openflow.rules import Cookie, Rule, Track
from sekisho.packet.packet import Reason
from tests.population import TOWNS, town

PAGE = (Path(__file__).parent.parent / "docs" / "controller.md").read_text("utf-8")


def test_the_page_lists_exactly_the_rules_that_there_are() -> None:
    """Read off all compiled towns; a new kind of rule needs its line."""
    told = {
        (table, int(priority), kind)
        for table, priority, kind in re.findall(r"^\| ([A-Z]+) \| (\d+) \| `(\w+)` \|", PAGE, re.M)
    }
    found = set()
    for name in (*TOWNS, "peers"):
        for rule in (rule for own in compile_town(town(name)).values() for rule in own):
            cookie = Cookie.parse(rule.cookie)
            assert cookie is not None
            found.add((Table(rule.table).name, rule.priority, cookie.kind.name))

    assert told == found


def test_the_page_has_the_same_way_through_the_tables_as_the_code() -> None:
    """Table by table: what it matches, and where it leads."""
    rows = re.findall(r"^\| `([A-Z]+)` \|(.*)\|(.*)\|$", PAGE, re.M)
    told = {table: (_words(matches), _words(leads)) for table, matches, leads in rows}

    assert told == {
        table.name: (stage.matches, tuple(next.name for next in stage.leads_to))
        for table, stage in PIPELINE.items()
    }


def test_compiled_rules_keep_to_the_declared_pipeline() -> None:
    """They match no other field, and lead to exactly the tables that it says."""
    leads: dict[Table, set[int]] = {table: set() for table in Table}
    for name in (*TOWNS, "peers"):
        for rule in (rule for own in compile_town(town(name)).values() for rule in own):
            table = Table(rule.table)
            leads[table] |= _leads(rule)
            fields = {field for field, _, _ in rule.match} - {"eth_type"}
            assert fields <= set(PIPELINE[table].matches), rule

    assert leads == {table: set(stage.leads_to) for table, stage in PIPELINE.items()}


def _words(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`(\w+)`", cell))


def _leads(rule: Rule) -> set[int]:
    tracked = {a.table for a in rule.actions if isinstance(a, Track) and a.table >= 0}
    return tracked if rule.goto is None else tracked | {rule.goto}


def test_the_page_names_every_reason_to_drop() -> None:
    """Whatever a report may say about a drop can be looked up."""
    assert all(f"DROP_{reason.name}" in PAGE for reason in Reason)


def test_the_page_counts_the_rules_of_the_largest_town() -> None:
    """Figures that nobody counts again go stale."""
    rules = [rule for own in compile_town(town("matsuno")).values() for rule in own]
    policy = sum(rule.table == Table.POLICY for rule in rules)

    assert f"{len(rules):,} rules" in PAGE
    assert f"{policy:,} are the policy" in PAGE
