"""Which lines `sekisho disturb` cuts: all that have a way around, with streams that take them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.events import lines
from scenarios.events.choose import Maker, trios
from scenarios.events.scene import Event, Scene
from sekisho.model import Link, Plan
from sekisho.plan import load

TOPOLOGIES = Path(__file__).parents[1] / "topologies"
PLANS = [load(path) for path in sorted(TOPOLOGIES.glob("*.yaml")) if not path.is_symlink()]


class _Actors(Scene):
    """A scene without a town: what events choose their streams with."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.trios = plan, trios(plan)
        self.maker = Maker(plan, run=1, length=2)
        self.base = [stream for trio in self.trios for stream in self.maker.of_trio(trio)]


def _cuts(plan: Plan) -> dict[str, Event]:
    return {e.id: e for e in lines.events(plan) if e.id.startswith("line-cut:")}


def _main(plan: Plan) -> list[Link]:
    return [link for link in plan.links if not link.backup]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_each_main_line_has_its_cut(plan: Plan) -> None:
    """Also one that no stream of the other events takes."""
    assert set(_cuts(plan)) == {f"line-cut:{lines.name(link)}" for link in _main(plan)}


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_each_line_with_a_way_around_is_cut_under_a_permitted_and_a_forbidden_stream(
    plan: Plan,
) -> None:
    """Both go over it, so that the cut is felt; where nobody goes over it, that is said."""
    ways = lines._Ways(plan)
    for link in _main(plan):
        event, scene = _cuts(plan)[f"line-cut:{lines.name(link)}"], _Actors(plan)
        if why := event.skip(plan):
            has_way = lines.has_way_around(plan, link)
            assert why.en.startswith("nobody may open" if has_way else "no other line")
            continue
        streams = [*scene.base, *event.extra(scene)]
        over = [
            stream
            for stream in streams
            for asked, _ in stream.asks
            if link in ways.between(stream.source.at.switch, plan.attachment[asked].at.switch)
        ]

        assert {stream.is_forbidden for stream in over} == {True, False}, event.id
