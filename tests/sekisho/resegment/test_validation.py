"""Ports moved on paper: what is asked for, what is refused, and the tables that follow."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sekisho.compiler.incremental import changed_tables
from sekisho.compiler.tables import compile_town
from sekisho.errors import RuleError
from sekisho.model import Plan, Role
from sekisho.model.changes import Change, Move, apply_changes
from sekisho.model.pools import pools
from sekisho.openflow.reference_switch import Fabric
from sekisho.policy.evaluate import Policy
from sekisho.resegment.preview import policy_preview, preview
from sekisho.resegment.validation import RefusedError, links_asked, plan_moves, undo_refusals
from tests.population import packet, places_of, town
from tests.readings import differences


def _change(number: int, moves: tuple[Move, ...] = (), links: tuple[str, ...] = ()) -> Change:
    return Change(number, "x", moves, links, "test", "tester", 0.0, None)


def _moved(plan: Plan, port: str, to: str) -> Plan:
    return apply_changes(plan, [_change(1, plan_moves(plan, [port], to))])


@pytest.mark.parametrize(
    ("name", "port", "to"),
    [
        ("tiny", "floor:1", "wireless"),
        ("tiny", "floor:1", "visitor"),
        ("tiny", "floor:1", "register"),
        ("matsuno", "br2:6", "tw"),
        ("matsuno", "br2:6", "S3"),
        ("matsuno", "fl1:1", "cn"),
        ("matsuno", "fl1:1", "quarantine"),
    ],
)
def test_the_tables_after_a_move_are_those_of_the_plan_it_makes(
    name: str, port: str, to: str
) -> None:
    """The quick way and the whole compilation agree, and ten rules at most are touched."""
    before = town(name)
    after = _moved(before, port, to)
    rules = compile_town(before)

    diff = changed_tables(before, after, rules)

    assert diff.tables == compile_town(after)
    concerned = [s for s, own in diff.tables.items() if own is not rules[s]]
    assert concerned == list(diff.counts) == [port.partition(":")[0]]
    assert 0 < sum(diff.counts[concerned[0]]) <= 10
    assert set(rules[concerned[0]]) - set(diff.gone[concerned[0]]) | set(
        diff.come[concerned[0]]
    ) == set(diff.tables[concerned[0]])


def test_undoing_everything_gives_the_very_tables_of_the_plan() -> None:
    """A rollback is byte-identical: the same plan, the same rules."""
    plan = town("matsuno")
    first = _change(1, plan_moves(plan, ["fl1:1"], "v"))
    once = apply_changes(plan, [first])
    second = _change(2, plan_moves(once, ["fl1:1", "fl2:1"], "tr"))
    twice = apply_changes(plan, [first, second])

    assert changed_tables(twice, plan, compile_town(twice)).tables == compile_town(plan)
    assert changed_tables(twice, once, compile_town(twice)).tables == compile_town(once)
    assert apply_changes(twice, []) is plan


def test_a_change_of_other_tables_than_these_is_an_error() -> None:
    """Whoever takes out what is not there has lost count of the tables: nothing is guessed."""
    before = town("matsuno")
    once = _moved(before, "br2:6", "tw")

    with pytest.raises(RuleError, match="br2: the tables before the change have no"):
        changed_tables(once, before, compile_town(before))


@pytest.mark.parametrize(("name", "port", "to"), [
    ("tiny", "floor:1", "wireless"),
    ("tiny", "floor:1", "register"),
    ("matsuno", "br2:6", "tw"),
    ("matsuno", "fl1:1", "quarantine"),
    ("matsuno", "fl3:6", "tw"),
])  # fmt: skip
def test_meaning_and_tables_agree_after_a_move(name: str, port: str, to: str) -> None:
    """Also about the address that was left, and those that nobody has taken yet."""
    plan = _moved(town(name), port, to)
    policy, fabric = Policy(plan), Fabric(plan, compile_town(plan))
    here, chance = places_of(plan), random.Random(7)
    asked_about = [packet(here, chance.choice) for _ in range(4000)]
    left = [a.ip for a in plan.origin.attachments]
    kept = [pool.network[1] for pool in pools(plan)]
    astray = [p._replace(ip_dst=chance.choice(left + kept)) for p in asked_about if p.ip_dst]

    assert list(differences(policy, fabric, [*asked_about, *astray])) == []


def test_a_moved_port_speaks_with_its_new_address_only() -> None:
    """The old address is refused at the port; the new one opens what its class may open."""
    before = town("matsuno")
    after = _moved(before, "br2:6", "tw")
    new, old = after.attachment["rogue-br2.lan"], before.attachment["rogue-br2.lan"]
    juki = after.attachment["juki.lan"]
    https = after.service["https"]

    assert new.ip != old.ip
    assert new.ip in after.subnet(new)
    assert new.registered
    assert Policy(after).permission(new, juki, https.protocol, 443)
    assert not Policy(before).permission(old, juki, https.protocol, 443)


@pytest.mark.parametrize(
    ("ports", "to", "requirement"),
    [
        (["fl1:18"], "m", "MN-07"),
        (["fl1:18"], "tw", "WL-02"),
        (["fl2:4"], "tw", "PR-02"),
        (["fl2:6"], "tw", "MG-01"),
        (["fl1:1"], "g", "MG-01"),
        (["core1:5"], "tw", "MG-01"),
        (["srvsw:1"], "tw", "RT-01"),
        (["srvsw:20"], "tw", "RT-01"),
        (["fl1:9"], "tw", "WL-05"),
    ],
)
def test_what_is_unsafe_is_refused_with_its_requirement(
    ports: list[str], to: str, requirement: str
) -> None:
    """The reason carries the requirement that the change would break."""
    with pytest.raises(RefusedError) as refused:
        plan_moves(town("matsuno"), ports, to)
    assert [r.requirement for r in refused.value.refusals] == [requirement]


@pytest.mark.parametrize(
    ("ports", "to", "words"),
    [
        (["fl9:1"], "tw", "no such port"),
        (["fl1"], "tw", "no such port"),
        (["fl1:999"], "tw", "no such port"),
        (["fl1:1"], "moon", "neither a zone nor a class"),
        (["fl1:1"], "tw", "is in tw already"),
        (["fl1:1"], "S16", "cannot be moved to S16"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(ports: list[str], to: str, words: str) -> None:
    """One clear reason."""
    with pytest.raises(RefusedError, match=words):
        plan_moves(town("matsuno"), ports, to)


def test_a_batch_is_refused_whole_with_every_reason() -> None:
    """All or nothing, and nobody has to ask twice to learn the next reason."""
    with pytest.raises(RefusedError) as refused:
        plan_moves(town("matsuno"), ["fl1:1", "fl1:18", "fl2:4"], "v")
    assert [r.what for r in refused.value.refusals] == ["fl1:18", "fl2:4"]


def test_an_address_is_kept_for_whom_an_undo_gives_it_back() -> None:
    """Else undoing the later of two moves would give one address to two ports."""
    plan = town("matsuno")
    first = _change(1, plan_moves(plan, ["fl1:1"], "tr"))
    second = _change(2, plan_moves(apply_changes(plan, [first]), ["fl1:1"], "v", standing=[first]))
    both = [first, second]
    third = _change(3, plan_moves(apply_changes(plan, both), ["fl1:3"], "tr", standing=both))

    again = apply_changes(plan, [first, third])

    addresses = [a.ip for a in again.attachments]
    assert len(set(addresses)) == len(addresses)


def test_a_batch_gives_each_port_an_address_of_its_own() -> None:
    """And never one that somebody has, or had."""
    plan = town("matsuno")
    moves = plan_moves(plan, ["fl1:1", "fl1:3", "fl1:5"], "tr")
    addresses = {move.ip for move in moves}
    assert len(addresses) == 3
    assert not addresses & {str(a.ip) for a in plan.attachments}


def test_the_preview_says_what_opens_what_closes_and_what_to_think_of_it() -> None:
    """A spare port at a branch becomes a desk: severity A, and a device out of quarantine."""
    before = town("matsuno")
    shown = preview(before, _moved(before, "br2:6", "tw"), compile_town(before))

    (moved,) = shown.moved
    assert moved.before.opens == ()
    assert "D1" in moved.after.opens
    assert shown.cells == ()
    assert shown.touched == 5
    told = [(w.severity, w.requirement) for w in shown.warnings]
    assert told == [("A", "MN-02"), ("B", "WL-05"), ("A", "MN-04")]
    # The infrastructure (D15) that a desk may open is the office layer's, not the resident one.
    assert "(D1, D3, D12)" in shown.warnings[0].en


def test_a_planned_permission_is_opened_by_the_same_road() -> None:
    """P28 is a cell of the matrix, and three rules on the one switch that both ends stand at."""
    before = town("matsuno")
    after = apply_changes(before, [_change(1, links=links_asked(before, "P28"))])
    rules = compile_town(before)

    shown = preview(before, after, rules)

    assert before != after
    assert [cell[2:] for cell in shown.cells] == [("× (P28)", "P28")] * len(shown.cells) != []
    assert shown.rules == {"srvsw": (0, 3)}
    assert changed_tables(before, after, rules).tables == compile_town(after)
    assert changed_tables(after, before, compile_town(after)).tables == rules
    with pytest.raises(RefusedError, match="is open already"):
        links_asked(after, "P28")
    with pytest.raises(RefusedError, match="not a planned permission"):
        links_asked(before, "P99")


def test_an_older_change_is_undone_only_after_the_newer_one_of_the_same_port() -> None:
    """One clear reason, naming the change in the way."""
    plan = town("matsuno")
    first = _change(1, plan_moves(plan, ["fl1:1"], "v"))
    second = _change(2, plan_moves(apply_changes(plan, [first]), ["fl1:1"], "tr"))

    assert [r.en for r in undo_refusals([first, second], 1)] == [
        "change 2 has moved fl1:1 since: undo it first"
    ]
    assert list(undo_refusals([first, second], 2)) == []
    assert next(undo_refusals([first], 7)).en.startswith("does not stand")


def test_pools_take_nobodys_address_and_overlap_nothing() -> None:
    """Every address of a plan stays its owner's."""
    for name in ("tiny", "alpha", "matsuno", "city"):
        plan = town(name)
        found = pools(plan)
        assert found
        for pool in found:
            assert not any(a.ip in pool.network for a in plan.attachments)
            subnet = plan.zone[pool.zone].subnet(pool.site, pool.network[0])
            assert subnet is not None
            assert pool.network.subnet_of(subnet)
        networks = [pool.network for pool in found]
        assert not any(a.overlaps(b) for n, a in enumerate(networks) for b in networks[n + 1 :])
        assert all(plan.switch[pool.switch].role is Role.ACCESS for pool in found)


def test_a_cable_moved_into_a_class_of_the_air_is_told() -> None:
    """The plan that would be saved says of the class what is no longer true."""
    plan = town("matsuno")
    rows = tuple(replace(s, medium="air") if s.id == "S3" else s for s in plan.sources)
    before = replace(plan, sources=rows)
    told = [w.en for w in policy_preview(before, _moved(before, "br2:6", "tw")).warnings]

    assert (
        "class S3 says medium: air, and this is cable: a plan that is saved so is refused" in told
    )
    assert not any(
        "medium" in w.en for w in policy_preview(plan, _moved(plan, "br2:6", "tw")).warnings
    )
