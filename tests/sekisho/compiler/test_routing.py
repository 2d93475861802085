"""The ways between switches: one shortest way, the same there and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.compiler.routing import edge_ports, has_way_around, next_hops, trunk_ports
from sekisho.model import Label, Link, Plan, PortRef, Switch
from tests.population import TOWNS, town

NAME = Label("", "")


def fabric(*links: tuple[str, str], backup: tuple[int, ...] = ()) -> Plan:
    """Return a plan with nothing but switches and *links* between them, in this order."""
    names = sorted({name for link in links for name in link})
    switches = tuple(Switch(n, NAME, "", None, 99, d, "") for d, n in enumerate(names, 1))
    lines = tuple(
        Link(PortRef(a, number), PortRef(b, number), None, 0.0, 0.0, number in backup, NAME, "")
        for number, (a, b) in enumerate(links, 1)
    )
    return replace(town("tiny"), switches=switches, links=lines, devices=(), airs=())


def way(plan: Plan, a: str, b: str, down: tuple[PortRef, ...] = ()) -> list[str]:
    """Follow next hops from *a* to *b*."""
    peer = {link.a: link.b.switch for link in plan.links}
    peer |= {link.b: link.a.switch for link in plan.links}
    out = [a]
    while out[-1] != b:
        out.append(peer[next_hops(plan, out[-1], down=down)[b]])
        assert len(out) <= len(plan.switches), "a loop"
    return out


def test_the_ports_of_a_switch() -> None:
    """A port leads to another switch, to devices, or to nobody."""
    plan = town("tiny")

    assert (trunk_ports(plan, "floor"), edge_ports(plan, "floor")) == ((8,), (1, 2, 3))


def test_a_backup_line_is_taken_only_when_the_main_one_is_down() -> None:
    """Three main lines are better than one backup line."""
    plan = fabric(("a", "d"), ("a", "b"), ("b", "c"), ("c", "d"), backup=(1,))

    assert way(plan, "a", "d") == ["a", "b", "c", "d"]
    assert way(plan, "a", "d", down=(PortRef("b", 3),)) == ["a", "d"]


def test_the_earlier_line_of_the_plan_wins_a_tie() -> None:
    """Two equal ways: the plan's order decides, so the same plan gives the same ways."""
    assert way(fabric(("a", "b"), ("b", "d"), ("a", "c"), ("c", "d")), "a", "d") == ["a", "b", "d"]


def test_a_reply_takes_the_same_way_back() -> None:
    """Each switch tracks conversations itself: one that saw only half would drop the other."""
    plan = fabric(("a", "b"), ("a", "c"), ("c", "d"), ("b", "d"))

    assert way(plan, "a", "d") == way(plan, "d", "a")[::-1]


@st.composite
def fabrics(draw: st.DrawFn) -> tuple[Plan, tuple[PortRef, ...]]:
    """Draw a connected fabric with loops, and a broken line that does not split it."""
    names = "abcdef"[: draw(st.integers(2, 6))]
    tree = [(draw(st.sampled_from(names[:n])), names[n]) for n in range(1, len(names))]
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(names))
    extra = draw(st.lists(pairs.filter(lambda p: p[0] != p[1]), max_size=6))
    links = draw(st.permutations([*tree, *extra]))
    kept = {tuple(x) for x in tree}
    spare = [n for n, link in enumerate(links, 1) if link not in kept]
    backup = tuple(draw(st.lists(st.sampled_from(spare), unique=True)) if spare else ())
    down = draw(st.lists(st.sampled_from(spare), max_size=1)) if spare else []
    return fabric(*links, backup=backup), tuple(PortRef(links[n - 1][0], n) for n in down)


@settings(deadline=None)
@given(fabrics())
def test_every_way_ends_and_is_its_own_way_back(drawn: tuple[Plan, tuple[PortRef, ...]]) -> None:
    """In any fabric, whatever is down: no loops, and there and back meet the same switches."""
    plan, down = drawn
    pairs = [(a.id, b.id) for a in plan.switches for b in plan.switches]

    assert all(way(plan, a, b, down) == way(plan, b, a, down)[::-1] for a, b in pairs)


@pytest.mark.parametrize("name", TOWNS)
def test_the_towns_that_ship_are_connected(name: str) -> None:
    """From every switch a way leads to every other."""
    plan = town(name)

    assert all(len(next_hops(plan, s.id)) == len(plan.switches) - 1 for s in plan.switches)


def test_a_way_around_may_lead_over_other_sites() -> None:
    """The line of a branch is spare where another branch has a line to it; a dead end is not."""
    plan = town("city")
    spare = {
        str(link.a) for link in plan.links if not link.backup and has_way_around(plan, (link,))
    }

    assert {"c1:4", "kita-1:23", "c1:5", "hon-f2:46"} <= spare
    assert spare.isdisjoint({"tosho-1:23", "shobo-1:22", "c1:26"})
