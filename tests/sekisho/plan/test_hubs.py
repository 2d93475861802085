"""Ports that several devices share by cable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sekisho.cli import main
from sekisho.draw.physical import draw
from sekisho.errors import UsageError
from sekisho.lint.doubts import doubts
from sekisho.model import Plan, PortRef
from sekisho.plan import load
from sekisho.resegment.validation import plan_moves
from tests.small import TABLET, server, small, telephone, terminal

_LABELS = {"ja": "電話機", "en": "Telephone"}


def desk(folder: Path, **hub: Any) -> Plan:
    """A PC behind a telephone, and a server."""
    pc = terminal(1)
    pc["attachments"]["lan"]["hub"] = "h"
    del pc["attachments"]["lan"]["at"]
    hubs = {"h": {"label": _LABELS, "at": "sw:1", **hub}}
    devices = {"pc": pc, "tel": telephone(9), "srv": server(3, "web")}
    return load(small(folder, hubs=hubs, devices=devices))


def test_members_stand_on_cables_at_the_port_of_their_hub(tmp_path: Path) -> None:
    """They share the port, and nothing of them is on the air."""
    plan = desk(tmp_path)
    pc, tel = plan.attachment["pc.lan"], plan.attachment["tel.lan"]

    assert (pc.at, tel.at) == (PortRef("sw", 1), PortRef("sw", 1))
    assert (pc.medium, tel.medium) == ("cable", "cable")


@pytest.mark.parametrize("isolates", [False, True])
def test_members_are_apart_where_the_hub_isolates_them(isolates: bool, tmp_path: Path) -> None:
    """And else what they say to each other passes no switch: nothing can be said of it."""
    plan = desk(tmp_path, isolates=isolates)
    pc, tel, srv = (plan.attachment[a] for a in ("pc.lan", "tel.lan", "srv.lan"))

    assert pc.is_apart(tel) is isolates
    assert pc.is_apart(srv)


@pytest.mark.parametrize(("isolates", "warned"), [(False, True), (True, False)])
def test_a_hub_of_several_zones_is_warned_of(isolates: bool, warned: bool, tmp_path: Path) -> None:
    """The plan says whether it keeps them apart."""
    said = [each.label.en for each in doubts(desk(tmp_path, isolates=isolates))]

    told = [text for text in said if "talks to each other past every switch" in text]
    assert bool(told) is warned
    assert all("pc.lan: " in text and "tel.lan: " in text for text in told)  # with their zones


def test_a_hub_is_not_moved_as_a_port(tmp_path: Path) -> None:
    """All its members would move."""
    plan = desk(tmp_path)

    with pytest.raises(UsageError, match="h joins several devices to it"):
        plan_moves(plan, ["sw:1"], "app")


@pytest.mark.parametrize(
    ("hub", "said"),
    [
        ({}, "residual: pc.lan and tel.lan talk to each other behind h, past every switch"),
        ({"isolates": True}, "residual: h keeps pc.lan and tel.lan apart (isolates)"),
    ],
)
def test_who_and_explain_name_neighbours_as_residual(
    hub: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No rule meets what they say to each other; others at the switch are no neighbours."""
    path = desk(tmp_path, **hub).path
    for words, is_said in (
        (["who", path, "tel"], True),
        (["who", path, "srv"], False),
        (["explain", path, "pc", "tel"], True),
        (["explain", path, "pc", "srv"], False),
    ):
        assert main([*words, "--lang", "en"]) == 0
        assert (said in capsys.readouterr().out) is is_said


def test_stations_of_one_ssid_are_neighbours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What keeps them apart is the access point."""
    text = Path("topologies/tiny.yaml").read_text("utf-8").replace("\n  guest:", TABLET, 1)
    text = text.replace("zone: wireless, ip: 10.45.0.12", "zone: wireless, ip: 10.45.0.12")
    text = text.replace(
        "source: S1, destination: D3}\n  guest", "source: S2, destination: D3}\n  guest"
    )
    (path := tmp_path / "town.yaml").write_text(text, "utf-8")
    assert main(["who", str(path), "tab", "--lang", "ja"]) == 0
    out = capsys.readouterr().out

    assert "残存リスク: 同じSSID(staff-air)の nb.wireless と tab.wifi の間は" in out


def test_a_hub_is_drawn_with_its_members_below_it(tmp_path: Path) -> None:
    """One port, that of the hub; its members have none of their own, and others do."""
    dot = draw(desk(tmp_path), "physical", language="en")
    cells = re.findall(r"<TD[^>]*>([^<]*)</TD>", dot)
    at = cells.index("h")

    assert cells[at - 1 : at + 8] == [
        "1", "h", "hub: Telephone", "", "└ pc", "Name", "", "└ tel", "Name"
    ]  # fmt: skip
    assert cells[cells.index("srv") - 1] == "3"
    assert cells.count("1") == 1
