"""A right plan becomes the values that it says."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
import yaml

from sekisho.model import (
    Air,
    Allow,
    Attachment,
    Basis,
    CellKind,
    Device,
    DeviceKind,
    Label,
    Link,
    MustDrop,
    Plan,
    PortRange,
    PortRef,
    Protection,
    Protocol,
    Role,
    Service,
    Special,
    Switch,
    Zone,
)
from sekisho.plan import load

TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"
Changed = Callable[..., Plan]


@pytest.fixture
def tiny() -> Plan:
    """Return the tiny town."""
    return load(TINY)


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Return a loader of the tiny town with pieces of its text replaced."""

    def load_changed(*changes: tuple[str, str], end: str = "") -> Plan:
        text = TINY.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "changed.yaml"
        path.write_text(text + end, encoding="utf-8")
        return load(path)

    return load_changed


def _line(start: str) -> str:
    lines = TINY.read_text(encoding="utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if line.strip().startswith(start))
    return f"{TINY}:{number}"


def test_a_plan_knows_its_town(tiny: Plan) -> None:
    """Name, profile and edition are the plan's; the router's address has a default."""
    assert (tiny.path, tiny.id, tiny.label) == (str(TINY), "tiny", Label("小さな町", "Tiny town"))
    assert (tiny.profile, tiny.edition) == ("seed-r4", "R4.3")
    assert tiny.router_mac == "02:00:5e:00:00:01"


def test_a_zone_has_its_networks(tiny: Plan) -> None:
    """A zone is read with its VLAN number and its network at each site."""
    assert tiny.zones[0] == Zone(
        "register", Label("利用事務系", "Resident register"), "M", 10,
        (("hall", IPv4Network("10.10.0.0/24")),), _line("register: {label"), Protection.RESIDENT,
    )  # fmt: skip


def test_a_switch_has_its_position_as_dpid(tiny: Plan) -> None:
    """Datapath ids count the switches of the plan from 1."""
    assert tiny.switches[1] == Switch(
        "room", Label("サーバ室", "Server room"), "hall", Role.SERVER, 8, 2, _line("room:  {label")
    )


def test_a_link_is_named_after_its_ends(tiny: Plan) -> None:
    """Delay, backup and label of a link have defaults."""
    ends = Label("フロア 8 - サーバ室 8", "Floor 8 - Server room 8")

    assert tiny.links == (
        Link(PortRef("floor", 8), PortRef("room", 8), 1000.0, 0.0, 0.0, False, ends,
             _line("- {a:")),
    )  # fmt: skip


def test_a_link_says_its_delay_and_that_it_is_a_backup(changed: Changed) -> None:
    """What a link says replaces the defaults."""
    keys = "mbps: 2.5, delay_ms: 30, backup: true, label: {ja: 予備, en: Spare}"
    plan = changed(("airs:\n", f'  - {{a: "floor:7", b: "room:7", {keys}}}\nairs:\n'))
    link = plan.links[1]

    assert (link.mbps, link.delay_ms, link.backup) == (2.5, 30.0, True)
    assert link.label == Label("予備", "Spare")


def test_an_air_has_its_port(tiny: Plan) -> None:
    """An SSID stands at the port of its access point."""
    label = Label("来庁者用無線", "Visitor Wi-Fi")

    assert tiny.airs[1] == Air(
        "guest-air", label, "guest", PortRef("floor", 3), _line("guest-air: {")
    )


def test_a_service_has_its_ports(tiny: Plan, changed: Changed) -> None:
    """Ports of a service are single ones and ranges."""
    plan = changed(("ports: [80]", 'ports: [80, "8080-8089"]'))

    assert tiny.services[0] == Service(
        "https", Label("業務画面", "Web application"), Protocol.TCP, (PortRange(443, 443),),
        "https", _line("https: {label"),
    )  # fmt: skip
    assert plan.services[1].ports == (PortRange(80, 80), PortRange(8080, 8089))


def test_a_notebook_is_one_device_with_two_attachments(tiny: Plan) -> None:
    """A station on the air stands at the port and site of its access point."""
    label = Label("職員ノート", "Clerk's notebook")
    wired = Attachment(
        "nb.wired", "nb", "wired", PortRef("floor", 1), "", "hall", "wired", "02:41:00:00:00:0b",
        IPv4Address("10.41.0.11"), "S1", "D3", True, _line('wired:    {at: "floor:1"'),
    )  # fmt: skip
    wireless = Attachment(
        "nb.wireless", "nb", "wireless", PortRef("floor", 2), "staff-air", "hall", "wireless",
        "02:45:00:00:00:0b", IPv4Address("10.45.0.11"), "S2", "D3", True,
        _line("wireless: {air: staff-air"),
    )  # fmt: skip

    assert tiny.devices[0] == Device(
        "nb", label, (wired, wireless), (), _line("nb:"), DeviceKind.TERMINAL
    )


@pytest.mark.parametrize(
    "written", ['"02:41:00:00:00:0B"', "02-41-00-00-00-0B", "0241.0000.000b", '"0241.0000.000B"']
)
def test_mac_addresses_are_lower_case(written: str, changed: Changed) -> None:
    """One address has one spelling, whichever of the three notations it was written in."""
    plan = changed(('"02:41:00:00:00:0b"', written))

    assert plan.attachment["nb.wired"].mac == "02:41:00:00:00:0b"


def test_an_unregistered_device_is_read_as_such(changed: Changed) -> None:
    """A device that the town has not admitted is part of the plan."""
    guest = "source: S3, destination: D3"
    plan = changed((guest, f"{guest}, registered: false"))

    assert not plan.attachment["guest.wireless"].registered


def test_a_rule_has_its_directions(tiny: Plan) -> None:
    """A clause is read with its basis and its directions."""
    clause = tiny.clauses[1]

    assert (clause.id, clause.basis, clause.basis_note) == (
        "A02", Basis.SEED, "無線接続時は利用事務系以外",
    )  # fmt: skip
    assert clause.allows == (
        Allow(("S1", "S2"), (), "D2", (), ("https", "http"), _line("- {from: [S1, S2]")),
    )
    assert clause.special is None
    assert tiny.clauses[2].basis_note == ""


def test_a_bare_device_stands_for_its_attachments(changed: Changed) -> None:
    """``only_to: [juki]`` and ``only_from: [nb.wired]`` both become attachment ids."""
    allow = "{from: [S1], to: D1, services: [https]"
    plan = changed((allow, allow + ", only_from: [nb.wired], only_to: [juki]"))

    assert plan.clauses[0].allows[0].only_from == ("nb.wired",)
    assert plan.clauses[0].allows[0].only_to == ("juki.lan",)


def test_a_designated_communication_has_six_fields(tiny: Plan) -> None:
    """The four addresses are those that the plan registers."""
    registered = ("registered",) * 4

    assert tiny.clauses[0].special == Special(*registered, protocol="tcp", port="443")


@pytest.mark.parametrize(
    ("ports", "special", "text"),
    [
        ("[443, 8443]", "[8443, 443]", "8443,443"),
        ('["8440-8449"]', '"8440-8449"', "8440-8449"),
        ("[443]", "[443]", "443"),
    ],
)
def test_ports_of_a_designated_communication_are_those_of_its_services(
    changed: Changed, ports: str, special: str, text: str
) -> None:
    """A port, a range and a list are taken, in any order."""
    plan = changed(("ports: [443]", f"ports: {ports}"), ("port: 443}", f"port: {special}}}"))

    assert plan.clauses[0].special is not None
    assert plan.clauses[0].special.port == text


def test_a_note_has_its_cells(tiny: Plan, changed: Changed) -> None:
    """Id, severity and edition of a note may be absent; ``all`` is every class."""
    visitors = "severity: A, from: [S3], to: [D1, D3]"
    plan = changed((visitors, "severity: A, from: all, to: [D3]"))
    own, denied = tiny.notes[0], tiny.notes[2]

    assert (own.kind, own.id, own.severity, own.edition) == (CellKind.NOT_APPLICABLE, "", "", "")
    assert (denied.id, denied.sources, denied.destinations) == ("MN-07", ("S2",), ("D1",))
    assert (denied.severity, denied.edition) == ("A", "R4.3")
    assert plan.notes[3].sources == ("S1", "S2", "S3", "S4", "S5")


def test_a_sentence_has_its_cases(tiny: Plan, changed: Changed) -> None:
    """Items may be absent, ``all`` is the empty tuple, and the state is ``normal``."""
    plan = changed(("from: [S3], to: [D1, D3]}", "from: all, to: all, state: controller-dead}"))
    last = plan.must_drop[2]

    assert tiny.must_drop[1] == MustDrop(
        2, Label("無線端末が有線端末になりすましても届かない", "Nor by posing as the wired twin"),
        ("S2",), ("D1",), (7, 8, 9), "normal", _line("- {number: 2, label: {ja: 無線"),
    )  # fmt: skip
    assert (last.sources, last.destinations, last.items) == ((), (), ())
    assert last.state == "controller-dead"


def test_an_exception_has_its_measures(changed: Changed) -> None:
    """A risk accepted in the open is read with what is done instead."""
    risk = "{id: EX-02, label: {ja: 危険, en: Risk}, measures: {ja: 監視, en: Watch}}"
    plan = changed(("exceptions:\n", f"exceptions:\n  - {risk}\n"))

    assert plan.exceptions[0].id == "EX-02"
    assert plan.exceptions[0].measures == Label("監視", "Watch")


def test_a_class_that_nobody_is_in_may_be_planned(changed: Changed) -> None:
    """A row whose cells are all planned needs no attachment yet."""
    planned = "{kind: planned, id: P01, from: [S6], to: all, label: {ja: 予定, en: Planned}}"
    plan = changed(
        ("  S5: {label", "  S6: {label: {ja: 予定, en: Planned}}\n  S5: {label"),
        ("cells:\n", f"cells:\n  - {planned}\n"),
    )

    assert "S6" in [source.id for source in plan.sources]


def test_a_redundant_link_is_welcome(changed: Changed) -> None:
    """A ring of links is a fabric like any other."""
    plan = changed(("mbps: 1000}\n", 'mbps: 1000}\n  - {a: "floor:7", b: "room:7"}\n'))

    assert [link.mbps for link in plan.links] == [1000.0, None]


def test_ninety_attachments_are_read_in_no_time(tmp_path: Path) -> None:
    """A whole town is read and examined before PyYAML's own reader has only read it."""
    more = "".join(
        f"  pc{n}:\n    label: {{ja: 端末, en: Terminal}}\n    kind: terminal\n    attachments:\n"
        f'      lan: {{at: "floor:{n}", zone: wired, ip: 10.41.0.{n}, '
        f'mac: "02:41:00:00:01:{n:02x}", source: S1, destination: D3}}\n'
        for n in range(100, 190)
    )
    text = TINY.read_text("utf-8").replace("ports: 8}", "ports: 200}")
    town = tmp_path / "town.yaml"
    town.write_text(text.replace("devices:\n", f"devices:\n{more}"), "utf-8")

    assert len(load(town).attachments) == 95
    assert _cpu_s(lambda: load(town)) < _cpu_s(lambda: yaml.safe_load(town.read_text("utf-8")))


def _cpu_s(do: Callable[[], object]) -> float:
    """The least processor time of three tries, of this thread alone."""
    took = []
    for _ in range(3):
        begun = time.thread_time()
        do()
        took.append(time.thread_time() - begun)
    return min(took)
