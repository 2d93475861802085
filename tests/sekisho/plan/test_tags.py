"""Members of a hub under VLAN tags: what a plan says of them, and what is said of the plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.cli import main
from sekisho.draw.physical import draw
from sekisho.lint.doubts import doubts
from sekisho.proof.facts import differences
from sekisho.proof.words import assumptions
from tests.small import clause, server
from tests.trunks import APP, STAFF, hypervisor, machine


@pytest.mark.parametrize("isolates", [False, True])
def test_members_under_different_tags_are_apart(isolates: bool, tmp_path: Path) -> None:
    """Their hypervisor hands nothing from one tag to another: what they say passes the switch."""
    plan = hypervisor(tmp_path, isolates=isolates)
    desk, shop, box = (plan.attachment[f"{name}.lan"] for name in ("desk", "shop", "box"))

    assert (desk.tag, shop.tag, box.tag) == (STAFF, APP, 0)
    assert desk.is_apart(shop)
    assert desk.is_apart(box)
    assert plan.open_hubs == ()
    assert not [d for d in doubts(plan) if "past every switch" in d.label.en]


@pytest.mark.parametrize("isolates", [False, True])
def test_members_under_one_tag_are_beside_each_other(isolates: bool, tmp_path: Path) -> None:
    """As they would be on a hub without tags."""
    devices = {
        "one": machine(31, "staff", STAFF),
        "two": machine(32, "staff", STAFF),
        "srv": server(3, "web"),
    }
    plan = hypervisor(tmp_path, isolates=isolates, devices=devices)
    one, two = plan.attachment["one.lan"], plan.attachment["two.lan"]
    said = any("(hv)" in each.en for each in assumptions(plan, are_compiled=True))

    assert one.is_apart(two) is isolates
    assert plan.open_hubs == (() if isolates else ("hv",))
    assert said is not isolates


def test_a_series_of_machines_has_one_tag(tmp_path: Path) -> None:
    """Ten machines of one network behind one cable are written once."""
    devices = {"vm": machine(31, "staff", STAFF, count=10), "srv": server(3, "web")}
    plan = hypervisor(tmp_path, devices=devices, policy=[clause("A01", "web")])
    tags = {a.tag for a in plan.attachments if a.device.startswith("vm-")}

    assert (len(plan.devices), tags) == (11, {STAFF})


@pytest.mark.parametrize(("language", "word"), [("ja", "タグ"), ("en", "tag")])
@pytest.mark.parametrize("columns", [80, 160])
def test_tags_are_shown_and_drawn(
    language: str,
    word: str,
    columns: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beside the hub that they stand behind; who has none shows none."""
    plan = hypervisor(tmp_path)
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["plan", "show", plan.path, "--hosts", "--lang", language]) == 0
    shown = capsys.readouterr().out
    drawn = draw(plan, "physical", language=language)

    assert f"hv {word} {STAFF}" in shown
    assert f"hv {word} {APP}" in shown
    assert shown.count(f" {word} ") == 2
    assert f"└ desk ({word} {STAFF})" in drawn
    assert "└ box<" in drawn


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "ja",
            "残存リスク: box.lan desk.lan と shop.lan を分けているのは hv が付けるVLANのタグである",
        ),
        ("en", "residual: the VLAN tags that hv sets keep box.lan desk.lan and shop.lan apart"),
    ],
)
def test_what_keeps_neighbours_apart_is_said(
    language: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hypervisor does, and no rule of a switch."""
    assert main(["who", hypervisor(tmp_path).path, "shop", "--lang", language]) == 0

    assert said in " ".join(capsys.readouterr().out.split())


def test_another_tag_is_a_difference_of_two_plans(tmp_path: Path) -> None:
    """Also where the same packets pass."""
    (one, two) = (tmp_path / "one", tmp_path / "two")
    for folder in (one, two):
        folder.mkdir()
    devices = {"desk": machine(31, "staff", STAFF + 1), "srv": server(3, "web")}
    before = hypervisor(one, devices={**devices, "desk": machine(31, "staff", STAFF)})
    found = differences(before, hypervisor(two, devices=devices))

    assert found == [
        "- desk.lan @ sw:1 cable 10.20.0.41 02:14:00:00:00:29 VLAN 20",
        "+ desk.lan @ sw:1 cable 10.20.0.41 02:14:00:00:00:29 VLAN 21",
    ]
