"""The names that a plan is checked for are those that the town gives, and fit to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.errors import PlanError
from sekisho.openflow.pipeline import CLASS_BITS
from sekisho.plan import load
from sekisho.plan.nodenames import LONGEST_INTERFACE, MOST_CLASSES, interface_names
from tests.small import server, small, terminal
from topologies.network.interface_names import interface, switch_interface, uplink
from topologies.network.topology import air_ports


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_the_names_are_those_that_the_town_gives(name: str) -> None:
    """Switch ends, uplinks, stations and hosts: the same names, each once."""
    plan = load(f"topologies/{name}.yaml")
    ends = [end for link in plan.links for end in (link.a, link.b)]
    ends += [air.at for air in plan.airs] + [a.at for a in plan.attachments if not a.air]
    given = [switch_interface(end) for end in ends]
    given += [uplink(air.id) for air in plan.airs]
    given += [f"{air.id}-eth{n}" for air in plan.airs for n in air_ports(plan, air.id)[1:]]
    given += [interface(a, plan.device[a.device]) for a in plan.attachments]

    assert sorted(each for _, each in interface_names(plan)) == sorted(given)


def test_a_class_number_has_the_room_that_the_tables_give_it() -> None:
    """Zero is nobody's."""
    assert MOST_CLASSES == (1 << CLASS_BITS) - 1


@pytest.mark.parametrize(("length", "fits"), [(8, True), (9, False)])
def test_a_port_of_three_digits_leaves_a_switch_eight_letters(
    length: int, fits: bool, tmp_path: Path
) -> None:
    """``-eth100`` has seven of the fifteen."""
    switch = "s" * length
    far = terminal(100, at=f"{switch}:100", ip="10.20.0.200", mac="02:20:00:00:00:c8")
    path = small(tmp_path, devices={"pc": terminal(1), "far": far, "srv": server(3, "web")})
    text = path.read_text("utf-8").replace('"sw"', f'"{switch}"').replace('"sw:', f'"{switch}:')
    path.write_text(text.replace('"ports": 24', '"ports": 100'), "utf-8")

    if fits:
        assert max(len(n) for _, n in interface_names(load(path))) == LONGEST_INTERFACE
    else:
        with pytest.raises(PlanError, match=r"'s{9}-eth100' has 16 letters; 15 fit"):
            load(path)
