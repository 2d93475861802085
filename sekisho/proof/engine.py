"""Sets of bit strings as decision diagrams: the one module that knows a library for them.

A set is a value of the library's own, with ``&``, ``|``, ``~`` and ``==``. Everything else that
the proof needs is in `Engine`. There are two of them that share no code: `OxiDD`, the one that is
used, and `Cudd`, with which the tests come to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from sekisho.errors import LabError

#: A set of bit strings. The libraries have no common type.
Set = Any
#: How many nodes there may be: 16 bytes each, and as much again for what was computed.
SMALL, LARGE = 1 << 20, 1 << 25


class Engine(Protocol):
    """What a library must offer; variables are numbered from 0, in their order."""

    true: Set
    false: Set

    def var(self, number: int) -> Set:
        """Return all strings whose bit *number* is 1."""

    def without(self, of: Set, numbers: Set) -> Set:
        """Return *of* with the bits of the cube *numbers* free."""

    def replace(self, of: Set, by: Mapping[int, Set]) -> Set:
        """Return *of* with the value of each of these bits asked of a set in its place."""

    def pick(self, of: Set) -> dict[int, bool]:
        """Return one string of *of*, which is not empty: the bits that matter."""

    def size(self, of: Set) -> int:
        """Return how many nodes *of* has."""


class OxiDD:
    """The engine that is used: OxiDD's diagrams with complemented edges."""

    def __init__(self, variables: int, nodes: int) -> None:
        library = import_module("oxidd.bcdd")
        self._function = library.BCDDFunction
        self._by: dict[tuple[tuple[int, Set], ...], Any] = {}
        manager = library.BCDDManager(nodes, nodes >> 2, 1)
        manager.add_vars(variables)
        self.true, self.false = manager.true(), manager.false()
        self._vars = [manager.var(number) for number in range(variables)]

    def var(self, number: int) -> Set:
        """Return all strings whose bit *number* is 1."""
        return self._vars[number]

    def without(self, of: Set, numbers: Set) -> Set:
        """Return *of* with the bits of the cube *numbers* free."""
        return of.exists(numbers)

    def replace(self, of: Set, by: Mapping[int, Set]) -> Set:
        """Return *of* with the value of each of these bits asked of a set in its place."""
        key = tuple(by.items())
        if key not in self._by:  # the library remembers what it did with each
            self._by[key] = self._function.make_substitution(list(key))
        return of.substitute(self._by[key])

    def pick(self, of: Set) -> dict[int, bool]:
        """Return one string of *of*, which is not empty: the bits that matter."""
        bits = of.pick_cube()
        assert bits is not None, "nothing to pick"
        return {number: bit for number, bit in enumerate(bits) if bit is not None}

    def size(self, of: Set) -> int:
        """Return how many nodes *of* has."""
        return int(of.node_count())


class Cudd:
    """The second engine: CUDD's diagrams, in the order that they are given."""

    def __init__(self, variables: int, nodes: int) -> None:
        del nodes  # it grows by itself
        self._all = import_module("dd.cudd").BDD()
        self._all.configure(reordering=False)
        names = [f"v{number}" for number in range(variables)]
        self._all.declare(*names)
        self.true, self.false = self._all.true, self._all.false
        self._vars = [self._all.var(name) for name in names]

    def var(self, number: int) -> Set:
        """Return all strings whose bit *number* is 1."""
        return self._vars[number]

    def without(self, of: Set, numbers: Set) -> Set:
        """Return *of* with the bits of the cube *numbers* free."""
        return self._all.exist(self._all.support(numbers), of)

    def replace(self, of: Set, by: Mapping[int, Set]) -> Set:
        """Return *of* with the value of each of these bits asked of a set in its place."""
        return self._all.let({f"v{number}": new for number, new in by.items()}, of)

    def pick(self, of: Set) -> dict[int, bool]:
        """Return one string of *of*, which is not empty: the bits that matter."""
        bits = self._all.pick(of)
        assert bits is not None, "nothing to pick"
        return {int(name[1:]): bool(bit) for name, bit in bits.items()}

    def size(self, of: Set) -> int:
        """Return how many nodes *of* has."""
        return len(of)


def union(of: Engine, sets: Sequence[Set]) -> Set:
    """Return everything that is in any of *sets*, taken together half by half."""
    if not sets[1:]:
        return sets[0] if sets else of.false
    middle = len(sets) // 2
    return union(of, sets[:middle]) | union(of, sets[middle:])


ENGINES: dict[str, type[OxiDD] | type[Cudd]] = {"oxidd": OxiDD, "cudd": Cudd}


def engine(name: str, variables: int, nodes: int) -> Engine:
    """Return the engine *name* with this many variables, for at most this many nodes.

    Raises:
        LabError: Its library is not installed.
    """
    try:
        return ENGINES[name](variables, nodes)
    except ImportError as error:
        raise LabError(
            f"the engine {name} of the proof is not installed: {error}\n  hint: make setup"
        ) from error


def cube(of: Engine, bits: Iterable[tuple[int, bool]]) -> Set:
    """Return all strings with exactly these bits, made from the deepest variable up."""
    out = of.true
    for number, bit in sorted(bits, reverse=True):
        out = (of.var(number) if bit else ~of.var(number)) & out
    return out
