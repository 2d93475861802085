"""What a change would bring about, from the tables that the switches hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from scenarios.run.foresight import Foresight, exchanged
from scenarios.run.prover import Prover
from sekisho.compiler.tables import compile_town
from sekisho.errors import UsageError
from sekisho.model.changes import Change, apply_changes
from sekisho.proof.reading import read_dumps
from sekisho.resegment.validation import plan_moves
from tests.population import town
from tests.sekisho.proof.test_reading import dump
from tests.test_meaning import tables
from topologies.town import Town

PLAN = town("tiny")
_BY_HAND = (
    " cookie=0x7, duration=1.0s, table=0, n_packets=0, n_bytes=0, "
    "priority=60000,in_port=5 actions=output:1\n"
)


@pytest.fixture(name="prover")
def _prover() -> Iterator[Prover]:
    """The process ends with the test."""
    prover = Prover(is_kept=True)
    yield prover
    prover.end()


def _town(folder: Path, more: str = "") -> Town:
    """The tiny town as far as it is asked; the server room holds *more* by hand."""
    held = {s: dump(rules) + (more if s == "room" else "") for s, rules in tables("tiny").items()}
    ovs = SimpleNamespace(flows=held.__getitem__)
    return cast(Town, SimpleNamespace(plan=PLAN, folder=folder, ovs=ovs))


def test_the_rules_of_a_change_are_exchanged() -> None:
    """What is held then is what the plan after the change compiles to."""
    moves = plan_moves(PLAN, ["floor:1"], "visitor")
    after = apply_changes(PLAN, [Change(1, "visitor", moves, (), "", "", 0.0, None)])
    held = read_dumps({switch: dump(rules) for switch, rules in tables("tiny").items()})

    then, wanted = exchanged(held, PLAN, after), compile_town(after)
    assert {s: set(rules) for s, rules in then.items()} == {s: set(r) for s, r in wanted.items()}


def test_a_move_is_proved_before_it_is_made(tmp_path: Path, prover: Prover) -> None:
    """Right tables stay right; what somebody has put in by hand is told."""
    request = {"op": "foresee", "ports": ["floor:1"], "to": "visitor", "dry_run": True}
    right = Foresight(_town(tmp_path), prover)(request)["proof"]
    wrong = Foresight(_town(tmp_path, _BY_HAND), prover)(request)["proof"]

    assert (right["forbidden"], right["missing"]) == (0, 0)
    assert wrong["forbidden"] == 1
    assert "for all packets: 1 forbidden paths" in wrong["en"]


def test_a_change_that_does_not_stand_cannot_be_undone(tmp_path: Path, prover: Prover) -> None:
    """Nothing is asked of the prover then."""
    with pytest.raises(UsageError, match="change 3: there is none"):
        Foresight(_town(tmp_path), prover)({"op": "foresee", "number": 3, "by": "t"})
