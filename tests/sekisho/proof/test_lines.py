"""With lines down: the tables that the controller would bring about are proved as well."""

from __future__ import annotations

import pytest

from sekisho.cli import main
from sekisho.compiler.reroute import rerouted
from sekisho.compiler.routing import ends_of, has_way_around
from sekisho.compiler.tables import compile_town
from sekisho.model import PortRef
from sekisho.proof.verdict import Cut, Tables, Wrong, prove_cuts
from sekisho.proof.witness import Walker
from tests.population import town


def cases(name: str) -> dict[Cut, Tables]:
    """Return the tables of a town, whole and with each line down that has a way around."""
    plan, tables = town(name), compile_town(town(name))
    downs = [ends_of([link]) for link in plan.links if has_way_around(plan, [link])]
    return {(): tables, **{down: rerouted(plan, tables, down=down) for down in downs}}


@pytest.mark.parametrize(("name", "lines"), [("alpha", 3), ("matsuno", 22)])
def test_every_way_around_is_proved(name: str, lines: int) -> None:
    """Nothing forbidden arrives by it, and everything promised does."""
    proofs = prove_cuts(town(name), cases(name))

    assert len(proofs) == lines + 1
    assert [proof.differences for proof in proofs.values()] == [()] * (lines + 1)


def test_tables_that_ignore_a_dead_line_are_found() -> None:
    """What was promised goes into it and is lost; the packet shows where."""
    plan, (whole, *cut) = town("alpha"), cases("alpha").items()
    down, (_, tables) = cut[0][0], whole
    (proof,) = prove_cuts(plan, {down: tables}).values()
    walker = Walker(plan, tables, down)

    assert {each.wrong for each in proof.differences} == {Wrong.MISSING}
    for difference in proof.differences:
        walk = walker.shown(difference)
        assert PortRef(walk.steps[-1].at.switch, walk.steps[-1].out[0]) in down


def test_the_command_says_how_many_ways_it_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line of its own."""
    assert main(["prove", "topologies/alpha.yaml", "--lines", "1", "--lang", "en"]) == 0
    said = capsys.readouterr().out

    assert "3 ways to cut up to 1 lines that have a way around: 0 forbidden paths, 0 prom" in said


def test_lines_and_dumps_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Switches with a line down hold other tables."""
    words = ["prove", "topologies/tiny.yaml", "--lines", "1", "--dumps", "."]

    assert main(["--lang", "en", *words]) == 2
    assert "--lines and --dumps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--running", "topologies/tiny.yaml"], "--running and a plan (topologies/tiny.yaml)"),
        (["--running", "--lines", "1"], "--running and --lines cannot go together"),
        (["--running", "--dumps", "."], "--running and --dumps cannot go together"),
        (["--running", "--at", "2027-03-31 17:00"], "--running and --at cannot go together"),
        (["--town", "runs/latest"], "--town is for --running alone"),
        (["--running", "--town", "/nowhere"], "/nowhere: no town is running there"),
    ],
)
def test_a_running_town_has_its_own_plan_lines_and_moment(
    words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it holds now is proved against what is in force there now."""
    assert main(["--lang", "en", "prove", *words]) == 2
    assert why in capsys.readouterr().err
