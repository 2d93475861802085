"""What is odd about a plan and no mistake: said by name, and a mistake where that is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.probes.base import PROBES
from scenarios.run.backup_lines import STATE as BACKUP
from sekisho.cli import main
from sekisho.errors import PlanError
from sekisho.intent.sentences import ITEMS, NORMAL, STATES
from sekisho.lint.doubts import USUAL_PORTS, doubts
from sekisho.model import PortRange
from sekisho.plan import load
from tests.small import TABLET

TINY = Path("topologies/tiny.yaml")
#: An edition that leaves Wi-Fi to the resident systems to the town (else MN-07 refuses it).
_LATER = ("edition: R4.3", "edition: R7.3")
_WITH_TABLET = (("\n  guest:", TABLET), _LATER, ("port: 443}", "port: 443, pairs: 2}"))
_BY_CLASS = ("from: {medium: air}, to: {protection: resident}", "from: [S2], to: [D1]")
_PLANNED = "{kind: planned, id: P1, from: [S2], to: [D3], label: {ja: あと, en: Later}}"
_WIRED = "{label: {ja: 有線職員端末, en: Wired staff notebook}}"


def planted(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the tiny town with pieces of its text replaced; return its path."""
    text = TINY.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "planted.yaml"
    path.write_text(text, "utf-8")
    return path


def told(path: Path) -> list[str]:
    """Return every doubt about the plan at *path*, in English, with its line."""
    return [f"{f.line}: {f.text}" for f in (doubt.fault("en") for doubt in doubts(load(path)))]


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_the_shipped_plans_hold_nothing_odd(name: str) -> None:
    """They are what others copy."""
    assert told(Path(f"topologies/{name}.yaml")) == []


def test_a_class_on_cables_and_on_the_air_is_named_with_its_members(tmp_path: Path) -> None:
    """A tablet on Wi-Fi in the class of wired terminals, where sentences name classes alone."""
    path = planted(tmp_path, *_WITH_TABLET, _BY_CLASS)

    assert told(path) == ["37: class S1 has members on the air (tab.wifi) and on cables (nb.wired)"]


def test_a_class_that_is_meant_to_be_mixed_is_not_odd(tmp_path: Path) -> None:
    """Somebody has looked at it, and has said so in the plan."""
    both = (_WIRED, _WIRED[:-1] + ", medium: both}")

    assert told(planted(tmp_path, *_WITH_TABLET, _BY_CLASS, both)) == []


def test_a_member_that_stands_elsewhere_than_its_class_says_is_refused(tmp_path: Path) -> None:
    """The class is for cables, and a tablet on the air is in it."""
    cable = (_WIRED, _WIRED[:-1] + ", medium: cable}")
    with pytest.raises(PlanError) as caught:
        load(planted(tmp_path, *_WITH_TABLET, _BY_CLASS, cable))
    (fault,) = caught.value.faults

    assert fault.text == (
        "devices.tab.attachments.wifi.source: 'tab.wifi' stands on the air, "
        "but class 'S1' on a cable"
    )
    assert fault.hint == "see line 37: give it a class of its own, or write medium: both there"


def test_what_is_odd_is_a_warning_and_strictly_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same line and the same words, exit 0 or 2."""
    path = str(planted(tmp_path, *_WITH_TABLET, _BY_CLASS))
    plain = main(["plan", "lint", path, "--lang", "en"])
    said = capsys.readouterr().out
    strict = main(["plan", "lint", path, "--lang", "en", "--strict"])
    refused = capsys.readouterr().err

    assert (plain, strict) == (0, 2)
    assert f"{path}:37: warning: class S1 has members on the air" in said
    assert f"{path}:37: class S1 has members on the air" in refused


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("edition: R4.3\n", "edition: R99\n", "6: nobody knows the edition 'R99'"),
        ("profile: seed-r4", "profile: seed-r5", "6: nobody knows the profile 'seed-r5'"),
        ("severity: A, edition: R4.3", "severity: A, edition: R43",
         "96: nobody knows the edition 'R43'"),
        ("ports: [80], kind: http", "ports: [613], kind: print",
         "34: service http is print, and its port is 613"),
        ("ports: [80], kind: http", 'ports: ["22-23"],  kind: ssh',
         "34: service http is ssh, and its port is 22-23"),
        ("cells:\n", f"cells:\n  - {_PLANNED}\n",
         "94: planned cell P1 does not say what it will permit"),
    ],
)  # fmt: skip
def test_a_silent_mistake_is_said(old: str, new: str, said: str, tmp_path: Path) -> None:
    """Each with its line and its value."""
    assert told(planted(tmp_path, (old, new))) == [said]


def test_digits_that_changed_places_are_told() -> None:
    """The hint names the port that was meant."""
    plan = load(TINY)
    http = replace(plan.services[1], kind="print", ports=(PortRange(613, 613),))
    (doubt,) = doubts(replace(plan, services=(plan.services[0], http)))

    assert doubt.hint.en == "did you mean 631?"


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_every_kind_has_its_usual_ports(name: str) -> None:
    """What is called usual is what the shipped plans use."""
    for service in load(f"topologies/{name}.yaml").services:
        usual = USUAL_PORTS.get(service.kind)

        assert usual is None or {p.first for p in service.ports} <= usual


def test_the_items_are_those_of_the_probe_set() -> None:
    """What is refused as no item is what no run sends."""
    assert {probe.item for probe in PROBES} - {0} == set(ITEMS)


def test_every_state_of_the_shipped_sentences_is_known() -> None:
    """And the two states of a run without events are."""
    said = {
        line.state
        for name in ("tiny", "alpha", "matsuno")
        for line in load(f"topologies/{name}.yaml").must_drop
    }

    assert said | {NORMAL, BACKUP} == set(STATES)


def test_a_way_that_nobody_declared_is_doubted(tmp_path: Path) -> None:
    """`plan paths` would end with 1; a clean `plan lint` must not hide that."""
    text = (Path(__file__).parents[3] / "topologies" / "alpha.yaml").read_text("utf-8")
    (tmp_path / "a.yaml").write_text(text[: text.index("\nrelays:")], "utf-8")

    said = [each.label.en for each in doubts(load(tmp_path / "a.yaml"))]

    assert any("would be a way, and relays says nothing" in text for text in said)
