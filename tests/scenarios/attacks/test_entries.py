"""The catalogue: nothing missing, nothing twice, and every frame can be told from every other."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import pytest

from scenarios import attacks
from scenarios.attacks import Entry, Kind, load_families
from scenarios.probes import builders
from scenarios.probes.frames import blank
from scenarios.probes.roles import RoleAssignment, Roles
from scenarios.suites.attack_cases import MAX_FRAME, finished, representative_pairs
from sekisho.openflow.pipeline import Numbers
from tests.population import town

FAMILIES = {
    **{"L2": 20, "VL": 18, "ET": 23, "AR": 13, "I4": 24, "OP": 8, "FR": 15, "TC": 24, "UD": 10},
    **{"IC": 12, "RF": 8, "TU": 21, "V6": 30, "BM": 13, "RG": 9, "PV": 18, "WL": 10, "VP": 10},
    **{"CP": 20, "DP": 12, "TM": 24, "CC": 12, "PC": 8, "EX": 4},
}
ENTRIES = load_families()
SENT = [e for e in ENTRIES if e.kind in (Kind.FRAMES, Kind.STATEFUL)]
TOWNS = ("tiny", "alpha", "matsuno")
MAY_BE_TOO_LONG = {"L2-18"}  # a jumbo frame among others


@cache
def roles(name: str, *, is_whole: bool = False) -> Roles:
    """Return the parts of the first pair of a town."""
    plan = town(name)
    source, target = representative_pairs(plan)[0]
    return RoleAssignment(plan).roles(source, target, is_whole=is_whole)


def build(one: Entry, assignment: Roles) -> list[tuple[str, bytes]]:
    """Return (sender, bytes) of everything that a recipe sends, its source ports from the first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builders, "_CLIENTS", itertools.cycle(range(20000, 60000)))
        return [finished(sendable, assignment.w.id) for sendable in one.recipe(assignment)]


@cache
def frames(one: Entry, name: str) -> list[tuple[str, bytes]]:
    """Return what a recipe sends on the first pair of a town."""
    return build(one, roles(name))


@pytest.mark.parametrize(("family", "count"), FAMILIES.items(), ids=FAMILIES)
def test_a_family_is_complete(family: str, count: int) -> None:
    """Every number of a family is there once, whether it is sent or accounted for."""
    numbers = [e.sort_key[1] for e in ENTRIES if e.family == family]

    assert numbers == list(range(1, count + 1))


@pytest.mark.parametrize("name", TOWNS)
@pytest.mark.parametrize("one", SENT, ids=lambda e: e.id)
def test_every_recipe_sends_something(one: Entry, name: str) -> None:
    """A recipe fits every town: at least one frame, each of the source or of a true terminal."""
    senders = {a.id for a in town(name).attachments}
    sent = frames(one, name)

    assert sent and {sender for sender, _ in sent} <= senders


@pytest.mark.parametrize("one", SENT, ids=lambda e: e.id)
def test_every_frame_can_be_recognised(one: Entry) -> None:
    """Every frame has a blank token in it, early enough for a capture of its first bytes."""
    early = 170  # bytes of a frame that a slot of 256 surely holds (`scenarios.capture.rx_ring`)
    late = [raw for _, raw in frames(one, "tiny") if blank() not in raw[: early + 16]]

    assert not late


@pytest.mark.parametrize("one", SENT, ids=lambda e: e.id)
def test_every_frame_fits_the_cable(one: Entry) -> None:
    """Nothing is longer than a cable takes, but what is meant to be."""
    longest = max(len(raw) for _, raw in frames(one, "tiny"))

    assert longest <= MAX_FRAME or one.id in MAY_BE_TOO_LONG


@pytest.mark.parametrize("one", SENT, ids=lambda e: e.id)
def test_the_same_cast_gets_the_same_frames(one: Entry) -> None:
    """But for source ports, which run on, a recipe is a function of its roles."""
    assert build(one, roles("tiny")) == frames(one, "tiny")


@pytest.mark.parametrize("one", SENT, ids=lambda e: e.id)
def test_a_sample_is_a_part_of_the_whole(one: Entry) -> None:
    """What runs whole sends at least as much as its sample."""
    whole = build(one, roles("tiny", is_whole=True))

    assert len(whole) >= len(frames(one, "tiny"))


def test_every_module_of_the_folder_is_a_family() -> None:
    """A family that nobody lists would be sent by no suite."""
    folder = Path(attacks.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert sorted(modules) == sorted(attacks.FAMILIES)


@pytest.mark.parametrize("name", [*TOWNS, "city"])
def test_every_tag_between_switches_is_tried_from_an_edge_port(name: str) -> None:
    """However many classes a town has, and also where only a sample of all VLANs is sent."""
    (one,) = (entry for entry in ENTRIES if entry.id == "VL-13")
    tried = {int.from_bytes(data[14:16], "big") & 0xFFF for _, data in build(one, roles(name))}

    assert set(Numbers(town(name)).tag.values()) <= tried
    assert len(tried) < 4096
