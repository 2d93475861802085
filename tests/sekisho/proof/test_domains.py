"""Numbers for addresses: every kind that rules can tell apart has its few."""

from __future__ import annotations

import random

import pytest

from sekisho.openflow.rules import Match, Move, Rule
from sekisho.proof.domains import _SPARE, _domain, domains
from tests.population import town
from tests.test_meaning import tables

_ANY: Match = ()
_WIDTH = 8


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_has_as_many_as_it_needs(seed: int) -> None:
    """All 256 addresses by kind, for any masks: four of each kind, or all of it."""
    chance = random.Random(seed)
    full = (1 << _WIDTH) - 1
    pairs = [(chance.randrange(256), chance.randrange(1, 256)) for _ in range(chance.randrange(5))]
    masked = {(value & mask, mask) for value, mask in pairs}
    known = {chance.randrange(256) for _ in range(chance.randrange(6))} | {0}
    chosen = _domain(full, known, masked).values
    kinds: dict[tuple[bool, ...], set[int]] = {}
    for value in range(256):
        if value not in known:
            kind = tuple(value & mask == under for under, mask in sorted(masked))
            kinds.setdefault(kind, set()).add(value)

    assert known <= set(chosen)
    assert len(set(chosen)) == len(chosen)
    for members in kinds.values():
        assert len(members & set(chosen)) == min(_SPARE, len(members))


def test_an_unforeseen_question_is_an_error() -> None:
    """A mask that the addresses were not chosen for cannot be asked by mistake."""
    domain = _domain(0xFF, {0, 7}, {(0x10, 0xF0)})

    assert [domain.values[code] for code in domain.codes(7, -1)] == [7]
    with pytest.raises(KeyError):
        domain.codes(8, -1 & 0xFF)
    with pytest.raises(KeyError, match="not told apart"):
        domain.codes(0x20, 0xE0)


@pytest.mark.parametrize(
    "move",
    [Move("eth_src", "eth_dst", 24), Move("reg0", "metadata", 32), Move("metadata", "reg0", 8)],
)
def test_where_addresses_are_cut_there_are_no_numbers(move: Move) -> None:
    """Then every bit stands for itself."""
    rules = {**tables("tiny"), "floor": (Rule(1, 1, _ANY, 7, (move,)),)}

    assert domains(town("tiny"), tables("tiny")).keys() >= {"eth_src", "ipv4_dst", "reg0"}
    assert domains(town("tiny"), rules) == {}
