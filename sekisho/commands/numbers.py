"""Numbers on the command line: read with their bounds, refused in one line with a hint."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from sekisho.errors import UsageError
from sekisho.model import FIRST_YEAR, JST, LAST_YEAR

#: What JSON's readers keep exactly where they know whole numbers of 64 bits, as ours does.
LEAST, MOST = -(2**63), 2**63 - 1
#: Number of a change, a repeat, a fault: far more than anybody waits for.
MANY = 2**31 - 1
LAST_PORT = 65535
_WHOLE = re.compile("-?[0-9]{1,40}")
_FRACTION = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")


def whole(option: str, low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number from *low* to *high* for *option*.

    Raises:
        UsageError: By what is returned, where a word is none.
    """

    def read(word: str) -> int:
        if not _WHOLE.fullmatch(word) or not low <= int(word) <= high:
            raise UsageError(
                f"{option} {word!r} is not possible\n  hint: a whole number from {low} to {high}"
            )
        return int(word)

    return read


def moment(word: str) -> datetime:
    """Read a day's beginning or a moment of Japan's clock.

    Raises:
        UsageError: It is none.
    """
    try:
        at = datetime.fromisoformat(word)
    except ValueError as error:
        hint = "write it like '2027-03-31 17:00'"
        raise UsageError(f"--at {word!r} is no time\n  hint: {hint}") from error
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise UsageError(
            f"--at {word!r} is in no year that can be judged\n"
            f"  hint: a year from {FIRST_YEAR} to {LAST_YEAR}"
        )
    return at if at.tzinfo else at.replace(tzinfo=JST)


def seconds(option: str) -> Callable[[str], float]:
    """Return what reads a span of more than 0 and at most a million seconds for *option*.

    Raises:
        UsageError: By what is returned, where a word is none.
    """

    def read(word: str) -> float:
        if not _FRACTION.fullmatch(word) or not 0 < float(word) <= 1e6:
            raise UsageError(
                f"{option} {word!r} is not possible\n  hint: seconds, more than 0, like 90 or 2.5"
            )
        return float(word)

    return read
