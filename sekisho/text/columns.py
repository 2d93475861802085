"""How the columns of a wide table are set under each other, so that none is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

#: Between two columns.
GAP = 1
#: What the names of rows take at least: enough to tell S1 from S10.
LEAST_NAME = 16


def blocks(widths: Sequence[int], room: int) -> Iterator[range]:
    """Yield which columns go into one table, and which under it, in their order.

    Args:
        widths: Of each column.
        room: For all columns of one table and the gaps behind them.
    """
    first, used = 0, 0
    for number, width in enumerate(widths):
        if number > first and used + width + GAP > room:
            yield range(first, number)
            first, used = number, 0
        used += width + GAP
    if widths:
        yield range(first, len(widths))


def is_upright(names: Sequence[str], widths: Sequence[int], room: int) -> bool:
    """Tell whether headings must stand upright, a letter a line: lying they take more tables.

    Args:
        names: The headings.
        widths: What the columns below them take.
        room: As for `blocks`.
    """
    lying = [max(len(name), width) for name, width in zip(names, widths, strict=True)]
    return len(list(blocks(lying, room))) > len(list(blocks(widths, room)))
