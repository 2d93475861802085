"""What requirements deny in any town: derived, held against each rule, and declared or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.suites.requirements import ASKED
from sekisho.errors import PlanError
from sekisho.intent.requirements import REQUIREMENTS, breaches, bridges, undeclared
from sekisho.lint.doubts import doubts
from sekisho.model import DeviceKind, Plan, Protection
from sekisho.model.changes import Change, apply_changes
from sekisho.plan import load
from sekisho.resegment.preview import policy_preview
from sekisho.resegment.validation import links_asked, plan_moves
from tests.population import town
from tests.sekisho.plan.test_upgrade import older

ROOT = Path(__file__).parents[3]
SHIPPED = ("tiny", "alpha", "matsuno", "city")
Changed = Callable[..., Plan]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Return a loader of the tiny town with pieces of its text replaced."""

    def load_changed(*changes: tuple[str, str]) -> Plan:
        text = (ROOT / "topologies" / "tiny.yaml").read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "changed.yaml"
        path.write_text(text, "utf-8")
        return load(path)

    return load_changed


def protected(plan: Plan, **zones: str) -> Plan:
    """Return *plan* whose zones protect other things."""
    words = {word.value: word for word in Protection}
    found = (replace(z, protection=words[zones[z.id]]) for z in plan.zones if z.id in zones)
    named = {zone.id: zone for zone in found}
    return replace(plan, zones=tuple(named.get(z.id, z) for z in plan.zones))


def broken(plan: Plan) -> set[tuple[str, str]]:
    """Return each (requirement, rule) that is broken."""
    return {(b.requirement.id, b.clause.id) for b in breaches(plan)}


def test_the_shipped_plans_break_nothing_but_what_they_declare() -> None:
    """They are what others copy; tiny shows how a departure is declared."""
    for name in SHIPPED:
        assert list(undeclared(town(name))) == []
        assert list(bridges(town(name))) == []
    assert broken(town("tiny")) == {("WL-04", "A03")}
    assert broken(town("city")) == {("WL-04", "N09"), ("MN-01", "N18"), ("MG-01", "N12")}
    assert broken(town("alpha")) == broken(town("matsuno")) == set()


#: What zones of tiny protect, and what its rules then break: A01 opens the register to the wired
#: notebook (special), A02 the web server to the notebook (wired, wireless), A03 to the visitor.
_CASES = [
    ({"web": "resident"}, {("MN-01", "A02"), ("MN-07", "A02"), ("MN-01", "A03"), ("MN-07", "A03"),
                           ("WL-04", "A03")}),
    ({"wired": "resident", "visitor": "office"}, {("MN-01", "A02")}),
    ({"wired": "resident", "web": "internet", "visitor": "office"},
     {("MN-01", "A02"), ("MN-03", "A02")}),
    ({"wired": "lgwan", "visitor": "office", "web": "outside"}, {("LG-01", "A02")}),
    ({"wired": "lgwan", "visitor": "office", "web": "internet"}, set()),
    ({"visitor": "internet", "web": "lgwan"}, {("LG-02", "A03")}),
    ({"visitor": "outside", "web": "lgwan"}, {("LG-02", "A03")}),
    ({"visitor": "outside"}, {("IN-02", "A03")}),
    ({"visitor": "quarantine"}, {("WL-05", "A03")}),
    ({"visitor": "telework", "wired": "telework"}, {("TW-01", "A01")}),
    ({"visitor": "telework", "web": "lgwan"}, {("TW-02", "A03")}),
    ({"visitor": "tenant"}, {("CL-01", "A03")}),
    ({"visitor": "office", "web": "tenant"}, {("CL-01", "A02"), ("CL-01", "A03")}),
    ({"visitor": "tenant", "web": "outside"}, set()),
    ({"visitor": "office", "web": "management"}, {("MG-01", "A02"), ("MG-01", "A03")}),
    ({"visitor": "vendor"}, {("MG-02", "A03")}),
    ({"visitor": "vendor", "web": "management"}, {("MG-02", "A03"), ("MG-01", "A02")}),
]  # fmt: skip


@pytest.mark.parametrize(("zones", "expected"), _CASES)
def test_each_requirement_is_derived_from_what_zones_protect(
    zones: dict[str, str], expected: set[tuple[str, str]]
) -> None:
    """Named with its rule, and nothing else is."""
    assert broken(protected(town("tiny"), **zones)) == expected


def test_every_requirement_has_its_case() -> None:
    """A denial that no plan was ever seen to break could be blind."""
    seen = {name for _, expected in _CASES for name, _ in expected}

    assert seen == {r.id for r in REQUIREMENTS}
    assert seen | {"MN-04"} <= set(ASKED)


@pytest.mark.parametrize(
    ("zones", "device", "kind", "gone"),
    [
        ({"visitor": "internet", "web": "lgwan"}, "www", DeviceKind.GATEWAY, ("LG-02", "A03")),
        ({"visitor": "outside"}, "www", DeviceKind.GATEWAY, ("IN-02", "A03")),
        ({"visitor": "telework", "web": "lgwan"}, "www", DeviceKind.GATEWAY, ("TW-02", "A03")),
        ({"visitor": "vendor", "web": "management"}, "www", DeviceKind.GATEWAY, ("MG-02", "A03")),
    ],
)
def test_a_gateway_may_be_reached_where_a_server_may_not(
    zones: dict[str, str], device: str, kind: DeviceKind, gone: tuple[str, str]
) -> None:
    """It hands over by its own rules."""
    plan = protected(town("tiny"), **zones)
    devices = tuple(replace(d, kind=kind) if d.id == device else d for d in plan.devices)

    assert gone in broken(plan)
    assert gone not in broken(replace(plan, devices=devices))


def test_a_member_that_runs_nothing_is_reached_all_the_same() -> None:
    """The rule lets packets through to the whole class; what listens there may come later."""
    plan = town("tiny")
    devices = tuple(
        replace(d, services=(), attachments=(replace(d.attachments[0], destination="D2"),))
        if d.id == "juki"
        else d
        for d in plan.devices
    )

    assert {("MN-01", "A02"), ("MN-07", "A02")} <= broken(replace(plan, devices=devices))


def test_a_server_of_the_lgwan_side_looks_at_no_picture() -> None:
    """Screen transfer is for terminals; a server that goes to the internet side breaks LG-01."""
    plan = protected(town("tiny"), wired="lgwan", visitor="office", web="internet")
    devices = tuple(replace(d, kind=DeviceKind.SERVER) if d.id == "nb" else d for d in plan.devices)

    assert broken(replace(plan, devices=devices)) == {("LG-01", "A02")}


def test_edition_r7_3_leaves_wifi_to_the_town(changed: Changed) -> None:
    """It permits it under conditions; what crosses the boundary is still designated."""
    plan = protected(town("tiny"), web="resident")
    later = replace(plan, edition="R7.3")

    assert broken(plan) - broken(later) == {("MN-07", "A02"), ("MN-07", "A03")}


def test_logs_and_time_may_go_to_management() -> None:
    """What opens something there may not."""
    plan = protected(town("tiny"), visitor="office", web="management")
    services = tuple(replace(s, kind="syslog") if s.id == "http" else s for s in plan.services)
    (found,) = breaches(replace(plan, services=services))

    assert (found.requirement.id, found.clause.id, found.services) == ("MG-01", "A02", ("https",))


def test_a_rule_that_breaks_a_requirement_is_refused(changed: Changed) -> None:
    """With its line, the first pair, and how to declare it."""
    with pytest.raises(PlanError) as caught:
        changed(("breaks: [WL-04]", "breaks: MN-07"))
    (fault,) = caught.value.faults

    assert fault.text == (
        "policy[3].allow[1]: rule A03 [http] breaks WL-04, a visitor reaches nothing inside "
        "(guest.wireless -> www.lan)"
    )
    assert fault.hint == (
        "narrow the rule, or declare it under exceptions, with its words: "
        "breaks: [WL-04], rules: [A03]"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    rules: [A03]\n", "", "exception 'EX-01' has only one of 'breaks' and 'rules'"),
        ("rules: [A03]", "rules: [A33]", "unknown rule 'A33'"),
        ("breaks: [WL-04]", "breaks: [WL-40]", "'WL-40' is not MN-01, MN-03"),
    ],
)
def test_an_exception_names_rules_and_requirements_that_there_are(
    old: str, new: str, said: str, changed: Changed
) -> None:
    """Else it would declare nothing."""
    with pytest.raises(PlanError) as caught:
        changed((old, new))

    assert any(said in fault.text for fault in caught.value.faults)


def test_an_exception_from_nothing_is_odd(changed: Changed) -> None:
    """The rule was narrowed since, or it is another one."""
    plan = changed(("[WL-04]\n    rules: [A03]", "[WL-04, MN-03]\n    rules: [A03, A02]"))

    assert [d.label.en for d in doubts(plan)] == [
        "exception EX-01: rule A03, A02 does not break MN-03"
    ]


def test_a_plan_of_version_1_is_warned_and_not_refused(tmp_path: Path) -> None:
    """As far as it tells what its zones protect: here the visitors alone."""
    path = older(tmp_path, "tiny")
    text = path.read_text("utf-8").replace("vlan: 40,", "protection: office, vlan: 40,", 1)
    path.write_text(text.partition("\nexceptions:")[0] + "\n", "utf-8")

    said = [d.label.en for d in doubts(load(path))]

    assert said[1:] == [
        "rule A03 [http] breaks WL-04, a visitor reaches nothing inside (guest.wireless -> www.lan)"
    ]


def test_a_device_between_the_resident_systems_and_the_internet_is_refused(
    tmp_path: Path,
) -> None:
    """The reference town declares its notebooks as EX-01; without that each is named."""
    text = (ROOT / "topologies" / "matsuno.yaml").read_text("utf-8")
    path = tmp_path / "matsuno.yaml"
    path.write_text(text.replace("exception: EX-01, ", ""), "utf-8")
    with pytest.raises(PlanError) as caught:
        load(path)

    said = [f.text for f in caught.value.faults]
    assert len(said) == 9
    assert said[0] == (
        "devices.nb-hq-1: 'nb-hq-1' deals with the resident systems (juki.lan, rule A01) and with "
        "the internet side (iproxy.lan, rule A04), and could be a relay (MN-04)"
    )


def _warned(before: Plan, change: Change) -> list[tuple[str, str, str]]:
    told = policy_preview(before, apply_changes(before, [change])).warnings
    return [(w.what, w.severity, w.requirement) for w in told]


def test_an_opened_permission_that_breaks_a_requirement_is_told_in_the_dry_run() -> None:
    """Alpha considers to let its LGWAN terminals out directly (N20)."""
    plan = town("alpha")
    change = Change(1, "open", (), links_asked(plan, "N20"), "test", "tester", 0.0, None)

    assert ("N20", "A", "LG-01") in _warned(plan, change)


def test_a_visitors_port_that_comes_to_the_lgwan_side_is_told() -> None:
    """It would open what the terminals there open, and nobody had said a word."""
    plan = town("alpha")
    zones = tuple(
        replace(z, protection=Protection.VISITOR) if z.id == "ju-pc" else z for z in plan.zones
    )
    before = replace(plan, zones=zones)
    moves = plan_moves(before, ["east:1"], "lg-pc")
    change = Change(1, "lg-pc", moves, (), "test", "tester", 0.0, None)

    assert ("east:1", "A", "LG-01") in _warned(before, change)


def test_the_documentation_has_each_requirement() -> None:
    """With its severity and its words."""
    docs = (ROOT / "docs" / "plan.md").read_text("utf-8")

    for requirement in REQUIREMENTS:
        row = f"| `{requirement.id}` | {requirement.severity} | {requirement.label.en} |"
        assert row in docs
