"""Truths and numbers in variables: the one module that knows z3.

A truth is a ``bool`` or an expression of z3, a number an ``int`` or one: what is known already is
never handed to z3. z3 is imported by name at run time, since not everybody has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from sekisho.errors import LabError

#: A ``bool``, or an expression of z3.
Truth = Any
#: An ``int``, or an expression of z3.
Number = Any
#: Numbers that hold where their truth does; no two truths hold at once.
Choice = Sequence[tuple[Truth, Number]]


@cache
def library() -> Any:
    """Return z3.

    Raises:
        LabError: It is not installed.
    """
    try:
        return import_module("z3")
    except ImportError as error:
        raise LabError(
            f"the second judge is not installed: {error}\n  hint: pip install 'sekisho[judge]'"
        ) from error


def variable(name: str, bits: int) -> Number:
    """Return a number of so many bits that is not known."""
    return library().BitVec(name, bits)


def flag(name: str) -> Truth:
    """Return a truth that is not known."""
    return library().Bool(name)


def both(*parts: Truth) -> Truth:
    """Return whether all *parts* hold."""
    return every(parts)


def every(parts: Iterable[Truth]) -> Truth:
    """Return whether all *parts* hold."""
    open_parts = []
    for part in parts:
        if part is False:
            return False
        if part is not True:
            open_parts.append(part)
    if len(open_parts) < 2:
        return open_parts[0] if open_parts else True
    return library().And(open_parts)


def some(parts: Iterable[Truth]) -> Truth:
    """Return whether any of *parts* holds."""
    open_parts = []
    for part in parts:
        if part is True:
            return True
        if part is not False:
            open_parts.append(part)
    if len(open_parts) < 2:
        return open_parts[0] if open_parts else False
    return library().Or(open_parts)


def no(part: Truth) -> Truth:
    """Return whether *part* does not hold."""
    return not part if isinstance(part, bool) else library().Not(part)


def is_value(number: Number, value: int, mask: int, bits: int) -> Truth:
    """Return whether *number*, of so many bits, has *value* under *mask*."""
    full = (1 << bits) - 1
    if value & mask & ~full:  # bits that are always 0
        return False
    mask, value = mask & full, value & mask & full
    if isinstance(number, int):
        return number & mask == value
    if not mask:
        return True
    if mask == full:
        return number == value
    low = (mask & -mask).bit_length() - 1
    high = mask.bit_length() - 1
    if mask == (1 << high + 1) - (1 << low):
        return library().Extract(high, low, number) == value >> low
    return (number & mask) == value


def same(one: Number, other: Number) -> Truth:
    """Return whether two numbers, or two truths, are the same."""
    if is_one(one, other):
        return True
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    return other == one if isinstance(one, int) else one == other


def is_one(one: Number, other: Number) -> bool:
    """Tell whether two numbers are one and the same expression."""
    if isinstance(one, int) or isinstance(other, int):
        return type(one) is type(other) and bool(one == other)
    return bool(one.eq(other))


def at_least(number: Number, value: int) -> Truth:
    """Return whether *number* is *value* or more, without a sign."""
    if isinstance(number, int):
        return number >= value
    return library().UGE(number, value)


def at_most(number: Number, value: int) -> Truth:
    """Return whether *number* is *value* or less, without a sign."""
    if isinstance(number, int):
        return number <= value
    return library().ULE(number, value)


def less_one(number: Number) -> Number:
    """Return *number* less one; it is not 0."""
    return number - 1


def moved(source: Number, first: int, bits: int, target: Number, widths: tuple[int, int]) -> Number:
    """Return *target* with so many bits of *source*, from *first* on, in its lowest place.

    Args:
        source: What is copied.
        first: The lowest bit of it.
        bits: How many.
        target: What is written.
        widths: Bits of source and target.
    """
    wide, narrow = widths
    mask = (1 << bits) - 1
    if isinstance(source, int) and isinstance(target, int):
        return target & ~mask | source >> first & mask
    z3 = library()
    whole = z3.BitVecVal(source, wide) if isinstance(source, int) else source
    part = z3.Extract(first + bits - 1, first, whole) if bits < wide else whole
    if bits == narrow:
        return part
    rest = z3.BitVecVal(target, narrow) if isinstance(target, int) else target
    return z3.Concat(z3.Extract(narrow - 1, bits, rest), part)


def chosen(choice: Choice, bits: int) -> Number:
    """Return the number whose truth holds; any, where none does. For truths, *bits* is 0."""
    by: dict[object, tuple[list[Truth], Number]] = {}
    for truth, number in choice:
        key = number if isinstance(number, int) else ("z3", number.get_id())
        by.setdefault((type(number), key), ([], number))[0].append(truth)
    return _halved([(some(truths), number) for truths, number in by.values()], bits)


def _halved(choice: Choice, bits: int) -> Number:
    if len(choice) == 1:
        return choice[0][1]
    middle = len(choice) // 2
    first, second = _halved(choice[:middle], bits), _halved(choice[middle:], bits)
    when = some(truth for truth, _ in choice[:middle])
    if isinstance(when, bool):
        return first if when else second
    z3 = library()
    if bits:
        first, second = (z3.BitVecVal(n, bits) if isinstance(n, int) else n
                         for n in (first, second))  # fmt: skip
    return z3.If(when, first, second)


def replaced(truth: Truth, pairs: Sequence[tuple[Number, int]], bits: int) -> Truth:
    """Return *truth* with variables of so many bits replaced by values."""
    if isinstance(truth, bool):
        return truth
    z3 = library()
    out = z3.simplify(z3.substitute(truth, *((v, z3.BitVecVal(n, bits)) for v, n in pairs)))
    return bool(z3.is_true(out)) if z3.is_true(out) or z3.is_false(out) else out


def clauses(truths: Iterable[Truth]) -> list[tuple[int, ...]]:
    """Return clauses that can be satisfied if, and only if, all *truths* may hold at once.

    Variables have the numbers 1, 2, 3 and so on; one empty clause says that they never do.
    """
    z3, whole = library(), every(truths)
    if isinstance(whole, bool):
        return [] if whole else [()]
    goal = z3.Goal()
    goal.add(whole)
    (found,) = z3.Then("simplify", "propagate-values", "bit-blast", "tseitin-cnf")(goal)
    numbers: dict[int, int] = {}
    out = []
    for line in found.dimacs(False).splitlines():
        if not line.startswith(("p", "c")):
            literals = [int(word) for word in line.split()[:-1]]
            known = [numbers.setdefault(abs(one), len(numbers) + 1) for one in literals]
            signed = zip(literals, known, strict=True)
            out.append(tuple(number if one > 0 else -number for one, number in signed))
    return out


class Asking:
    """One question: whether some truths may hold at once.

    Each has a solver of its own. One that keeps every question that it was ever asked must decide
    them all for each answer, and is ten times slower.
    """

    def __init__(self, *truths: Truth) -> None:
        self._solver = library().SolverFor("QF_FD")  # bits, and nothing but bits
        self.add(*truths)

    def add(self, *truths: Truth) -> None:
        """Ask that these hold as well."""
        self._solver.add(*truths)

    def may(self) -> bool:
        """Tell whether everything may hold at once.

        Raises:
            LabError: z3 does not know.
        """
        found = str(self._solver.check())
        if found == "unknown":
            raise LabError("z3 does not know whether there is such a packet")
        return found == "sat"

    def value(self, number: Number) -> int:
        """Return what *number* is in the answer that was found last."""
        if isinstance(number, int):
            return int(number)
        found = self._solver.model().eval(number, model_completion=True)
        return int(library().is_true(found)) if library().is_bool(number) else int(found.as_long())
