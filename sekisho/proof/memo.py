"""What was computed in the last proof, by what it was computed from; what is not asked for goes.

A key holds everything that its value depends on, so an entry is never out of date: it is the
answer to the same question.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

Value = TypeVar("Value")


class Memo:
    """Answers by their questions, for as long as each is asked in every round."""

    def __init__(self) -> None:
        self._before: dict[Hashable, Any] = {}
        self._now: dict[Hashable, Any] = {}
        self._numbers: dict[Hashable, int] = {}

    def of(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the answer to *key*, which *make* finds where it is not known."""
        if key not in self._now:
            self._now[key] = self._before[key] if key in self._before else make()
        return cast(Value, self._now[key])

    def number(self, name: Hashable) -> int:
        """Return a number that stands for *name* for ever: quicker in a key than a long name."""
        return self._numbers.setdefault(name, len(self._numbers))

    def turn(self) -> None:
        """Begin the next round: what was not asked for in this one is forgotten."""
        self._before, self._now = self._now, {}
