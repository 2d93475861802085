"""What a change would bring about, from the tables that the switches hold."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scenarios.run.dry_run_proof import DryRunProof, exchanged
from scenarios.run.prover import Prover
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError, UsageError
from sekisho.model.changes import Change, apply_changes
from sekisho.proof.reading import read_dumps
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import JOURNAL_FILE
from sekisho.resegment.validation import plan_moves
from tests.population import town
from tests.sekisho.proof.test_reading import dump
from tests.test_meaning import tables
from topologies.town import Town

PLAN = town("tiny")
_BEYOND_SELECT = 1100
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
    request = {"op": "prove", "ports": ["floor:1"], "to": "visitor", "dry_run": True}
    right = DryRunProof(_town(tmp_path), prover)(request)["proof"]
    wrong = DryRunProof(_town(tmp_path, _BY_HAND), prover)(request)["proof"]

    assert (right["forbidden"], right["missing"]) == (0, 0)
    assert wrong["forbidden"] == 1
    assert "for all packets: 1 forbidden paths" in wrong["en"]


def test_a_change_that_does_not_stand_cannot_be_undone(tmp_path: Path, prover: Prover) -> None:
    """Nothing is asked of the prover then."""
    with pytest.raises(UsageError, match="change 3: there is none"):
        DryRunProof(_town(tmp_path), prover)({"op": "prove", "number": 3, "by": "t"})


def test_two_who_ask_at_once_have_their_own_answers(tmp_path: Path, prover: Prover) -> None:
    """A dry run beside the proof of a re-test: each waits for its turn, none ends the other's."""
    request = {"op": "prove", "ports": ["floor:1"], "to": "visitor", "dry_run": True}
    held = {s: dump(rules) for s, rules in tables("tiny").items()}
    prover.ask(PLAN, held, tmp_path / "retest")
    with ThreadPoolExecutor() as pool:
        proved = pool.submit(DryRunProof(_town(tmp_path, _BY_HAND), prover), request)
        with pytest.raises(TimeoutError):
            proved.result(timeout=0.2)
        assert prover.answer(60.0)["forbidden"] == 0
        assert proved.result(timeout=60.0)["proof"]["forbidden"] == 1


def test_a_change_in_between_is_read_again(tmp_path: Path, prover: Prover) -> None:
    """What is proved is of one moment; a town that never rests is told."""
    town, number = _town(tmp_path), count(1)
    dumped = town.ovs.flows

    def changing(switch: str) -> str:
        change = Change(next(number), "visitor", (), ("P1",), "", "", 0.0, None)
        Journal(tmp_path / JOURNAL_FILE).add(change)
        return dumped(switch)

    cast(Any, town.ovs).flows = changing
    with pytest.raises(LabError, match="do not stand still"):
        DryRunProof(town, prover)({"op": "prove", "ports": ["floor:1"], "to": "visitor"})


def test_a_town_with_many_open_files_is_proved(tmp_path: Path, prover: Prover) -> None:
    """Each capture of a large town is an open file; `select` knows none beyond 1,023."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (hard, hard))
    here = tmp_path / "here"
    here.touch()
    with ExitStack() as files:
        files.callback(setrlimit, RLIMIT_NOFILE, (soft, hard))
        while files.enter_context(here.open("rb")).fileno() < _BEYOND_SELECT:
            pass
        prover.ask(PLAN, {s: dump(rules) for s, rules in tables("tiny").items()}, tmp_path / "log")
        assert prover.answer(60.0)["forbidden"] == 0
