"""The tables of a bench, and whether a figure meets its target. Pure: nothing is measured here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over several runs.

    Attributes:
        name: What it is, with its unit.
        median: The figure itself.
        least: Of all runs.
        most: Of all runs.
        digits: Behind the point.
        target: ``<= 60``, ``>= 10000``, or empty.
    """

    name: str
    median: float
    least: float
    most: float
    digits: int
    target: str

    @property
    def is_met(self) -> bool:
        """True where the median meets the target, or there is none."""
        if not self.target:
            return True
        sign, _, bound = self.target.partition(" ")
        return self.median <= float(bound) if sign == "<=" else self.median >= float(bound)

    def text(self, value: float) -> str:
        """Return one of its values as it is printed."""
        return f"{value:,.{self.digits}f}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another way of doing a thing, and ours.

    Attributes:
        other: The other way.
        other_s: Its seconds.
        ours: What of ours stands against it.
        ours_s: Its seconds.
        how: What was measured of the other way.
    """

    other: str
    other_s: float
    ours: str
    ours_s: float
    how: str

    @property
    def ratio(self) -> float:
        """How many times as long the other way takes."""
        return self.other_s / self.ours_s if self.ours_s else float("inf")


def duration(seconds: float) -> str:
    """Return *seconds* as people say them.

    >>> duration(4.25), duration(5400), duration(260000)
    ('4.2 s', '1.5 h', '3.0 days')
    """
    for limit, unit, name in ((86400, 86400, "days"), (3600, 3600, "h"), (120, 60, "min")):
        if seconds >= limit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s"


def missed(figures: Iterable[Figure]) -> Iterator[str]:
    """Yield one line for every figure that misses its target."""
    for figure in figures:
        if not figure.is_met:
            yield f"{figure.name} is {figure.text(figure.median)}, target {figure.target}"


def figure_table(title: str, figures: Iterable[Figure], runs: int, *, is_plain: bool) -> Table:
    """Return the table of *figures*; without frames where a program reads it."""
    table = _table(is_plain=is_plain)
    table.add_column(f"{title}, {runs} run{'' if runs == 1 else 's'}", no_wrap=True)
    for name in ("median", "least", "most", "target"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for figure in figures:
        values = (figure.median, figure.least, figure.most)
        said = "" if not figure.target else "met" if figure.is_met else "MISSED"
        target = _spaced(figure.target)
        table.add_row(figure.name, *map(figure.text, values), target, said)
    return table


def comparison_table(comparisons: Iterable[Comparison], *, is_plain: bool) -> Table:
    """Return the table of *comparisons*."""
    table = _table(is_plain=is_plain)
    for name in ("instead of", "", "Sekisho", "", "ratio", "measured"):
        is_number = name in ("", "ratio")
        table.add_column(
            name, justify="right" if is_number else "left", no_wrap=is_number or is_plain
        )
    for found in comparisons:
        table.add_row(
            found.other,
            duration(found.other_s),
            found.ours,
            duration(found.ours_s),
            f"{found.ratio:,.1f}" if found.ratio < 100 else f"{found.ratio:,.0f}",
            found.how,
        )
    return table


def told(table: Table, wrong: Sequence[str], *, width: int = 132) -> int:
    """Print a table, and what of it is *wrong* or missed; return the exit status."""
    say = Console(width=width, soft_wrap=True, highlight=False).print
    say(table)
    for line in wrong:
        say(f"MISSED  {line}")
    if not wrong:
        say("every target met")
    return 1 if wrong else 0


def _table(*, is_plain: bool) -> Table:
    return Table(box=None if is_plain else box.SIMPLE_HEAD, pad_edge=False, header_style="bold")


def _spaced(target: str) -> str:
    sign, _, bound = target.partition(" ")
    return f"{sign} {float(bound):,.0f}" if bound else ""
