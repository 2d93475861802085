"""Changing a switch's tables: a small difference, in an order that is safe at every instant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.reconcile import Step, changes
from sekisho.compiler.tables import compile_town
from sekisho.model import Plan
from sekisho.openflow.pipeline import Table
from sekisho.openflow.reference_switch import Fabric
from sekisho.openflow.rules import Output, Rule, match
from sekisho.packet.packet import Packet
from tests.population import population, town
from tests.readings import INSIDE

Tables = Mapping[str, tuple[Rule, ...]]
Key = tuple[object, ...]


def after(held: tuple[Rule, ...], step: Step) -> tuple[Rule, ...]:
    """Return what a switch holds once it has done one step."""
    out = {rule.key: rule for rule in held}
    for rule in step.delete:
        del out[rule.key]
    out |= {rule.key: rule for rule in step.add}
    return tuple(out.values())


def rules(*numbers: int) -> tuple[Rule, ...]:
    """Return simple rules, one for each number."""
    return tuple(Rule(Table.FORWARDING, 1, match(in_port=n), n, (Output(n + 1),)) for n in numbers)


def test_equal_tables_need_nothing() -> None:
    """A controller that comes back touches nothing."""
    wanted = compile_town(town("tiny"))["floor"]

    assert changes(wanted, wanted[::-1]).steps == ()


def test_only_the_difference_is_sent() -> None:
    """One foreign rule goes, one missing rule comes, one altered rule is replaced."""
    altered = replace(rules(2)[0], actions=(Output(9),))
    todo = changes(rules(1, 2, 3), (*rules(1), altered, *rules(4)))

    assert (todo.added, todo.deleted) == (2, 1)
    assert todo.summary == "2 rules to add and 1 to delete"
    assert {rule for step in todo.steps for rule in step.add} == {*rules(2, 3)}
    assert {rule for step in todo.steps for rule in step.delete} == {*rules(4)}


def test_a_rule_with_another_cookie_is_replaced() -> None:
    """A drop under a false name would be attributed to the wrong cell."""
    (wanted,) = rules(1)

    assert changes((wanted,), (replace(wanted, cookie=99),)).added == 1


POOL = rules(*range(12))


def test_who_somebody_is_is_unsaid_before_it_is_said_anew() -> None:
    """While the tables that judge change, nobody passes under a number of the old plan."""
    held = Rule(Table.ADMISSION, 1, match(in_port=1), 5, metadata=(1, 0xFF), goto=Table.ROUTER)
    wanted = replace(held, metadata=(2, 0xFF))
    first, last = changes((wanted,), (held,)).steps

    assert (first.delete, first.add) == ((held,), ())
    assert (last.delete, last.add) == ((), (wanted,))


def test_a_new_name_alone_cuts_nobody_off() -> None:
    """Where only the cookie differs, the rule is replaced in one go."""
    held = Rule(Table.ADMISSION, 1, match(in_port=1), 5, goto=Table.ROUTER)
    todo = changes((replace(held, cookie=6),), (held,))

    assert (todo.added, todo.deleted) == (1, 0)


@given(st.sets(st.sampled_from(POOL)), st.sets(st.sampled_from(POOL)))
def test_the_steps_lead_to_the_wanted_tables(wanted: set[Rule], held: set[Rule]) -> None:
    """From any tables to any others."""
    now = tuple(held)
    for step in changes(tuple(wanted), now).steps:
        now = after(now, step)

    assert set(now) == wanted


def stages(wanted: Tables, held: Tables) -> Iterator[Tables]:
    """Yield the whole town's tables after each step of one switch after another."""
    now = dict(held)
    for switch, rules_wanted in wanted.items():
        for step in changes(rules_wanted, now[switch]).steps:
            now[switch] = after(now[switch], step)
            yield dict(now)


def rule_by_rule(wanted: Tables, held: Tables) -> Iterator[Tables]:
    """Yield the town's tables after each single rule: a switch may do a step in any order."""
    now = dict(held)
    for switch, rules_wanted in wanted.items():
        for step in changes(rules_wanted, now[switch]).steps:
            for rule in step.delete:
                now[switch] = after(now[switch], Step((rule,), ()))
                yield dict(now)
            for rule in reversed(step.add):
                now[switch] = after(now[switch], Step((), (rule,)))
                yield dict(now)


def arrivals(plan: Plan, tables: Tables, asked: Packet) -> set[Key]:
    """Return where a packet comes out."""
    return {
        (place, frozenset((name, value) for name, value in headers if name not in INSIDE))
        for place, headers in Fabric(plan, tables).send(asked).delivered
    }


def wrong_arrivals(
    plan: Plan,
    wanted: Tables,
    held: Tables,
    asked: list[Packet],
    way: Callable[[Tables, Tables], Iterator[Tables]],
) -> Iterator[tuple[Packet, set[Key]]]:
    """Yield what comes out during a change although neither the old nor the new tables let it."""
    for packet in asked:
        fair = arrivals(plan, wanted, packet) | arrivals(plan, held, packet)
        for tables in way(wanted, held):
            unfair = arrivals(plan, tables, packet) - fair
            if unfair:
                yield packet, unfair


def empty(plan: Plan) -> Tables:
    """Return the tables of switches that have just been switched on, failing secure."""
    return {switch.id: () for switch in plan.switches}


def changed_plan(plan: Plan) -> Plan:
    """Return the tiny town after a re-segmentation: the notebook has become a visitor's."""
    nb, guest = plan.attachment["nb.wired"], plan.attachment["guest.wireless"]
    moved = replace(nb, source=guest.source, zone=guest.zone, ip=guest.ip + 1)
    device = replace(plan.devices[0], attachments=(moved, *plan.devices[0].attachments[1:]))
    clauses = tuple(c for c in plan.clauses if c.id != "A02")
    return replace(plan, devices=(device, *plan.devices[1:]), clauses=clauses)


def swapped_plan(plan: Plan) -> Plan:
    """Return the tiny town with its two servers' ports exchanged."""
    juki, www = plan.attachment["juki.lan"], plan.attachment["www.lan"]
    devices = {
        "juki": replace(plan.device["juki"], attachments=(replace(juki, at=www.at),)),
        "www": replace(plan.device["www"], attachments=(replace(www, at=juki.at),)),
    }
    return replace(plan, devices=tuple(devices.get(d.id, d) for d in plan.devices))


def renumbered_plan(plan: Plan) -> Plan:
    """Return the tiny town with its classes in another order: the same words, other numbers."""
    return replace(plan, sources=plan.sources[::-1], destinations=plan.destinations[::-1])


@pytest.mark.parametrize("way", [stages, rule_by_rule])
def test_programming_an_empty_town_lets_nothing_wrong_through(
    way: Callable[[Tables, Tables], Iterator[Tables]],
) -> None:
    """After every step, and even after every single rule, nothing passes that must not."""
    plan = town("tiny")
    asked = population("tiny", 150)
    found = list(wrong_arrivals(plan, compile_town(plan), empty(plan), asked, way))

    assert found == []


@pytest.mark.parametrize("change", [changed_plan, swapped_plan, renumbered_plan])
@pytest.mark.parametrize("back", [False, True], ids=["forth", "back"])
def test_a_change_of_plan_allows_nothing_that_neither_plan_allows(
    change: Callable[[Plan], Plan], back: bool
) -> None:
    """From one plan to another and back: no third policy shows up on the way."""
    old = town("tiny")
    new = change(old)
    before, later = compile_town(old), compile_town(new)
    wanted, held = (before, later) if back else (later, before)
    found = list(wrong_arrivals(old, wanted, held, population("tiny", 250), stages))

    assert found == []


def test_admission_comes_last() -> None:
    """Nobody is let in before everything that judges him is there."""
    wanted = compile_town(town("tiny"))["floor"]
    *_, last = changes(wanted, ()).steps

    assert {rule.table for rule in last.add} == {Table.ADMISSION}
    assert not any(rule.drops for rule in last.add)


def test_whatever_takes_permission_away_comes_first() -> None:
    """Deletions and drops are in the first step."""
    todo = changes(compile_town(town("tiny"))["floor"], rules(50))
    first, *others = todo.steps

    assert first.delete == rules(50)
    assert first.add
    assert not any(step.delete or any(r.drops for r in step.add) for step in others)
