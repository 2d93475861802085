"""What is odd about classes, rules and shared devices, by what zones protect: said by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.errors import PlanError
from sekisho.lint.doubts import doubts
from sekisho.lint.stores import stores, undeclared_stores
from sekisho.model import DeviceKind, Plan
from sekisho.plan import load
from tests.population import town
from tests.sekisho.lint.test_doubts import planted, told
from tests.small import TABLET

TINY = Path("topologies/tiny.yaml")
_ROW = "S3: {label: {ja: 来庁者Wi-Fi, en: Visitor Wi-Fi}}"
#: A tablet of the staff's zone in the visitors' class.
_MIXED = ("\n  guest:", TABLET.replace("source: S1", "source: S3"))


def said(plan: Plan) -> list[str]:
    """Return every doubt, in English."""
    return [doubt.label.en for doubt in doubts(plan)]


def _line(start: str) -> int:
    lines = TINY.read_text("utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if line.strip().startswith(start))
    return number


def test_a_class_in_zones_of_different_protection_is_named_with_its_members(
    tmp_path: Path,
) -> None:
    """What the class may open is opened from both."""
    found = told(planted(tmp_path, _MIXED))

    words = "class S3 has members in zones of different protection"
    assert f"{_line('S3:')}: {words} (tab.wifi: office, guest.wireless: visitor)" in found


def test_a_class_that_is_meant_to_span_protections_is_not_odd(tmp_path: Path) -> None:
    """Somebody has looked at it, and has said so in the plan."""
    both = (_ROW, _ROW[:-1] + ", protection: [visitor, office]}")

    assert not any("different" in line for line in told(planted(tmp_path, _MIXED, both)))


def test_a_member_that_stands_where_its_class_does_not_is_refused(tmp_path: Path) -> None:
    """The class is for visitors, and a tablet of the staff's zone is in it."""
    one = (_ROW, _ROW[:-1] + ", protection: visitor}")
    with pytest.raises(PlanError) as caught:
        load(planted(tmp_path, _MIXED, one))

    (fault,) = caught.value.faults
    assert fault.text == (
        "devices.tab.attachments.wifi.source: zone 'wireless' of 'tab.wifi' protects 'office', "
        "but class 'S3' says visitor"
    )


def test_a_gateway_has_a_leg_in_each_by_design() -> None:
    """Alpha's sanitiser is one class in two zones; as a server it would be odd."""
    plan = town("alpha")
    devices = tuple(
        replace(d, kind=DeviceKind.SERVER) if d.id == "clean" else d for d in plan.devices
    )

    assert said(plan) == []
    assert any("class P7 has members in zones" in x for x in said(replace(plan, devices=devices)))


def test_a_designated_communication_that_grows_is_told() -> None:
    """A second source comes under it; who has counted says so."""
    plan = town("tiny")
    first, *others = plan.clauses
    wide = replace(first, allows=(replace(first.allows[0], sources=("S1", "S5")),))
    assert wide.special is not None
    counted = replace(wide, special=replace(wide.special, pairs=2))
    words = "designated communication A01 covers 2 (2 x 1) pairs, and is for 1"

    assert words in said(replace(plan, clauses=(wide, *others)))
    assert words not in said(replace(plan, clauses=(counted, *others)))


def test_a_rule_that_opens_zones_of_different_protection_is_told() -> None:
    """The class has a second member elsewhere; named with only_to, the rule is plain."""
    plan = town("tiny")
    devices = tuple(
        replace(d, attachments=(replace(d.attachments[0], destination="D2"),))
        if d.id == "juki"
        else d
        for d in plan.devices
    )
    plan = replace(plan, devices=devices)
    rule = replace(plan.clauses[1].allows[0], only_to=("www.lan",))
    narrow = replace(plan.clauses[1], allows=(rule,))
    words = (
        "rule A02 opens D2, in zones of different protection (juki.lan: resident, www.lan: office)"
    )

    assert words in said(plan)
    assert words not in said(replace(plan, clauses=(plan.clauses[0], narrow, plan.clauses[2])))


def test_a_vlan_number_with_digits_in_another_order_is_told(tmp_path: Path) -> None:
    """With the number that was meant."""
    path = planted(tmp_path, ("vlan: 41", "vlan: 14"))
    (doubt,) = doubts(load(path))

    assert told(path) == [
        f"{_line('wired:    {label')}: zone wired has VLAN 14, and its network is 10.41.0.0/24"
    ]
    assert doubt.hint.en == "did you mean 41?"


def test_a_vlan_number_says_nothing_where_none_is_the_networks() -> None:
    """Digits in another order are then no slip."""
    plan = town("tiny")
    zones = [replace(z, vlan=700 + n) for n, z in enumerate(plan.zones)]
    zones[2] = replace(zones[2], vlan=14)

    assert said(replace(plan, zones=tuple(zones))) == []


def test_a_store_that_nobody_declared_is_told(tmp_path: Path) -> None:
    """Visitors and clerks both open the page; what is done about it stood in the relays."""
    path = planted(tmp_path, ("from: [S3], meets: [S1, S2]", "from: [S3], meets: [S1]"))

    (words,) = told(path)
    assert words == (
        f"{_line('www:')}: S2 (rule A02) and S3 (rule A03) both open 'www', and could hand over "
        "there what WL-04 denies between them"
    )


def test_nobody_meets_at_a_gateway_or_where_one_may_open_the_other() -> None:
    """A gateway hands over by its own rules; the others need no place to meet."""
    plan = town("tiny")
    devices = tuple(
        replace(d, kind=DeviceKind.GATEWAY) if d.id == "www" else d for d in plan.devices
    )
    rule = replace(plan.clauses[2].allows[0], destination="D3", only_to=("nb.wired",))
    more = replace(plan.clauses[2], id="A04", allows=(rule,))

    assert [s.classes for s in stores(plan)] == [("S1", "S3"), ("S2", "S3")]
    assert list(stores(replace(plan, devices=devices))) == []
    met = stores(replace(plan, clauses=(*plan.clauses, more)))
    assert [s.classes for s in met] == [("S2", "S3")]


def test_what_keeps_nothing_is_no_store() -> None:
    """A clock tells the time and is told nothing."""
    plan = town("tiny")
    services = tuple(replace(s, kind="ntp") for s in plan.services)

    assert list(stores(replace(plan, services=services))) == []


def test_the_reference_town_has_its_stores_declared() -> None:
    """Resident servers fetch updates and notices where Wi-Fi comes, too."""
    plan = town("matsuno")

    assert {(s.device, s.classes) for s in stores(plan)} == {
        ("lgproxy", ("S2", "S18")),
        ("lgproxy", ("S4", "S18")),
        ("psrv", ("S2", "S18")),
        ("psrv", ("S4", "S18")),
    }
    assert list(undeclared_stores(plan)) == []


def test_a_line_of_relays_that_names_what_is_not_there_is_told(tmp_path: Path) -> None:
    """It would hide a way that comes later."""
    stale = ("from: [S3], meets: [S1, S2]", "from: [S3], to: [D1], meets: [S1, S2, S5]")

    assert told(planted(tmp_path, stale)) == [
        f"{_line('- {through:')}: relays[1] declares what is not there (to D1, meets S5)"
    ]


def test_a_way_to_nobody_is_refused(tmp_path: Path) -> None:
    """A line of relays says whom it reaches, or who fetches there."""
    with pytest.raises(PlanError, match=r"relays\[1\]: has none of 'to' and 'meets'"):
        load(planted(tmp_path, (", meets: [S1, S2]", "")))
