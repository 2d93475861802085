"""Devices that are written once and stand for many."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from sekisho.draw.plan_tables import hosts_table
from sekisho.errors import Fault, PlanError
from sekisho.model import Plan, PortRef
from sekisho.plan import load
from sekisho.plan.together import told_once
from tests.small import clause, leg, server, small, terminal


def hall(folder: Path, rule: dict[str, Any] | None = None, **changes: Any) -> Plan:
    """A series of notebooks at ports 5 to 7, and a server."""
    desks = {**terminal(5), "count": 3, **changes}
    devices = {"nb": desks, "srv": server(3, "web")}
    return load(small(folder, devices=devices, policy=[rule or clause("A01", "web")]))


def test_a_series_counts_names_ports_and_addresses_up(tmp_path: Path) -> None:
    """Three notebooks stand where one was written."""
    plan = hall(tmp_path)

    assert [d.id for d in plan.devices] == ["nb-1", "nb-2", "nb-3", "srv"]
    assert [plan.attachment[f"nb-{n}.lan"].at for n in (1, 2, 3)] == [
        PortRef("sw", 5), PortRef("sw", 6), PortRef("sw", 7),
    ]  # fmt: skip
    last = plan.attachment["nb-3.lan"]
    assert (last.ip, last.mac) == (IPv4Address("10.20.0.17"), "02:14:00:00:00:11")
    assert plan.device["nb-3"].label.en == "Name 3"


def test_mistakes_of_two_series_or_of_two_kinds_are_all_told() -> None:
    """Only what differs by the member alone is one."""

    def fault(series: str, number: int, text: str) -> Fault:
        place = f"devices.{series}-{number}.attachments.lan.ip"
        return Fault("a.yaml", 3, f"{place} ({number} of 9 of the series '{series}'): {text}")

    alike = [fault("nb", n, f"10.0.0.{n} is the gateway") for n in range(1, 6)]
    others = [
        fault("pc", 1, "10.0.0.1 is the gateway"),
        fault("nb", 7, "10.0.0.7 is in no network"),
        Fault("a.yaml", 3, "devices.nb: odd"),
        Fault("a.yaml", 3, "devices.pc: odd"),
    ]
    told = told_once([*alike, *others])
    once = "devices.nb-1.attachments.lan.ip (1 of 9 of the series 'nb' and 4 more): "

    assert [f.text for f in told] == [f"{once}10.0.0.1 is the gateway", *(f.text for f in others)]


def test_a_series_may_begin_at_another_number(tmp_path: Path) -> None:
    """The number is the name's; the first port and address are as written."""
    plan = hall(tmp_path, first=11)

    assert plan.attachment["nb-11.lan"].at == PortRef("sw", 5)


def test_whoever_names_a_series_names_its_members(tmp_path: Path) -> None:
    """In a rule, by the series and by an interface of it."""
    for name in ("nb", "nb.lan"):
        plan = hall(tmp_path, clause("A01", "web", only_from=[name]))
        assert plan.clauses[0].allows[0].only_from == ("nb-1.lan", "nb-2.lan", "nb-3.lan")


def test_every_member_is_shown(tmp_path: Path) -> None:
    """`plan show --hosts` says what a series stands for."""
    table = hosts_table(hall(tmp_path), language="en")

    assert len(table.rows) == 4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"count": 24},
            "devices.nb-21.attachments.lan.at (21 of 24 of the series 'nb' and 3 more)",
        ),
        (
            {"attachments": {"lan": leg(5, "staff", "S1", "D2", at="sw:2")}},
            "taken by attachment 'nb-2.lan'",
        ),
        ({"count": 1}, "from 2 to 500"),
        ({"first": 10000}, "from 0 to 9999"),
    ],
)
def test_a_mistake_names_the_series_and_the_member(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """With the line of the series."""
    with pytest.raises(PlanError) as caught:
        hall(tmp_path, **changes)

    assert said in str(caught.value)


def test_a_device_is_not_called_as_a_member(tmp_path: Path) -> None:
    """The line is that of the device, and the series is named with its own."""
    devices = {"nb": {**terminal(5), "count": 3}, "nb-2": terminal(9), "srv": server(3, "web")}

    with pytest.raises(PlanError) as caught:
        load(small(tmp_path, devices=devices))

    (fault,) = caught.value.faults
    assert fault.text == "devices.nb-2: 'nb-2' is also member 2 of the series 'nb'"
    assert fault.line > int(fault.hint.rpartition(" ")[2])


def test_a_name_with_its_number_may_not_be_too_long(tmp_path: Path) -> None:
    """An interface's name has fifteen letters."""
    devices = {"notebook": {**terminal(5), "count": 12}, "srv": server(3, "web")}

    with pytest.raises(PlanError, match="its last member 'notebook-12' has 11 characters"):
        load(small(tmp_path, devices=devices))
