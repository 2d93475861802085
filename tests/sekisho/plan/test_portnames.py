"""Ports are called as the switch itself calls them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sekisho.draw.physical import draw
from sekisho.draw.plan_tables import hosts_table
from sekisho.errors import PlanError, UsageError
from sekisho.model import Plan, PortRef
from sekisho.plan import load
from sekisho.resegment.validation import port_of
from sekisho.web import looks
from tests.small import leg, server, small, terminal

_LABELS = {"ja": "名前", "en": "Name"}
_CISCO = ["Gi1/0/1-24", "Te1/1/1-4"]
_JUNIPER = ["ge-0/0/0-23", "xe-0/1/0"]


def hall(folder: Path, names: list[Any], desk: str, **changes: Any) -> Plan:
    """A desk at a port with a name, and a server at the last port."""
    switch = {"label": _LABELS, "site": "hall", "role": "access", "ports": names}
    pc = terminal(1)
    pc["attachments"] = {"lan": leg(1, "staff", "S1", "D2", at=f"sw:{desk}")}
    own = server(3, "web")
    own["attachments"]["lan"]["at"] = f"sw:{_last(names)}"
    devices = {"pc": {**pc, **changes}, "srv": own}
    return load(small(folder, switches={"sw": switch}, devices=devices))


def _last(names: list[Any]) -> str:
    return {"Te1/1/1-4": "Te1/1/4", "xe-0/1/0": "xe-0/1/0", "2/0/1-8": "2/0/8"}[names[-1]]


@pytest.mark.parametrize(
    ("names", "desk", "number", "count"),
    [
        (_CISCO, "Gi1/0/5", 5, 28),
        (_CISCO, "Te1/1/1", 25, 28),
        (_JUNIPER, "ge-0/0/5", 6, 25),
        (["1/0/1-24", "2/0/1-8"], "1/0/5", 5, 32),
    ],
)
def test_a_name_is_the_number_of_its_place(
    names: list[Any], desk: str, number: int, count: int, tmp_path: Path
) -> None:
    """OpenFlow knows numbers alone; people read the name."""
    plan = hall(tmp_path, names, desk)
    at = plan.attachment["pc.lan"].at

    assert (at, str(at)) == (PortRef("sw", number), f"sw:{desk}")
    assert plan.switch["sw"].ports == count


def test_a_range_keeps_its_zeros(tmp_path: Path) -> None:
    """As the switch itself writes them; a range may outgrow them."""
    plan = hall(tmp_path, ["x08-12", "y98-102", "0/0-1", "1/0/1-9", *_CISCO], "x09")
    names = plan.switch["sw"].names

    assert names[:12] == ("x08", "x09", "x10", "x11", "x12", "y98", "y99", "y100", "y101", "y102",
                          "0/0", "0/1")  # fmt: skip
    assert plan.attachment["pc.lan"].at == PortRef("sw", 2)


def test_a_series_goes_on_with_the_next_name(tmp_path: Path) -> None:
    """Three desks at three named ports."""
    plan = hall(tmp_path, _CISCO, "Gi1/0/9", count=3)

    assert [str(a.at) for a in plan.attachments[:3]] == [
        "sw:Gi1/0/9", "sw:Gi1/0/10", "sw:Gi1/0/11",
    ]  # fmt: skip


def test_a_series_that_runs_out_of_ports_is_told_with_its_member(tmp_path: Path) -> None:
    """Its last port is one that the switch has not."""
    with pytest.raises(PlanError, match=r"pc-5.*5 of 6 of the series 'pc'.*no port 29"):
        hall(tmp_path, [*_CISCO], "Te1/1/1", count=6)


def test_everybody_says_the_name(tmp_path: Path) -> None:
    """The list of hosts, the drawing, and the page."""
    plan = hall(tmp_path, _CISCO, "Gi1/0/5")
    shown = [port["port"] for port in looks.ports(plan)[0]["ports"]]
    cells = [str(cell) for column in hosts_table(plan, width=200).columns for cell in column._cells]

    assert "sw:Gi1/0/5" in cells
    assert "Gi1/0/5" in draw(plan)
    assert shown[4] == "sw:Gi1/0/5"
    assert shown[-1] == "sw:Te1/1/4"


def test_a_port_is_asked_for_by_its_name(tmp_path: Path) -> None:
    """Its number means nothing where the switch names its ports."""
    plan = hall(tmp_path, _CISCO, "Gi1/0/5")

    assert port_of(plan, "sw:Gi1/0/5") == PortRef("sw", 5)
    for wrong in ("sw:5", "sw:Gi1/0/25", "sw:", "no:Gi1/0/5"):
        with pytest.raises(UsageError, match="no such port"):
            port_of(plan, wrong)


def test_a_port_may_be_called_by_a_plain_number_of_its_list(tmp_path: Path) -> None:
    """Numbers 1 to 24 and names for the lines above them."""
    plan = hall(tmp_path, ["1-24", "Te1/1/1-4"], "7")

    assert plan.attachment["pc.lan"].at == PortRef("sw", 7)
    assert plan.attachment["srv.lan"].at == PortRef("sw", 28)
