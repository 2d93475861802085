"""What a gate makes of the proof beside it: planted faults that the proof alone sees."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from scenarios.engine.config_watch import ConfigWatch
from scenarios.run import prover as module
from scenarios.run.proof_beside import Proving, Remembered
from scenarios.run.prover import Prover
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError
from sekisho.model import Label
from sekisho.model.changes import Change, apply_changes
from sekisho.openflow.rules import Rule
from sekisho.report.reading import PROOF_FILE
from sekisho.resegment.validation import plan_moves
from tests.population import town
from tests.sekisho.proof.test_reading import dump
from tests.test_meaning import tables

PLAN = town("tiny")


def _dumps(*, without: str = "") -> dict[str, str]:
    """What the switches of the tiny town hold, but for the rules that have *without* in them."""

    def kept(rules: tuple[Rule, ...]) -> str:
        lines = dump(rules).splitlines()
        return "\n".join(line for line in lines if not without or without not in line) + "\n"

    return {switch: kept(rules) for switch, rules in tables("tiny").items()}


def _around(dumps: dict[str, str]) -> ConfigWatch:
    """What a run knows of its fabric, without a town: nothing differs, and these are the dumps."""
    out = object.__new__(ConfigWatch)
    out.differences, out.dumps = [], dumps
    return out


def _proved(folder: Path, before: dict[str, str], after: dict[str, str]) -> ConfigWatch:
    around = _around(after)
    Proving(PLAN, before, folder).end(around)
    return around


def test_right_tables_are_no_difference_and_what_was_asked_is_not_kept(tmp_path: Path) -> None:
    """The dumps stand in the run folder already."""
    around = _around(_dumps())
    proving = Proving(PLAN, _dumps(), tmp_path)
    proving.end(around)
    assert proving.peak_mb > 0
    assert around.differences == []
    assert json.loads((tmp_path / PROOF_FILE).read_text("utf-8"))["forbidden"] == 0
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["proof.log"]


def test_tables_that_are_not_the_plan_are_a_finding(tmp_path: Path) -> None:
    """Such as a compiler that forgets a rule: every other comparison agrees with it."""
    wrong = _dumps(without="nw_dst=10.10.0.21")
    (found,) = _proved(tmp_path, wrong, wrong).differences
    assert found.is_finding
    assert "promised paths missing" in found.en
    assert "届くべきで届かない経路" in found.ja


@pytest.fixture(name="remembered")
def _remembered() -> Iterator[Remembered]:
    """What is kept of a town that stays; its process ends with the test."""
    kept = Remembered()
    yield kept
    kept.end()


def test_known_tampering_never_hides_a_forbidden_path(
    tmp_path: Path, remembered: Remembered
) -> None:
    """The comparison has told of the rule itself; the proof says what the rule opens."""
    opened = {s: text + _OPENED if s == "room" else text for s, text in _dumps().items()}
    for kept in (None, remembered):
        around = _around(opened)
        around.note("before", "rule", "room", Label("計画にない規則", "a rule that is not planned"))
        Proving(PLAN, opened, tmp_path, remembered=kept).end(around)
        found = json.loads((tmp_path / PROOF_FILE).read_text("utf-8"))

        assert found["forbidden"] == 1
        assert [d.is_finding for d in around.differences] == [False, True]


def test_known_tampering_that_only_takes_away_is_told_once(tmp_path: Path) -> None:
    """A rule that is gone makes a run inconclusive; what is not served has no second finding."""
    gone = _dumps(without="nw_dst=10.10.0.21")
    around = _around(gone)
    around.note("before", "rule", "room", Label("規則がない", "a rule is missing"))
    Proving(PLAN, gone, tmp_path).end(around)

    assert [d.is_finding for d in around.differences] == [False]


def test_a_plan_that_changes_are_laid_over_is_proved_as_it_is(tmp_path: Path) -> None:
    """The tables of a moved port are right by the plan in force, and wrong by its file."""
    moves = plan_moves(PLAN, ["floor:1"], "visitor")
    moved = apply_changes(PLAN, [Change(1, "visitor", moves, (), "", "", 0.0, None)])
    held = {switch: dump(rules) for switch, rules in compile_town(moved).items()}
    for plan, wrong in ((moved, 0), (PLAN, 1)):
        around = _around(held)
        Proving(plan, held, tmp_path).end(around)

        assert len(around.differences) == wrong


def test_the_same_tables_under_the_same_plan_are_proved_once(
    tmp_path: Path, remembered: Remembered
) -> None:
    """Any other table, and any other plan, is proved anew."""
    wrong = _dumps(without="nw_dst=10.10.0.21")
    other = replace(PLAN, clauses=PLAN.clauses[:-1])
    peaks, findings = [], []
    for plan, held in ((PLAN, _dumps()), (PLAN, _dumps()), (PLAN, wrong), (other, _dumps())):
        around = _around(held)
        proving = Proving(plan, held, tmp_path, remembered=remembered)
        proving.end(around)
        peaks.append(proving.peak_mb > 0)  # a process has computed
        findings.append(len(around.differences))

    assert peaks == [True, False, True, True]
    assert findings == [0, 0, 1, 1]


def test_the_process_of_a_town_that_stays_is_kept_and_renewed(
    tmp_path: Path, remembered: Remembered
) -> None:
    """It answers for the right tables after the wrong ones, and after it was ended."""
    prover, found = remembered.prover, list[tuple[int, int]]()
    for held in (_dumps(), _dumps(without="nw_dst=10.10.0.21"), _dumps()):
        prover.ask(PLAN, held, tmp_path / "log")
        said = prover.answer(60.0)
        found.append((said["forbidden"], said["missing"]))
    prover.ask(PLAN, _dumps(), tmp_path / "log")
    prover.end()  # nobody waits for it
    prover.ask(PLAN, _dumps(), tmp_path / "log")

    assert found[0] == found[2] == (0, 0)
    assert found[1] > (0, 0)
    assert prover.answer(60.0)["forbidden"] == 0


def test_tables_that_change_meanwhile_are_not_proved(tmp_path: Path) -> None:
    """The proof is of the tables of before the first frame."""
    (found,) = _proved(tmp_path, _dumps(), _dumps(without="nw_dst=10.10.0.21")).differences
    assert not found.is_finding
    assert "not those that were read before" in found.en
    assert "最初のパケットの前" in found.ja


def test_tables_that_cannot_be_proved_are_inconclusive(tmp_path: Path) -> None:
    """And the reason is in the language of the reader."""
    odd = {s: text + _ODD for s, text in _dumps().items()}
    (found,) = _proved(tmp_path, odd, odd).differences
    assert not found.is_finding
    assert "not proved for all packets: " in found.en
    assert found.ja != found.en


def test_a_proof_that_breaks_ends_the_run_with_its_log(tmp_path: Path) -> None:
    """A plan without the switches of its lines is none."""
    proving = Proving(replace(PLAN, switches=()), _dumps(), tmp_path)
    with pytest.raises(LabError, match=r"proof\.log says why"):
        proving.end(_around(_dumps()))


def test_a_proof_is_idle_beside_the_probes_and_no_longer_when_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine with other work it would never get a turn; also where it has just begun."""
    prover, policies = Prover(is_kept=False), list[int]()

    def policy() -> int:
        return os.sched_getscheduler(prover._process.pid if prover._process is not None else 0)

    def waiting(some: list[int], timeout_s: float) -> Any:
        found = wait(some, timeout_s)
        policies.append(policy())  # the process has read its question, and answered
        return found

    monkeypatch.setattr(module, "wait", waiting)
    prover.ask(PLAN, _dumps(), tmp_path / "log")
    policies.append(policy())
    assert prover.answer(60.0)["forbidden"] == 0
    assert policies == [os.SCHED_IDLE, os.SCHED_OTHER]


_OPENED = (
    " cookie=0x7, duration=1.0s, table=0, n_packets=0, n_bytes=0, "
    "priority=60000,in_port=5 actions=output:1\n"
)
_ODD = (
    " cookie=0x7, duration=1.0s, table=0, n_packets=0, n_bytes=0, "
    "priority=900,in_port=1 actions=NORMAL\n"
)
