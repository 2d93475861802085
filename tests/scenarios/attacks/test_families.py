"""The entries of the catalogue, built: each id is there, and each frame can be heard again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from types import ModuleType

import pytest

from scenarios.attacks import Entry, Kind, load_families
from scenarios.probes.frames import blank
from scenarios.probes.registry import collected
from scenarios.probes.roles import RoleAssignment
from scenarios.suites.attack_cases import representative_pairs
from sekisho.errors import RuleError
from tests.population import town

# A capture keeps 256 bytes of a frame, its own header included (`scenarios.capture.rx_ring`).
HEARD_BYTES = 190
SIZES = {"BM": 13, "CC": 12, "CP": 20, "DP": 12, "PC": 8, "PV": 18, "RG": 9, "TM": 24}
SIZES |= {"TU": 21, "V6": 30, "VP": 10, "WL": 10}


@cache
def entries() -> dict[str, Entry]:
    """Return every entry by its id."""
    return {entry.id: entry for entry in load_families()}


@pytest.mark.parametrize("family", sorted(SIZES))
def test_a_family_is_whole(family: str) -> None:
    """Numbered from 01 without a gap: what was left out would be seen."""
    found = [name for name in entries() if name.startswith(family)]

    assert found == [f"{family}-{number:02d}" for number in range(1, SIZES[family] + 1)]


@pytest.mark.parametrize("family", sorted(SIZES))
def test_every_frame_carries_its_token_where_captures_hear_it(family: str) -> None:
    """A frame whose token is cut off would be inconclusive in every run."""
    plan = town("tiny")
    source, target = representative_pairs(plan)[0]
    roles = RoleAssignment(plan).roles(source, target)
    not_receiving = Counter[str]()
    for entry in entries().values():
        if entry.family != family:
            continue
        for sendable in entry.recipe(roles):
            packet = sendable[1] if isinstance(sendable, tuple) else sendable
            raw = bytes(packet)
            raw = raw if blank() in raw else raw + blank()
            not_receiving[entry.id] += raw.index(blank()) + len(blank()) > HEARD_BYTES

    assert +not_receiving == Counter()


def test_what_is_not_sent_says_why() -> None:
    """Nothing is left out in silence, and nothing is called sent that has no frame."""
    plan = town("tiny")
    roles = RoleAssignment(plan).roles(*representative_pairs(plan)[0])
    sent = {Kind.FRAMES, Kind.STATEFUL}
    mine = [entry for entry in entries().values() if entry.family in SIZES]

    assert all(bool(list(e.recipe(roles))) == (e.kind in sent) for e in mine)
    assert all(bool(e.reason) != (e.kind in sent) for e in mine)


def test_two_entries_with_one_id_are_refused() -> None:
    """A family that takes another's number would hide it."""
    one, other = ModuleType("one"), ModuleType("other")
    first = next(iter(load_families()))
    vars(one).update(first=first, notes=(first,))
    vars(other).update(second=replace(first, name="another"))

    assert collected([one]) == (first,)
    with pytest.raises(RuleError) as caught:
        collected([one, other])

    assert str(caught.value) == f"two catalogue entries are called {first.id}"
