"""What the shape phase hands on: mappings whose values have been read, but name things unproven.

Knows no key by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from sekisho.plan.kinds import Section

T = TypeVar("T")
ALL = "all"


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping of the plan whose values have been read.

    Attributes:
        id: Its id in the mapping that holds it; empty in a list.
        path: Its place, e.g. ``zones.web``.
        values: Values by key; a missing optional key has its default or None.
    """

    id: str
    path: str
    section: Section
    values: Mapping[str, object]

    def get(self, name: str, kind: type[T]) -> T:
        """Return the value of key *name*, which the table says is a *kind*."""
        value = self.values[name]
        assert isinstance(value, kind), f"{self.path}.{name}"
        return value

    def text(self, name: str) -> str:
        """Return the value of a key whose value is a word or text."""
        return self.get(name, str)

    def number(self, name: str) -> float | None:
        """Return the value of a key whose value is a number, or None where it is absent."""
        value = self.values[name]
        return float(value) if isinstance(value, int | float) else None

    def words(self, name: str) -> tuple[str, ...]:
        """Return the value of a key that lists names; empty when it is absent."""
        return tuple(str(word) for word in self.get(name, tuple))

    def records(self, name: str) -> tuple[Record, ...]:
        """Return the records that a key holds; none when it is absent."""
        return tuple(item for item in self.get(name, tuple) if isinstance(item, Record))
