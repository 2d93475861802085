"""Rules grow with the ports and, once, with the classes: never with ports times ports."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.model import Attachment, Device, Plan, PortRef
from sekisho.openflow.pipeline import Table
from tests.population import town

NOTEBOOKS = 20


def with_notebooks(count: int) -> Plan:
    """Return the tiny town with *count* more wired notebooks, each at a port of its own."""
    plan = town("tiny")
    model = plan.attachment["nb.wired"]
    more = tuple(_notebook(plan, model, n) for n in range(count))
    switches = tuple(replace(s, ports=4 * NOTEBOOKS + 20) for s in plan.switches)
    return replace(plan, devices=(*plan.devices, *more), switches=switches)


def _notebook(plan: Plan, model: Attachment, n: int) -> Device:
    attachment = replace(
        model,
        id=f"nb-{n}.wired",
        device=f"nb-{n}",
        at=PortRef(model.at.switch, 10 + n),
        mac=f"02:41:00:00:01:{n:02x}",
        ip=IPv4Address(int(model.ip) + 1 + n),
    )
    return Device(f"nb-{n}", plan.devices[0].label, (attachment,), (), model.where)


def sizes(terminals: int) -> Counter[int]:
    """Return how many rules each table has, over all switches."""
    return Counter(r.table for own in compile_town(with_notebooks(terminals)).values() for r in own)


@pytest.mark.parametrize("table", Table)
def test_twice_the_terminals_cost_twice_the_step(table: Table) -> None:
    """Growth from 2x to 4x is exactly twice that from 1x to 2x: linear in every table."""
    once, twice, four = (sizes(n * NOTEBOOKS)[table] for n in (1, 2, 4))

    assert four - twice == 2 * (twice - once)


def test_the_policy_is_said_once() -> None:
    """The POLICY table does not know how many terminals there are."""
    assert sizes(4 * NOTEBOOKS)[Table.POLICY] == sizes(0)[Table.POLICY]


def test_a_terminal_costs_a_handful_of_rules() -> None:
    """At its switch five drops, two admissions, two refusals, a way in, a share; else one."""
    one, two = with_notebooks(1), with_notebooks(2)
    added = {s: len(compile_town(two)[s]) - len(compile_town(one)[s]) for s in ("floor", "room")}

    assert added == {"floor": 12, "room": 1}
