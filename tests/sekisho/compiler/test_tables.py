"""From a plan to flow tables: the same bytes for the same plan, and nothing said twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.compiler.policy_table import port_masks
from sekisho.compiler.tables import compile_town
from sekisho.errors import RuleError
from sekisho.model import Label, PortRange, PortRef, SourceClass
from sekisho.openflow.pipeline import Numbers, Table
from sekisho.openflow.rules import WIDTHS, Action, Cookie, Match, Rule, Track
from sekisho.plan import load
from tests.population import TOPOLOGIES, TOWNS, town

GOLDEN = Path(__file__).parents[2] / "golden" / "tiny-rules.txt"


def shown(rule: Rule) -> str:
    """Return one rule on one line."""
    cookie = Cookie.parse(rule.cookie)
    assert cookie is not None
    numbers = " ".join(str(n) for n in (cookie.a, cookie.b, cookie.c) if n)
    deeds = [_action(a) for a in rule.actions]
    deeds += [f"metadata={rule.metadata[0]:#x}/{rule.metadata[1]:#x}"] if rule.metadata else []
    deeds += [f"goto {Table(rule.goto).name}"] if rule.goto is not None else []
    head = f"{Table(rule.table).name:11} {rule.priority:3} {cookie.kind.name} {numbers}".rstrip()
    return f"{head}: {_match(rule.match)} -> {', '.join(deeds) or 'drop'}"


def _match(fields: Match) -> str:
    out = []
    for name, value, mask in fields:
        full = (1 << WIDTHS[name]) - 1
        out.append(f"{name}={value:#x}" + (f"/{mask:#x}" if mask != full else ""))
    return " ".join(out) or "any"


def _action(action: Action) -> str:
    return repr(action).replace("field=", "").replace("value=", "")


def dump() -> Iterator[str]:
    """Yield the lines of the tiny town's golden file."""
    for switch, rules in compile_town(town("tiny")).items():
        yield f"# {switch}: {len(rules)} rules"
        yield from map(shown, rules)


def test_the_rules_of_the_tiny_town(pytestconfig: pytest.Config) -> None:
    """Every rule, readable in a review; ``pytest --golden`` rewrites the file."""
    text = "\n".join(dump()) + "\n"
    if pytestconfig.getoption("--golden"):
        GOLDEN.write_text(text, encoding="utf-8")

    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TOWNS)
def test_the_same_plan_gives_the_same_rules(name: str) -> None:
    """A plan read twice compiles to the same rules in the same order."""
    again = load(TOPOLOGIES / f"{name}.yaml")

    assert repr(compile_town(again)) == repr(compile_town(town(name)))


@pytest.mark.parametrize("name", TOWNS)
def test_no_two_rules_are_the_same_entry(name: str) -> None:
    """One would replace the other on a switch, and which one would be chance."""
    for rules in compile_town(town(name)).values():
        assert len({rule.key for rule in rules}) == len(rules)


@pytest.mark.parametrize("name", TOWNS)
def test_every_cookie_is_ours_and_fits(name: str) -> None:
    """Every rule says what it is for."""
    rules = [rule for own in compile_town(town(name)).values() for rule in own]

    assert all(Cookie.parse(rule.cookie) is not None and rule.cookie < 1 << 64 for rule in rules)


@pytest.mark.parametrize("name", TOWNS)
def test_every_switch_carries_the_whole_policy(name: str) -> None:
    """POLICY tables differ in the tracking zone, and in what only two of one switch may say."""
    plan = town(name)
    switch_of = {int(a.ip): a.at.switch for a in plan.attachments}
    compiled = compile_town(plan)
    tables = {
        s.id: {_zoneless(r, s.dpid) for r in compiled[s.id] if r.table == Table.POLICY}
        for s in plan.switches
    }
    common = set.intersection(*tables.values())

    for switch, rules in tables.items():
        for rule in rules - common:
            fields = {field: value for field, value, _ in rule.match}
            assert switch_of[fields["ipv4_src"]] == switch_of[fields["ipv4_dst"]] == switch
    for rule in common:
        fields = {field: value for field, value, _ in rule.match}
        if len(plan.switches) > 1 and {"ipv4_src", "ipv4_dst"} <= set(fields):
            assert switch_of[fields["ipv4_src"]] != switch_of[fields["ipv4_dst"]]


def _zoneless(rule: Rule, zone: int) -> Rule:
    for action in rule.actions:
        assert isinstance(action, Track)
        assert action.zone == zone
    return replace(rule, actions=tuple(Track(0, -1, True) for _ in rule.actions))


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_port_masks_cover_exactly_the_range(a: int, b: int) -> None:
    """Every port of the range by exactly one mask, no other port by any, in at most 30 masks."""
    ports = PortRange(min(a, b), max(a, b))
    masks = list(port_masks(ports))
    covered = [p for value, mask in masks for p in range(value, value + 0x10000 - mask)]

    assert covered == list(range(ports.first, ports.last + 1))
    assert all(value & ~mask == 0 for value, mask in masks)
    assert len(masks) <= 30


def test_an_unregistered_device_gets_no_rule_of_its_own() -> None:
    """Neither its MAC nor its IP address is admitted or known anywhere."""
    plan = town("matsuno")
    strangers = [a for a in plan.attachments if not a.registered]
    values = {value for own in compile_town(plan).values() for r in own for _, value, _ in r.match}

    assert strangers
    assert all(int(a.ip) not in values for a in strangers)
    assert all(int(a.mac.replace(":", ""), 16) not in values for a in strangers)


def test_a_broken_line_changes_only_the_ways() -> None:
    """Nobody's admission or permission depends on which cable carries."""
    plan = town("matsuno")
    before, after = compile_town(plan), compile_town(plan, down=[plan.links[0].a])
    changed = {r.table for s in before for r in {*before[s]} ^ {*after[s]}}

    assert changed == {Table.FORWARDING}


def test_an_unknown_broken_port_changes_nothing() -> None:
    """A port without a cable cannot break one."""
    plan = town("tiny")

    assert compile_town(plan, down=[PortRef("floor", 7)]) == compile_town(plan)


def test_more_classes_than_the_metadata_holds_are_refused() -> None:
    """The 256th class would silently share its number with none."""
    plan = town("tiny")
    crowd = tuple(SourceClass(f"X{n}", Label("", ""), "") for n in range(256))

    with pytest.raises(RuleError, match=r"^more than 255 classes do not fit the metadata$"):
        Numbers(replace(plan, sources=(*plan.sources, *crowd)))
