"""The closure of "may initiate to": every way through a shared device, declared or not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from sekisho.cli import main
from sekisho.lint.stores import stores
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.policy.relay_paths import How, undeclared, ways

TOPOLOGIES = Path(__file__).parents[3] / "topologies"


@pytest.fixture(scope="module")
def tiny() -> Plan:
    """Return the smallest town."""
    return load(TOPOLOGIES / "tiny.yaml")


@pytest.fixture(scope="module")
def matsuno() -> Plan:
    """Return the reference town."""
    return load(TOPOLOGIES / "matsuno.yaml")


def with_road(plan: Plan) -> Plan:
    """Let the web server of *plan* open the register: a visitor's road through it."""
    allow = plan.clauses[0].allows[0]
    road = replace(plan.clauses[0], id="A99", allows=(replace(allow, sources=("S5",)),))
    return replace(plan, clauses=(*plan.clauses, road))


def test_a_town_where_no_server_begins_anything_has_no_ways(tiny: Plan) -> None:
    """Who reaches nobody carries nothing on."""
    assert ways(tiny) == []


def test_a_server_that_opens_the_register_is_a_way_for_whoever_opens_the_server(
    tiny: Plan,
) -> None:
    """Wi-Fi and visitors reach the web server; the wired notebook has its own permission."""
    found = ways(with_road(tiny))
    relays = {(w.source, w.through, w.destination) for w in found if w.how is How.RELAY}

    assert relays == {("S2", "www", "D1"), ("S3", "www", "D1")}


def test_a_way_names_its_rules_and_the_gravity_of_the_direct_one(tiny: Plan) -> None:
    """By which rules each half is permitted, and that the direct way must drop."""
    way = next(w for w in ways(with_road(tiny)) if w.source == "S2")

    assert (way.clauses, way.is_must_drop) == ((("A02",), ("A99",)), True)
    assert [a.id for a in way.example] == ["nb.wireless", "www.lan", "www.lan", "juki.lan"]


def test_every_way_of_the_reference_town_is_declared(matsuno: Plan) -> None:
    """Nothing leads through a shared device that nobody has written down."""
    assert [(w.source, w.through, w.destination) for w in undeclared(matsuno)] == []


def test_a_way_that_is_no_longer_declared_is_found(matsuno: Plan) -> None:
    """Take away the line about the print server, and its ways are findings."""
    less = replace(matsuno, relays=tuple(r for r in matsuno.relays if "psrv" not in r.through))

    assert {w.through for w in undeclared(less)} == {"psrv"}
    assert ("S2", "D10") in {(w.source, w.destination) for w in undeclared(less)}


def test_the_print_server_is_a_way_to_printers_and_never_to_resident_printing(
    matsuno: Plan,
) -> None:
    """Staff to printers through the shared print server; not to the resident print server."""
    reached = {w.destination for w in ways(matsuno) if w.through == "psrv"}

    assert "D10" in reached
    assert reached.isdisjoint({"D1", "D2", "D3", "D4", "D5", "D8", "D9"})


def test_the_hand_over_gateway_leads_to_no_layer(matsuno: Plan) -> None:
    """Four legs, and all that it begins is its own log and look-ups."""
    assert {w.destination for w in ways(matsuno) if w.through == "fgw"} <= {"D14", "D15"}


def test_the_wired_notebook_joins_layers_by_a_standing_exception(matsuno: Plan) -> None:
    """Every join through a notebook carries EX-01, the registers and the internet among them."""
    joins = [w for w in ways(matsuno) if w.through.startswith("nb-")]

    assert {w.how for w in joins} == {How.JOIN}
    assert {w.declared.exception for w in joins if w.declared} == {"EX-01"}
    assert ("S15", "D1") in {(w.source, w.destination) for w in joins}
    assert ("S18", "D5") in {(w.source, w.destination) for w in joins}


def test_every_declared_relay_is_a_way_that_exists(matsuno: Plan) -> None:
    """A declaration that permits nothing is a mistake in the plan."""
    said = [*(w.declared for w in ways(matsuno)), *(s.declared for s in stores(matsuno))]
    used = {relay.where for relay in said if relay}

    assert [r.where for r in matsuno.relays if r.where not in used] == []


@pytest.mark.parametrize("name", ["alpha", "city", "matsuno"])
def test_every_three_devices_are_asked(name: str) -> None:
    """Halves that are alike go together; one by one, the same ways are found."""
    plan = load(Path("topologies") / f"{name}.yaml")
    may = {
        (a.id, b.id)
        for clause in plan.clauses
        for allow in clause.allows
        for a in plan.attachments
        for b in plan.attachments
        if a.device != b.device and a.registered and b.registered
        if allow.lets(a) and allow.reaches(b) and set(b.services) & set(allow.services)
    }
    at = {a.id: a for a in plan.attachments}
    starts, ends = dict[str, list[str]](), dict[str, list[str]]()
    for one, other in may:
        starts.setdefault(at[other].device, []).append(one)
        ends.setdefault(at[one].device, []).append(other)
    expected = {
        (device, at[a].source, at[b].destination)
        for device in starts.keys() & ends.keys()
        for a in starts[device]
        for b in ends[device]
        if at[a].device != at[b].device and (a, b) not in may
    }

    found = {(w.through, w.source, w.destination) for w in ways(plan) if w.how is How.RELAY}

    assert expected
    assert found == expected


@pytest.mark.parametrize(("language", "word"), [("ja", "未申告 0"), ("en", "undeclared 0")])
def test_the_command_prints_the_table_and_the_exception_in_words(
    language: str, word: str, capsys: pytest.CaptureFixture[str], matsuno: Plan
) -> None:
    """The ways, then every standing exception with its measures, then the counts."""
    status = main(["plan", "paths", str(TOPOLOGIES / "matsuno.yaml"), "--lang", language])
    said = re.sub(r"\s+", "", capsys.readouterr().out)

    assert status == 0
    assert re.sub(r"\s+", "", matsuno.exceptions[0].measures.text(language)) in said
    assert word.replace(" ", "") in said


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_command_cuts_nothing(
    language: str, width: int, matsuno: Plan, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each entry of ``relays`` is whole, under the number that its rows bear; each kind is told."""
    monkeypatch.setenv("COLUMNS", str(width))
    main(["plan", "paths", str(TOPOLOGIES / "matsuno.yaml"), "--lang", language])
    out = capsys.readouterr().out
    said = re.sub(r"\s+", "", out)

    assert "…" not in out
    assert max(cell_len(line.rstrip()) for line in out.splitlines()[:-1]) <= width
    for number, relay in enumerate(matsuno.relays, 1):
        words = f"{number}{relay.exception}{relay.label.text(language)}({relay.where})"
        assert re.sub(r"\s+", "", words) in said
    for kind in (("中継: ", "橋渡し: ", "置き場: ") if language == "ja" else
                 ("relay: ", "join: ", "store: ")):  # fmt: skip
        assert kind in out


def test_an_undeclared_way_is_a_finding(tmp_path: Path) -> None:
    """Exit status 1, and the word in the table."""
    text = (TOPOLOGIES / "tiny.yaml").read_text("utf-8")
    road = "      - {from: [S5], to: D1, services: [https]}\n"
    anchor = "      - {from: [S1], to: D1, services: [https]}\n"
    plan = tmp_path / "road.yaml"
    plan.write_text(text.replace(anchor, anchor + road), "utf-8")

    assert main(["plan", "paths", str(plan), "--lang", "en"]) == 1


def test_an_undeclared_store_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where two who are kept apart both open a device, and nobody has written it down."""
    text = (TOPOLOGIES / "tiny.yaml").read_text("utf-8")
    plan = tmp_path / "store.yaml"
    plan.write_text(text.partition("\nrelays:\n")[0] + "\n", "utf-8")

    status = main(["plan", "paths", str(plan), "--lang", "en"])
    said = capsys.readouterr().out

    assert status == 1
    assert "ways 0, stores 2, declared 0, exceptions among them 0, undeclared 2" in said
    assert "← S3" in said
