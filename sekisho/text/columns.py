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
