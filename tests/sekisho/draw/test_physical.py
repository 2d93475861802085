"""A plan as a drawing: the DOT text whole for the tiny plan, and Graphviz taking a whole town."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sekisho.draw import physical as drawing
from sekisho.draw.physical import VIEWS, draw, render
from sekisho.errors import LabError, UsageError
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.policy.matrix import matrix

TOPOLOGIES = Path(__file__).parents[3] / "topologies"
GOLDEN = Path(__file__).parent / "golden"

needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@pytest.fixture(scope="module", name="tiny")
def _tiny() -> Plan:
    return load(TOPOLOGIES / "tiny.yaml")


@pytest.fixture(scope="module", name="town")
def _town() -> Plan:
    return load(TOPOLOGIES / "matsuno.yaml")


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_the_tiny_plan(tiny: Plan, view: str, language: str, pytestconfig: pytest.Config) -> None:
    """The same plan always gives the same text; ``pytest --golden`` rewrites it."""
    golden = GOLDEN / f"tiny-{view}-{language}.dot"
    text = draw(tiny, view, language=language)
    if pytestconfig.getoption("--golden"):
        golden.write_text(text, encoding="utf-8")

    assert text == golden.read_text(encoding="utf-8")


def test_an_unknown_view_is_refused(tiny: Plan) -> None:
    """A word that names no view is said, with those that do."""
    with pytest.raises(UsageError) as caught:
        draw(tiny, "round")

    assert str(caught.value) == "there is no view 'round'\n  hint: physical or logical"


def test_the_physical_view_shows_every_host_and_line(town: Plan) -> None:
    """Nothing that is plugged in is left out, and a backup line is dashed."""
    dot = draw(town)

    assert all(re.search(rf">{re.escape(d.id)}[.<]", dot) for d in town.devices)
    assert dot.count("arrowhead=none") == len(town.links)
    assert dot.count("style=dashed") == sum(link.backup for link in town.links)


def test_the_speed_of_a_line_stands_in_the_cells_of_its_ports(town: Plan) -> None:
    """Beside a line that crosses another, two speeds would print over each other."""
    dot = draw(town)

    assert ">11<BR/>100M<BR/>3 ms</TD>" in dot
    assert dot.count("10G</TD>") == 2 * sum(link.mbps == 10_000 for link in town.links)
    assert not re.search(r" -> .*label=", dot)


def test_the_logical_view_shows_every_clause(town: Plan) -> None:
    """Each clause stands on an arrow or in a row."""
    words = set(re.findall(r"A\d\d\w?", draw(town, "logical")))

    assert words == {clause.id for clause in town.clauses}


def test_the_logical_view_lists_who_must_never_arrive(town: Plan) -> None:
    """The box of the resident systems names every class that the matrix bars from them."""
    dot = draw(town, "logical")
    box = next(line for line in dot.splitlines() if line.startswith('  "to M"'))
    barred = {s for (s, d), cell in matrix(town).items() if d == "D1" and cell.is_must_drop}

    assert set(re.findall(r"S\d+", box)) == barred


def test_a_notebook_on_wifi_meets_a_wall(town: Plan) -> None:
    """Where the wired face of a device may enter, its barred wireless face is drawn in red."""
    walls = [line for line in draw(town, "logical").splitlines() if "arrowhead=tee" in line]

    assert [line.strip().split(" [")[0] for line in walls] == ['"from tr":e -> "to M":layer:w']


@needs_graphviz
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_graphviz_takes_the_text(name: str, view: str, tmp_path: Path) -> None:
    """The drawing of every town becomes a picture, and no half-written file is left."""
    path = tmp_path / f"{name}.svg"
    render(draw(load(TOPOLOGIES / f"{name}.yaml"), view), path)

    assert "</svg>" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """A suffix that Graphviz is not asked for is said before anything starts."""
    path = tmp_path / "town.docx"
    with pytest.raises(UsageError) as caught:
        render("digraph {}", path)

    assert str(caught.value) == f"{path}: cannot draw '.docx'\n  hint: .svg, .png, .pdf"


def test_without_graphviz_the_hint_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing program is named, with the command that brings it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError) as caught:
        render("digraph {}", tmp_path / "town.svg")

    assert str(caught.value) == "dot (Graphviz) is not installed\n  hint: apt install graphviz"


@needs_graphviz
def test_what_graphviz_refuses_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    """A refusal carries Graphviz's own words; no file is left."""
    with pytest.raises(LabError, match=r"^dot ended with 1: .*syntax error"):
        render("digraph {", tmp_path / "town.svg")

    assert list(tmp_path.iterdir()) == []


def test_graphviz_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drawing that does not end is given up, and said."""

    def endless(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, drawing.TIMEOUT_S)

    monkeypatch.setattr(subprocess, "run", endless)
    with pytest.raises(LabError) as caught:
        render("digraph {}", tmp_path / "town.svg")

    assert str(caught.value) == "dot did not end within 60 s"
