"""Wide tables on a terminal of 80 columns: nothing is dropped, least of all in silence."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from sekisho.commands.mutate import _table
from sekisho.draw.plan_tables import matrix_table, show
from sekisho.mutation.catalogue import IDS
from sekisho.plan import load
from sekisho.report import terminal
from sekisho.report.manifest import Named
from sekisho.report.reading import read
from sekisho.text.columns import blocks, is_upright
from tests import small as made
from tests.sekisho.report.fake_run import write_run

MATSUNO = load(Path(__file__).parents[3] / "topologies" / "matsuno.yaml")


def _shown(what: RenderableType, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(what)
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("room", [3, 8, 40, 200])
def test_each_column_is_in_one_block_and_each_block_fits(room: int) -> None:
    """In their order; one that is wider than the room stands alone."""
    widths = [2, 3, 1, 30, 2, 2, 4]
    found = list(blocks(widths, room))

    assert [n for block in found for n in block] == list(range(7))
    assert all(sum(widths[n] + 1 for n in b) <= max(room, 31) for b in found)
    assert all(len(b) == 1 for b in found if sum(widths[n] + 1 for n in b) > room)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_matrix_of_34_destinations_loses_none_at_80_columns(
    tmp_path: Path, language: str
) -> None:
    """Every row has a sign for each, and a name that tells S1 from S10."""
    record = read(write_run(tmp_path, number=400, whole=True))
    plan = record.manifest.plan
    more = tuple(Named(f"X{n}", d.label) for n, d in enumerate(plan.destinations))
    wide = replace(plan, destinations=(*plan.destinations, *more))
    record = replace(record, manifest=replace(record.manifest, plan=wide))
    lines = _shown(terminal.render(record, language=language, width=80))
    rows = [line for line in lines if line.startswith("S") and line[1:2].isdigit()]
    signs: dict[str, int] = {}
    for row in rows:
        name = row.split(" ", 1)[0]
        signs[name] = signs.get(name, 0) + sum(sign in "○×△◇－" for sign in row)

    assert set(signs) == {f"S{n}" for n in range(1, 24)}
    assert set(signs.values()) == {34}
    assert max(map(cell_len, lines)) <= 80


@pytest.mark.parametrize("width", [40, 60, 80])
def test_plan_show_loses_no_column(width: int) -> None:
    """However narrow the terminal is."""
    lines = _shown(matrix_table(MATSUNO, width=width), width)
    signs: dict[str, int] = {}
    for row in (line for line in lines if line[:1] == "S" and line[1:2].isdigit()):
        name = row.split(" ", 1)[0]
        signs[name] = signs.get(name, 0) + sum(sign in "○×－PE" for sign in row[6:])

    assert len(signs) == 23
    assert min(signs.values()) >= 17


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_headings_of_mutate_are_whole_at_80_columns(language: str) -> None:
    """Also beside the longest name of a fault."""
    fates = [
        {"level": "flow", "fate": "killed", "ids": [name]} for name in IDS if name[1:2] in "-0"
    ]
    heads = _shown(_table(fates, {}, language))[0].split()

    assert len(heads) == 4
    assert not any("…" in head for head in heads)


def test_headings_lie_where_that_takes_no_more_tables() -> None:
    """A letter a line is hard to read: D10 beside D11."""
    assert not is_upright(["D1", "D10"], [1, 1], 8)
    assert is_upright(["D1", "D10"], [1, 1], 6)
    assert "D10 D11" in "\n".join(_shown(matrix_table(MATSUNO, width=60), 60))


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [60, 80, 120, 132])
def test_no_id_is_broken_by_long_names(width: int, language: str, tmp_path: Path) -> None:
    """Ports, attachments, addresses and services stay whole, and so can be looked for."""
    names = {"label": {"ja": "とても長い名前の機器", "en": "A very long name of a device"}}
    ports = ["GigabitEthernet1/0/1-48"]
    switches = {"swswswsws": {**names, "site": "hall", "role": "access", "ports": ports}}
    devices = {
        "terminal-1": made.terminal(1) | names,
        "server-123": made.server(3, "web", "many") | names,
    }
    for n, device in enumerate(devices.values(), 1):
        device.update(names)
        device["attachments"]["lan"]["at"] = f"swswswsws:GigabitEthernet1/0/{n * 9}"
    services = {
        "web": made.service([443], "https"),
        "many": made.service(list(range(9000, 9020)), "http"),
    }
    own = {"switches": switches, "devices": devices, "services": services}
    plan = load(made.small(tmp_path, **own, policy=[made.clause("A01", "web", "many")]))
    shown = show(plan, language=language, width=width, hosts=True, rules=True)
    lines = _shown(shown, width)
    words = " ".join(lines).split()

    assert max(map(cell_len, lines)) <= width
    for a in plan.attachments:
        assert {a.id, str(a.at), f"{a.ip}/24", a.mac, str(plan.gateway(a))} <= set(words)
    assert {"tcp/443", "A01", "9019"} <= set(words)
