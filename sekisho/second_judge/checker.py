"""``python -m sekisho.second_judge.checker CNF PROOF``: whether no values satisfy a formula.

It runs alone and knows nothing of networks: a formula in DIMACS, and a proof in DRUP, the part of
DRAT in which each new clause follows by unit propagation (Goldberg and Novikov, DATE 2003; Wetzler,
Heule and Hunt, SAT 2014). A clause follows if assuming that it is false leads to a contradiction
by clauses with one open literal alone. The proof must end with the empty clause.

Where a clause is deleted, what followed from it before stays: it followed from the formula. So a
deletion can make a proof fail, and never makes a wrong one pass.

Exit status: 0 the proof holds, 1 it does not, 2 wrong words or a file that cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

HOLDS, FAILS, WRONG = 0, 1, 2

Clause = tuple[int, ...]


class BrokenError(Exception):
    """The proof does not hold, or a file is not whole; says which line, and why."""


class Step(NamedTuple):
    """One line of a proof.

    Attributes:
        line: Its number, from 1.
        is_deletion: Whether the clause goes.
    """

    line: int
    is_deletion: bool
    clause: Clause


def formula(text: str) -> tuple[int, list[Clause]]:
    """Return the number of variables and the clauses of a formula in DIMACS.

    Raises:
        BrokenError: It is not whole.
    """
    sizes: list[int] = []
    clauses: list[Clause] = []
    literals: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0] == "c":
            continue
        if words[0] == "p":
            if sizes or len(words) != 4 or words[1] != "cnf":
                raise BrokenError(
                    f"formula, line {number}: not one heading `p cnf VARIABLES CLAUSES`"
                )
            sizes = _numbers(words[2:], f"formula, line {number}")
            continue
        for literal in _numbers(words, f"formula, line {number}"):
            if literal:
                literals.append(literal)
            else:
                clauses.append(tuple(literals))
                literals = []
    if not sizes or literals or len(clauses) != sizes[1]:
        said = sizes[1] if sizes else "no heading"
        raise BrokenError(f"formula: not whole: {len(clauses)} clauses, and it says {said}")
    if any(abs(literal) > sizes[0] for clause in clauses for literal in clause):
        raise BrokenError("formula: a variable is above the number that the heading says")
    return sizes[0], clauses


def steps(text: str) -> Iterator[Step]:
    """Yield the lines of a proof.

    Raises:
        BrokenError: One is not whole.
    """
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0] == "c":
            continue
        is_deletion = words[0] == "d"
        literals = _numbers(words[is_deletion:], f"proof, line {number}")
        if not literals or literals[-1] or 0 in literals[:-1]:
            raise BrokenError(f"proof, line {number}: does not end with its one 0")
        yield Step(number, is_deletion, tuple(literals[:-1]))


def _numbers(words: Sequence[str], where: str) -> list[int]:
    try:
        return [int(word) for word in words]
    except ValueError as error:
        raise BrokenError(f"{where}: is not of numbers alone") from error


class Clauses:
    """The clauses that hold, with two watched literals each, and what follows from them.

    Attributes:
        is_false: Whether they contradict each other already.
    """

    def __init__(self, variables: int, clauses: Iterable[Clause]) -> None:
        self.is_false = False
        self._variables = variables
        self._value = [0] * (2 * variables + 1)  # by literal; a negative one counts from the end
        self._watching: list[list[int]] = [[] for _ in range(2 * variables + 1)]
        self._clauses: list[list[int] | None] = []
        self._places: dict[Clause, list[int]] = {}
        self._trail: list[int] = []
        self._done = 0
        for clause in clauses:
            self.add(clause)

    def add(self, clause: Clause) -> None:
        """Let *clause* hold from now on."""
        if any(abs(literal) > self._variables for literal in clause):
            self._grow(max(map(abs, clause)))
        key = tuple(sorted(set(clause)))
        place = len(self._clauses)
        self._places.setdefault(key, []).append(place)
        value = self._value
        # what is not false comes first: these two are watched
        literals = sorted(key, key=lambda literal: value[literal] < 0)
        self._clauses.append(literals)
        if len(literals) > 1:
            self._watching[literals[0]].append(place)
            self._watching[literals[1]].append(place)
        if not literals or value[literals[0]] < 0:
            self.is_false = True
        elif len(literals) == 1 or value[literals[1]] < 0:
            if not value[literals[0]]:
                self._set(literals[0])
            self.is_false = self.is_false or not self._propagated()

    def delete(self, clause: Clause) -> bool:
        """Take one copy of *clause* away; tell whether there was one."""
        places = self._places.get(tuple(sorted(set(clause))))
        if not places:
            return False
        self._clauses[places.pop()] = None
        return True

    def follows(self, clause: Clause) -> bool:
        """Tell whether *clause* follows by unit propagation."""
        if self.is_false:
            return True
        kept = len(self._trail)
        does_follow = False
        for literal in clause:
            value = self._value[literal] if abs(literal) <= self._variables else 0
            if value > 0 or (abs(literal) > self._variables and -literal in clause):
                does_follow = True
                break
            if not value and abs(literal) <= self._variables:
                self._set(-literal)
        does_follow = does_follow or not self._propagated()
        for literal in self._trail[kept:]:
            self._value[literal] = self._value[-literal] = 0
        del self._trail[kept:]
        self._done = kept
        return does_follow

    def _grow(self, variables: int) -> None:
        """Make room for variables that a proof brings in: literals count from both ends."""
        old = self._variables
        more = variables - old
        self._value[old + 1 : old + 1] = [0] * (2 * more)
        self._watching[old + 1 : old + 1] = [[] for _ in range(2 * more)]
        self._variables = variables

    def _set(self, literal: int) -> None:
        self._value[literal], self._value[-literal] = 1, -1
        self._trail.append(literal)

    def _propagated(self) -> bool:
        """Set all that follows; tell whether nothing contradicts it."""
        while self._done < len(self._trail):
            literal = -self._trail[self._done]  # has become false
            self._done += 1
            if not self._moved(literal):
                self._done = len(self._trail)
                return False
        return True

    def _moved(self, literal: int) -> bool:
        """Have the clauses that watch *literal* watch another one; tell whether all could."""
        value, clauses, watching = self._value, self._clauses, self._watching
        here, kept = watching[literal], []
        for number, place in enumerate(here):
            clause = clauses[place]
            if clause is None:
                continue
            if clause[0] == literal:
                clause[0], clause[1] = clause[1], literal
            first = clause[0]
            if value[first] > 0:
                kept.append(place)
                continue
            for at in range(2, len(clause)):
                other = clause[at]
                if value[other] >= 0:
                    clause[1], clause[at] = other, literal
                    watching[other].append(place)
                    break
            else:
                kept.append(place)
                if value[first] < 0:
                    watching[literal] = kept + here[number + 1 :]
                    return False
                value[first], value[-first] = 1, -1
                self._trail.append(first)
        watching[literal] = kept
        return True


def check(cnf: str, proof: str) -> int:
    """Return how many clauses of *proof* were found to follow from the formula *cnf*.

    Raises:
        BrokenError: One does not, or the proof has no empty clause, or a file is not whole.
    """
    variables, given = formula(cnf)
    clauses, count = Clauses(variables, given), 0
    for step in steps(proof):
        if step.is_deletion:
            if not clauses.delete(step.clause):
                raise BrokenError(f"proof, line {step.line}: deletes a clause that is not there")
            continue
        if not clauses.follows(step.clause):
            raise BrokenError(f"proof, line {step.line}: does not follow")
        count += 1
        if not step.clause:
            return count
        clauses.add(step.clause)
    raise BrokenError("proof: does not come to the empty clause")


def main(words: Sequence[str]) -> int:
    """Check a proof, and say what came of it."""
    if len(words) != 2:
        sys.stderr.write("usage: python -m sekisho.second_judge.checker CNF PROOF\n")
        return WRONG
    try:
        cnf, proof = (Path(word).read_text("ascii") for word in words)
        count = check(cnf, proof)
    except (OSError, UnicodeError) as error:
        sys.stderr.write(f"cannot be read: {error}\n")
        return WRONG
    except BrokenError as error:
        sys.stdout.write(f"NOT VERIFIED: {error}\n")
        return FAILS
    sys.stdout.write(f"VERIFIED: {count} clauses follow, the last of them is empty\n")
    return HOLDS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
