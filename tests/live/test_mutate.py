"""A handful of faults planted in a running town: told, or decided to change nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scenarios.mutants import instrument
from sekisho.mutation.catalogue import IDS
from sekisho.plan import load
from sekisho.runtime.namespaces import launched
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 300 * SLOWER


def mutated(folder: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run ``sekisho mutate`` on the tiny town; return how it ended, and what became of all."""
    command = [sys.executable, "-m", "sekisho.cli", "mutate", "topologies/tiny.yaml"]
    done = subprocess.run(
        [*command, *words, "--out", str(folder), "--lang", "en"],
        cwd=_ROOT,
        timeout=_LIMIT_S,
        check=False,
        capture_output=True,
        text=True,
    )
    (run,) = (path for path in folder.iterdir() if path.is_dir())
    assert (run / "mutations.json").exists(), done.stdout + done.stderr
    return done, json.loads((run / "mutations.json").read_bytes())


def test_faults_in_tables_are_told_or_change_nothing(tmp_path: Path) -> None:
    """No fault survives, most are killed, and each names the probe that told it."""
    done, told = mutated(tmp_path, "--level", "flow", "--faults", "40", "--pairs", "3")
    fates = told["fates"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert {fate["fate"] for fate in fates} == {"killed", "equivalent"}
    assert sum(fate["fate"] == "killed" for fate in fates) > len(fates) / 2
    assert all(fate["by"] and fate["how"] for fate in fates)
    assert sum("+" in fate["ids"][0] for fate in fates) == 3
    assert "score 100.0 %" in done.stdout


def test_faults_beside_the_tables_are_told_too(tmp_path: Path) -> None:
    """A switch that fails open, one line of the controller's code, a host: told, or masked."""
    ids = ("M-23", "M-22", "M-32", "M20")
    done, told = mutated(tmp_path, *(f"--id={name}" for name in ids), "--faults", "2")
    fates = {fate["ids"][0]: fate for fate in told["fates"] if fate["level"] != "flow"}

    assert done.returncode == 0, done.stdout + done.stderr
    assert set(fates) == set(ids)
    assert (fates["M-23"]["fate"], fates["M-22"]["fate"]) == ("killed", "killed")
    assert fates["M-23"]["how"].startswith("leak: ")
    assert "and they died: identity" in fates["M-32"]["how"]
    assert "is not a port" in fates["M20"]["how"]


def test_a_broken_instrument_is_inconclusive(tmp_path: Path) -> None:
    """Each capture blinded in each way, and every other part: not one of them passes."""
    done, told = mutated(tmp_path, "--level", "instrument")
    fates = [fate["fate"] for fate in told["fates"]]

    assert done.returncode == 0, done.stdout + done.stderr
    assert fates == ["inconclusive"] * len(
        instrument.mutants(load(_ROOT / "topologies" / "tiny.yaml"))
    )
    assert f"{len(fates)} of {len(fates)} broken instruments were inconclusive" in done.stdout


def test_what_lies_beside_the_tables_is_told(tmp_path: Path) -> None:
    """Time-outs, groups, mirrors, cables, access points; late and unmarked frames; odd rules."""
    levels = ("fabric", "wire", "reader")
    done, told = mutated(tmp_path, *(f"--level={name}" for name in levels))
    kinds = {fate["ids"][0] for fate in told["fates"]}

    assert done.returncode == 0, done.stdout + done.stderr
    assert kinds == {name for name in IDS if name >= "N-08"}
    assert {fate["fate"] for fate in told["fates"]} == {"killed"}


def test_no_fault_is_blamed_for_what_happens_without_it(tmp_path: Path) -> None:
    """A fault that changes nothing is not told; noise that stays makes it inconclusive.

    What a host has learned from a fault is forgotten with it: that is no noise.
    """
    (tmp_path / "log").mkdir()
    plan = _ROOT / "topologies" / "tiny.yaml"
    command = [sys.executable, "-m", "tests.live.blamed", str(plan), str(tmp_path)]
    with (
        (tmp_path / "err").open("wb") as log,
        launched(["env", f"PYTHONPATH={_ROOT}", *command], folder=tmp_path, log=log) as process,
    ):
        said, _ = process.communicate(timeout=_LIMIT_S)
    assert said, (tmp_path / "err").read_text()
    told = json.loads(said)

    assert (told["quiet"], told["noisy"]) == ("equivalent", "inconclusive")
    assert told["claim"] == [True, False]
    assert told["how"].startswith("the same without the fault: overblock: ")
    assert told["control"].startswith("the town fails without a fault: ")
