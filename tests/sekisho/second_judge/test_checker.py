"""A proof that holds is taken, and every broken one is refused."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from pysat.solvers import Solver  # type: ignore[import-untyped]  # it has no types

from sekisho.second_judge.certificate import dimacs
from sekisho.second_judge.checker import BrokenError, Clause, check, main

_PIGEONS, _HOLES = 5, 4


def pigeons() -> list[Clause]:
    """Return that five pigeons sit in four holes, each alone: false, and needs every clause."""
    at = {
        (pigeon, hole): pigeon * _HOLES + hole + 1
        for pigeon in range(_PIGEONS)
        for hole in range(_HOLES)
    }
    homes = [tuple(at[pigeon, hole] for hole in range(_HOLES)) for pigeon in range(_PIGEONS)]
    apart = [
        (-at[one, hole], -at[other, hole])
        for hole in range(_HOLES)
        for one in range(_PIGEONS)
        for other in range(one)
    ]
    return [*homes, *apart]


def proved(clauses: Sequence[Clause], name: str = "cadical195") -> list[str] | None:
    """Return a solver's proof; None where the clauses can be satisfied."""
    with Solver(name=name, bootstrap_with=clauses, with_proof=True) as solver:
        return None if solver.solve() else solver.get_proof()


def is_taken(clauses: Sequence[Clause], proof: Sequence[str]) -> bool:
    """Tell whether the checker takes *proof*."""
    try:
        return check(dimacs(clauses), "".join(f"{line}\n" for line in proof)) > 0
    except BrokenError:
        return False


def test_a_proof_that_holds_is_taken() -> None:
    """With what it deletes on its way."""
    proof = proved(pigeons())

    assert proof is not None
    assert any(line.startswith("d") for line in proof)
    assert is_taken(pigeons(), proof)


def test_no_clause_of_the_formula_may_be_dropped() -> None:
    """Without any one of them the pigeons find room: no proof can hold."""
    proof, clauses = proved(pigeons()), pigeons()

    assert proof is not None
    for number in range(len(clauses)):
        assert not is_taken([*clauses[:number], *clauses[number + 1 :]], proof)


def test_a_proof_without_its_learnt_clauses_is_refused() -> None:
    """The empty clause does not follow by itself."""
    assert not is_taken(pigeons(), ["0"])


def test_a_changed_literal_is_refused() -> None:
    """A proof that says another clause does not hold, nor one that deletes another."""
    clauses, proof = [(1, 2), (-1, 2), (1, -2), (-1, -2)], ["2 0", "d 1 2 0", "0"]

    assert is_taken(clauses, proof)
    assert not is_taken([*clauses[:3], (-1, 3)], proof)
    assert not is_taken(clauses, ["3 0", *proof])
    assert not is_taken(clauses, ["2 0", "d 1 3 0", "0"])


def test_a_deleted_clause_is_not_used() -> None:
    """Once a clause is gone, nothing more follows from it."""
    assert not is_taken([(1, 2), (-1, 2), (1, -2), (-1, -2)], ["d 1 2 0", "2 0", "0"])


def test_a_proof_without_the_empty_clause_is_refused() -> None:
    """Whatever follows, it must come to an end."""
    proof = proved(pigeons())

    assert proof is not None and proof[-1] == "0"
    with pytest.raises(BrokenError, match="does not come to the empty clause"):
        check(dimacs(pigeons()), "\n".join(proof[:-1]) + "\n")


def test_a_truncated_file_is_refused() -> None:
    """Cut anywhere, a proof has no end, and a formula not as many clauses as it says."""
    cnf, proof = dimacs(pigeons()), "\n".join(proved(pigeons()) or [])
    for end in range(0, len(proof), 7):
        with pytest.raises(BrokenError):
            check(cnf, proof[:end])
    for end in range(0, len(cnf) - 2, 5):
        with pytest.raises(BrokenError):
            check(cnf[:end], proof)


@pytest.mark.parametrize(
    ("cnf", "proof", "why"),
    [
        ("", "0\n", "formula: not whole"),
        ("p cnf 1 1\n1 x 0\n", "0\n", "formula, line 2: is not of numbers alone"),
        ("p cnf 1 1\n2 0\n", "0\n", "a variable is above the number"),
        ("p cnf 1 1\np cnf 1 1\n1 0\n", "0\n", "line 2: not one heading"),
        ("p cnf 1 1\n0\n", "1 0 0\n", "proof, line 1: does not end with its one 0"),
        ("p cnf 1 1\n0\n", "d 1 0\n0\n", "proof, line 1: deletes a clause that is not there"),
    ],
)
def test_what_is_not_whole_is_refused(cnf: str, proof: str, why: str) -> None:
    """With its line, and the reason."""
    with pytest.raises(BrokenError) as refusal:
        check(cnf, proof)

    assert why in str(refusal.value)


@pytest.mark.parametrize("name", ["cadical195", "lingeling"])
def test_no_proof_of_a_formula_that_can_be_satisfied_is_taken(name: str) -> None:
    """Of small formulas drawn at random, tried by hand: exactly the false ones are proved."""
    chance, false = random.Random(3), 0
    for _ in range(150):
        clauses = [
            tuple(chance.choice((1, -1)) * v for v in chance.sample(range(1, 6), 3))
            for _ in range(chance.randint(15, 45))
        ]
        worlds = product((False, True), repeat=5)
        is_true = any(
            all(any(w[abs(x) - 1] == (x > 0) for x in c) for c in clauses) for w in worlds
        )
        proof = proved(clauses, name)
        false += not is_true
        assert (proof is None) == is_true
        assert proof is None or is_taken(clauses, proof)
        spoilt = [" ".join(str(chance.randint(-5, 5) or 1) for _ in range(2)) + " 0", "0"]
        assert not (is_true and is_taken(clauses, spoilt))

    assert 30 < false < 120


def test_it_runs_alone(tmp_path: Path) -> None:
    """As a program of two files, with an exit status; new variables may come up."""
    cnf, proof = tmp_path / "a.cnf", tmp_path / "a.drup"
    cnf.write_text("c two\np cnf 2 4\n1 2 0\n-1 2 0\n1 -2 0\n-1 -2 0\n", "ascii")
    proof.write_text("c so\n7 -7 0\n2 0\n0\n", "ascii")
    words = [sys.executable, "-m", "sekisho.second_judge.checker", str(cnf), str(proof)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (
        0,
        "VERIFIED: 3 clauses follow, the last of them is empty\n",
    )


def test_its_exit_status_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1 for a proof that does not hold, 2 for what cannot be read."""
    cnf = tmp_path / "a.cnf"
    cnf.write_text("p cnf 1 1\n1 0\n", "ascii")
    (tmp_path / "a.drup").write_text("0\n", "ascii")

    assert main([str(cnf), str(tmp_path / "a.drup")]) == 1
    assert capsys.readouterr().out == "NOT VERIFIED: proof, line 1: does not follow\n"
    assert main([str(cnf), str(tmp_path / "none")]) == 2
    assert main([str(cnf)]) == 2
