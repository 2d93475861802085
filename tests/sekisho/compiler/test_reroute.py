"""Broken lines: what the controller takes from the ports; a detour is what a new plan gives."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from controller.link_state import Lines
from sekisho.compiler.reroute import rerouted
from sekisho.compiler.tables import compile_town
from sekisho.model import Plan, PortRef
from sekisho.plan import load

TOPOLOGIES = Path(__file__).parents[3] / "topologies"


@pytest.fixture(scope="module")
def matsuno() -> Plan:
    """Return the reference town."""
    return load(TOPOLOGIES / "matsuno.yaml")


def test_a_line_breaks_once_and_mends_when_both_its_ends_are_up(matsuno: Plan) -> None:
    """Both ends tell of one cut; only what changes the line is news."""
    lines, link = Lines(matsuno), matsuno.links[0]
    news = [
        lines.note(port, is_down=is_down)
        for port, is_down in ((link.a, True), (link.b, True), (link.a, False), (link.b, False))
    ]

    assert news == [link, None, None, link]
    assert lines.down == frozenset()


def test_a_port_where_no_line_ends_is_no_news(matsuno: Plan) -> None:
    """A clerk who pulls a cable moves nobody's way."""
    lines = Lines(matsuno)

    assert lines.note(PortRef("fl1", 1), is_down=True) is None
    assert lines.down == frozenset()


def test_a_detour_is_what_compiling_anew_would_give(matsuno: Plan) -> None:
    """For every line, and for pairs of lines, from whole and back again."""
    whole = compile_town(matsuno)
    cuts: list[tuple[PortRef, ...]] = [(link.a,) for link in matsuno.links]
    cuts += [(a.a, b.b) for a, b in list(combinations(matsuno.links, 2))[::67]]
    for cut in cuts:
        new = rerouted(matsuno, whole, down=cut)

        assert new == compile_town(matsuno, down=cut)
        assert rerouted(matsuno, new, down=()) == whole


def test_a_switch_that_is_not_concerned_keeps_its_very_rules(matsuno: Plan) -> None:
    """A backup line that carries nothing breaks: nothing is sent to anybody."""
    whole = compile_town(matsuno)
    backup = next(link for link in matsuno.links if link.backup)
    new = rerouted(matsuno, whole, down=(backup.a,))

    assert all(new[switch] is whole[switch] for switch in whole)
