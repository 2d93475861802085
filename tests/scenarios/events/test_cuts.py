"""Which lines `sekisho chaos` cuts: all that have a way around, with streams that take them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.events import link_failures
from scenarios.events.stream_selection import StreamBuilder, stream_targets
from scenarios.events.trial import Event, EventTrial
from sekisho.model import Link, Plan
from sekisho.plan import load
from tests.small import leg, server, small, terminal

TOPOLOGIES = Path(__file__).parents[3] / "topologies"
PLANS = [load(path) for path in sorted(TOPOLOGIES.glob("*.yaml")) if not path.is_symlink()]


class _Actors(EventTrial):
    """A trial without a town: what events choose their streams with."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.stream_targets = plan, stream_targets(plan)
        self.maker = StreamBuilder(plan, run=1, length=2)
        self.base = [
            stream
            for stream_target in self.stream_targets
            for stream in self.maker.of_target(stream_target)
        ]


def _cuts(plan: Plan) -> dict[str, Event]:
    return {e.id: e for e in link_failures.events(plan) if e.id.startswith("line-cut:")}


def _main(plan: Plan) -> list[Link]:
    return [link for link in plan.links if not link.backup]


def test_a_plan_that_marks_no_denial_has_those_who_may_and_may_not(tmp_path: Path) -> None:
    """Whom no rule names may not: the events of such a town are played with him."""
    device = {**server(4, "web"), "attachments": {"lan": leg(4, "staff", "S3", "D2")}}
    devices = {"pc": terminal(1), "other": device, "srv": server(3, "web")}
    sources = {name: {"label": {"ja": name, "en": name}} for name in ("S1", "S2", "S3")}

    (stream_target,) = stream_targets(load(small(tmp_path, devices=devices, sources=sources)))

    assert (stream_target.permitted.id, stream_target.target.id) == ("pc.lan", "srv.lan")
    assert stream_target.forbidden.id == "other.lan"


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_each_main_line_has_its_cut(plan: Plan) -> None:
    """Also one that no stream of the other events takes."""
    assert set(_cuts(plan)) == {f"line-cut:{link_failures.name(link)}" for link in _main(plan)}


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_each_line_with_a_way_around_is_cut_under_a_permitted_and_a_forbidden_stream(
    plan: Plan,
) -> None:
    """Both go over it, so that the cut is felt; where nobody goes over it, that is said."""
    ways = link_failures._Ways(plan)
    for link in _main(plan):
        event, trial = _cuts(plan)[f"line-cut:{link_failures.name(link)}"], _Actors(plan)
        if why := event.skip(plan):
            has_way = link_failures.has_way_around(plan, link)
            assert why.en.startswith("nobody may open" if has_way else "no other line")
            continue
        streams = [*trial.base, *event.extra(trial)]
        over = [
            stream
            for stream in streams
            for asked, _ in stream.asks
            if link in ways.between(stream.source.at.switch, plan.attachment[asked].at.switch)
        ]

        assert {stream.is_forbidden for stream in over} == {True, False}, event.id
