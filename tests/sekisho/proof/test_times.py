"""Rules that hold at times: the tables and the meaning of one moment are proved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.run.prover import Prover
from sekisho.cli import main
from sekisho.commands.numbers import moment
from sekisho.compiler.tables import compile_town
from sekisho.model.terms import at
from sekisho.plan import load
from tests.sekisho.model.test_terms import written
from tests.sekisho.proof.test_reading import dump

_OPEN, _CLOSED = "2027-03-31 12:00", "2027-03-31 20:00"
_LIMIT_S = 300.0  # it runs when nothing else wants the processor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a town whose desk may open ssh at office hours."""
    return written(tmp_path, hours=["08:30-17:15"])


def dumps(path: Path, when: str) -> dict[str, str]:
    """Return what the switches hold at a moment."""
    return {s: dump(r) for s, r in compile_town(at(load(path), moment(when))).items()}


@pytest.mark.parametrize("when", [_OPEN, _CLOSED])
def test_each_moment_is_proved(path: Path, when: str) -> None:
    """Open or closed."""
    assert main(["prove", str(path), "--at", when]) == 0


@pytest.mark.parametrize(("when", "status"), [(_OPEN, 0), (_CLOSED, 1)])
def test_explain_asks_at_a_moment(path: Path, when: str, status: int) -> None:
    """The same packet passes at one and not at the other."""
    assert main(["explain", str(path), "pc", "srv", "tcp/22", "--at", when]) == status


@pytest.mark.parametrize(
    ("held", "when", "wrong"),
    [
        (_OPEN, _OPEN, []),
        (_CLOSED, _CLOSED, []),
        (_OPEN, _CLOSED, ["forbidden"]),  # a rule that outlived its hours
        (_CLOSED, _OPEN, ["missing"]),
    ],
)
def test_a_run_is_proved_at_its_own_moment(
    path: Path, tmp_path: Path, held: str, when: str, wrong: list[str]
) -> None:
    """The plan that the process of a check is asked about is that of the moment."""
    prover = Prover(is_kept=False)
    prover.ask(at(load(path), moment(when)), dumps(path, held), tmp_path / "log")
    found = prover.answer(_LIMIT_S)

    assert found["refused"] == ""
    assert [name for name in ("forbidden", "missing") if found[name]] == wrong


def test_a_run_folder_has_its_own_moment(path: Path, tmp_path: Path) -> None:
    """As its manifest says."""
    folder = tmp_path / "run"
    folder.mkdir()
    for switch, text in dumps(path, _CLOSED).items():
        (folder / f"{switch}.txt").write_text(text, "utf-8")
    for when, status in ((_CLOSED, 0), (_OPEN, 1)):
        said = {
            "plan": {"moment": moment(when).isoformat()},
            "hashes": {"plan": load(path).sha256},
        }
        (folder / "manifest.json").write_text(json.dumps(said), "utf-8")
        assert main(["prove", str(path), "--dumps", str(folder)]) == status
