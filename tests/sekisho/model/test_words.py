"""What safety hangs on is said in closed words; letters of layers and labels are shown only."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.errors import PlanError
from sekisho.lint.doubts import doubts
from sekisho.model import DeviceKind, Plan, PortRef, Protection, Role, Word
from sekisho.model.changes import Change, apply_changes
from sekisho.plan import load
from sekisho.resegment.preview import policy_preview
from sekisho.resegment.validation import QUARANTINE, RefusedError, plan_moves
from sekisho.web.looks import choices
from tests.population import town

ROOT = Path(__file__).parents[3]
SHIPPED = ("tiny", "alpha", "matsuno", "city")
WORDS: tuple[type[Word], ...] = (Protection, Role, DeviceKind)
Told = dict[tuple[str, str], list[tuple[str, str]]]


def _text(name: str) -> str:
    return (ROOT / "topologies" / f"{name}.yaml").read_text("utf-8")


def _planted(folder: Path, text: str) -> Plan:
    path = folder / "planted.yaml"
    path.write_text(text, "utf-8")
    return load(path)


def _renamed(text: str) -> str:
    """Give every layer another letter, and every label another name."""
    letters = iter("ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba")
    known: dict[str, str] = {}

    def letter(found: re.Match[str]) -> str:
        if found[1] not in known:
            known[found[1]] = next(letters)
        return f"layer: {known[found[1]]},"

    text = re.sub(r"layer: ([^,]+),", letter, text)
    return re.sub(r"\{ja: [^{}]*, en: [^{}]*\}", "{ja: 別の名前, en: Another name}", text)


def _older(text: str) -> str:
    """Write a plan as version 1 had it: without the closed words."""
    zones = re.findall(r"^  ([a-z0-9-]+): .* protection: resident,", text, re.MULTILINE)
    text = text.replace("{protection: resident}", f"{{zones: [{', '.join(zones)}]}}")
    text = re.sub(r" protection: \w+, *", " ", text).replace("\nsekisho: 2\n", "\nsekisho: 1\n")
    return re.sub(r"\n    kind: \w+", "", text)


def _told(plan: Plan, ports: list[PortRef]) -> Told:
    """Return what is said of each move of *ports* to each network, by severity and requirement."""
    out: Told = {}
    for port in ports:
        for to in (*plan.zone, QUARANTINE):
            try:
                moves = plan_moves(plan, [str(port)], to)
            except RefusedError as refused:
                out[str(port), to] = [("refused", r.requirement) for r in refused.refusals]
                continue
            after = apply_changes(plan, [Change(1, to, moves, (), "test", "test", 0.0, None)])
            told = policy_preview(plan, after).warnings
            out[str(port), to] = [(w.severity, w.requirement) for w in told]
    return out


def _one_of_a_kind(plan: Plan) -> list[PortRef]:
    """Return a port of every switch and pair of classes, and of every access point."""
    found = {(a.at.switch, a.source, a.air): a.at for a in plan.attachments}
    return sorted(set(found.values()))


@pytest.mark.parametrize("name", SHIPPED)
def test_letters_and_labels_decide_nothing(name: str, tmp_path: Path) -> None:
    """With all of them renamed, each move is refused and warned about by the same requirement."""
    plain, renamed = town(name), _planted(tmp_path, _renamed(_text(name)))
    assert [z.layer for z in plain.zones] != [z.layer for z in renamed.zones]
    ports = _one_of_a_kind(plain)

    told = _told(plain, ports)

    assert told == _told(renamed, ports)
    assert any(said for said in told.values())
    for port in ports:
        named = [(c["to"], [r["requirement"] for r in c["refused"]]) for c in choices(plain, port)]
        again = [
            (c["to"], [r["requirement"] for r in c["refused"]]) for c in choices(renamed, port)
        ]
        assert named == again


@pytest.mark.parametrize(
    ("name", "port", "to"),
    [("alpha", "annex:2", "ju-pc"), ("matsuno", "br2:6", "tw")],
)
def test_a_port_that_comes_to_open_resident_information_is_warned_about(
    name: str, port: str, to: str
) -> None:
    """Whatever letters a plan has for its layers; in tiny no port can be moved so."""
    plan = town(name)
    moves = plan_moves(plan, [port], to)
    after = apply_changes(plan, [Change(1, to, moves, (), "test", "test", 0.0, None)])
    told = {(w.severity, w.requirement) for w in policy_preview(plan, after).warnings}

    assert ("A", "MN-02") in told


@pytest.mark.parametrize(
    ("name", "port", "to", "requirement"),
    [
        ("tiny", "floor:2", "register", "MN-07"),
        ("tiny", "floor:2", "wired", "WL-02"),
        ("alpha", "west:6", "ju-pc", "MN-07"),
        ("alpha", "west:6", "lg-pc", "WL-02"),
        ("alpha", "east:6", "lg-pc", "PR-02"),
        ("alpha", "east:1", "ops", "MG-01"),
        ("matsuno", "fl1:18", "m", "MN-07"),
        ("matsuno", "fl1:1", "g", "MG-01"),
    ],
)
def test_every_plan_is_refused_by_the_same_requirements(
    name: str, port: str, to: str, requirement: str
) -> None:
    """Not only the one whose layers have the letters M and G."""
    with pytest.raises(RefusedError) as refused:
        plan_moves(town(name), [port], to)

    assert [r.requirement for r in refused.value.refusals] == [requirement]


def test_a_management_port_stays_whatever_its_layer_is_called(tmp_path: Path) -> None:
    """Alpha calls the layer 管理; its machine room made an access switch lets one ask."""
    text = _text("alpha").replace("role: core,", "role: access,")

    with pytest.raises(RefusedError) as refused:
        plan_moves(_planted(tmp_path, text), ["spine:11"], "lg-pc")

    assert "MG-01" in [r.requirement for r in refused.value.refusals]


def test_a_gateway_is_moved_in_the_plan_alone(tmp_path: Path) -> None:
    """What hands over between systems would hand over between others."""
    text = _text("alpha").replace("kind: printer", "kind: gateway", 1)

    with pytest.raises(RefusedError) as refused:
        plan_moves(_planted(tmp_path, text), ["east:6"], "lg-pc")

    assert [r.requirement for r in refused.value.refusals] == ["FX-01"]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_the_documentation_explains_each_word(words: type[Word]) -> None:
    """With what it is called, and what it means."""
    docs = (ROOT / "docs" / "plan.md").read_text("utf-8")

    for word in words:
        assert f"| `{word.value}` | {word.label.ja} | {word.meaning} |\n" in docs


def test_every_protection_has_a_colour_of_its_own_on_the_page() -> None:
    """A new word without one would be drawn like nothing."""
    css = (ROOT / "sekisho/web/page/parts.css").read_text("utf-8")
    found = dict(re.findall(r"^\.([a-z]+) \{ (--tint: .*) \}$", css, re.MULTILINE))

    assert set(found) == {word.value for word in Protection} | {"unsaid"}
    assert len(set(found.values())) == len(found)


def _compared(path: Path) -> list[int]:
    """Return the lines of a module that compare a layer with something."""
    tree = ast.parse(path.read_text("utf-8"))
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(x, ast.Attribute) and x.attr == "layer" for x in ast.walk(node))
    ]


def test_no_code_asks_for_a_layer() -> None:
    """But what reads plans of version 1, and the legend of a drawing, which is shown."""
    may = {"sekisho/plan/older.py", "sekisho/draw/dot.py"}
    packages = ("sekisho", "scenarios", "topologies", "controller")
    modules = [p for package in packages for p in sorted((ROOT / package).rglob("*.py"))]
    wrong = [p for p in modules if _compared(p) and str(p.relative_to(ROOT)) not in may]

    assert wrong == []
    assert _compared(ROOT / "sekisho/plan/older.py")  # it can be seen
    for script in sorted((ROOT / "sekisho/web/page").glob("*.js")):
        assert not re.search(r"layer\b.{0,3}(===|!==)", script.read_text("utf-8"))


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "city"])
def test_a_plan_of_version_1_is_read_and_never_taken_for_what_it_is_not(
    name: str, tmp_path: Path
) -> None:
    """What can be told is right, all resident zones can be, and the rest is listed."""
    truth, old = town(name), _planted(tmp_path, _older(_text(name)))
    derived = {z.id: z.protection for z in old.zones if z.protection is not None}

    assert old.version == 1
    assert derived == {zone: truth.zone[zone].protection for zone in derived}
    for zone in truth.zones:
        assert zone.protection is not Protection.RESIDENT or zone.id in derived
    (said,) = (d.label.en for d in doubts(old))
    assert said.startswith("a plan of version 1 does not say the protection of zones (")
    assert "the kind of devices (" in said


def test_a_plan_of_version_1_with_letters_of_its_own_is_warned_about(tmp_path: Path) -> None:
    """A zone that nobody can judge is not taken for a harmless one."""
    text = _older(_text("matsuno")).replace("layer: B,", "layer: 行政,")
    old = _planted(tmp_path, text)
    moves = plan_moves(old, ["br2:6"], "tw")
    after = apply_changes(old, [Change(1, "tw", moves, (), "test", "test", 0.0, None)])
    told = [w.en for w in policy_preview(old, after).warnings]

    assert any(
        "will open zones of which the plan does not say what they protect" in t for t in told
    )
    assert any("will open the resident-information systems" in t for t in told)


def test_a_role_that_version_1_made_up_is_read(tmp_path: Path) -> None:
    """It says nothing, so no port of that switch is moved, and the warning names it."""
    old = _planted(tmp_path, _older(_text("tiny")).replace("role: access", "role: hall-floor"))

    assert old.switch["floor"].role is None
    assert "the role of switches (floor)" in next(doubts(old)).label.en
    with pytest.raises(RefusedError, match="not an access switch"):
        plan_moves(old, ["floor:1"], "wireless")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("protection: resident, ", "", "key 'protection' is missing"),
        ("protection: resident", "protection: residents", "'residents' is not resident, lgwan"),
        ("role: access", "role: floor", "'floor' is not access, distribution"),
        ("    kind: server\n", "", "key 'kind' is missing"),
        ("kind: terminal", "kind: laptop", "'laptop' is not terminal, telephone"),
    ],
)
def test_a_word_that_is_not_closed_is_refused(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    """From version 2 on: a slip would leave a wall unwatched."""
    text = _text("tiny")
    assert old in text
    with pytest.raises(PlanError) as caught:
        _planted(tmp_path, text.replace(old, new, 1))

    assert [said in str(fault) for fault in caught.value.faults] == [True]


def test_renaming_sees_a_decision_by_letters(tmp_path: Path) -> None:
    """The comparison above can fail: other protections give other answers."""
    plan = town("tiny")
    zones = tuple(replace(z, protection=Protection.OFFICE) for z in plan.zones)
    ports = _one_of_a_kind(plan)

    assert _told(plan, ports) != _told(replace(plan, zones=zones), ports)
