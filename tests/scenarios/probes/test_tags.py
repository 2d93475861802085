"""What the gate sends at a port under tags: every wrong kind, and the right tag beside."""

from __future__ import annotations

from collections import defaultdict

import pytest

from scenarios.capture.sentinels import CONTROL_SHAPES, of_tags
from scenarios.probes.context import packet
from scenarios.probes.pairs import every_pair
from scenarios.probes.windows import CasePlan, Frame, Scope, windows
from sekisho.packet.packet import Decision
from sekisho.policy.evaluate import Policy
from tests.population import town
from tests.trunks import APP, STAFF

PLAN = town("trunk")
NOBODYS = 2


def sent(probe: str, source: str, target: str = "srv.lan") -> list[tuple[CasePlan, Frame]]:
    """Return the frames of one probe from one to another, each with its case."""
    out = []
    for window in windows(PLAN, seed=1, scope=Scope(pairs=every_pair(PLAN))):
        cases = {case.number: case for case in window.cases}
        for frame in window.frames:
            case = cases[frame.case]
            if (case.probe, case.source.id, case.target.id) == (probe, source, target):
                out.append((case, frame))
    return out


def test_a_machine_sends_every_wrong_kind_and_the_right_tag() -> None:
    """The neighbour's, nobody's, none that counts, two at once; all die at the port but its own."""
    fate: dict[tuple[str, int, int], set[str]] = defaultdict(set)
    for case, frame in sent("tags", "desk.lan"):
        f = frame.fields
        if f.eth_src == PLAN.attachment["desk.lan"].mac:
            fate[frame.shape, f.vlan, f.inner].add(case.to or str(case.drop))
    dead = {"tagged 1 at sw"}

    assert fate == {
        ("tagged", STAFF, 0): {"srv.lan"},
        ("tagged", APP, 0): dead,
        ("tagged", NOBODYS, 0): dead,
        ("tagged", 0, 0): dead,
        ("tagged-twice", STAFF, NOBODYS): dead,
        ("tagged-twice", NOBODYS, STAFF): dead,
        ("tagged-twice", 0, STAFF): dead,
        ("tagged-twice", STAFF, STAFF): dead,
    }


def test_a_machine_poses_as_its_neighbours_under_its_own_tag() -> None:
    """Behind one cable a name is worth nothing under another tag."""
    posed = {
        frame.fields.eth_src: str(case.drop)
        for case, frame in sent("tags", "desk.lan")
        if frame.fields.eth_src != PLAN.attachment["desk.lan"].mac
    }
    neighbours = {PLAN.attachment[name].mac for name in ("shop.lan", "box.lan")}

    assert posed == dict.fromkeys(neighbours, "tagged 1 at sw")


def test_without_a_tag_frames_are_put_on_the_cable_itself() -> None:
    """Past whoever sets the tag, which no machine behind it can do; they die as a stranger's."""
    ((case, frame),) = sent("untagged", "desk.lan")

    assert (case.is_bare, case.tag, frame.shape) == (True, 0, "tcp")
    assert str(case.drop) == "identity 1 at sw"
    assert sent("untagged", "box.lan") == []


@pytest.mark.parametrize("name", ["tiny", "matsuno"])
def test_a_town_without_tags_has_none_of_these(name: str) -> None:
    """Its gate is what it was."""
    probes = {case.probe for window in windows(town(name), seed=1) for case in window.cases}

    assert not probes & {"tags", "untagged"}
    assert of_tags(town(name)) == ()


def test_every_case_is_as_the_policy_says_and_its_shape_has_a_twin() -> None:
    """The policy reads each frame as it enters the port: under the tag that it gets on the way."""
    policy = Policy(PLAN)
    for window in windows(PLAN, seed=1):
        cases = {case.number: case for case in window.cases}
        for shape, fields, case in ((f.shape, f.fields, cases[f.case]) for f in window.frames):
            ruling = policy.ruling(packet(shape, fields, case.source.at, case.tag))
            to = ruling.to.id if ruling.verdict is Decision.ALLOW and ruling.to else ""

            assert (to, ruling.drop) == (case.to, case.drop)
            assert shape in (*CONTROL_SHAPES, *of_tags(PLAN))
