"""Two verdicts on the same tables, pair by pair: where they are not the same, one judge is wrong.

It knows of the first verdict only which pairs of places it tells, and so needs none of its code.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sekisho.model import PortRef
from sekisho.second_judge.verdict import Found, Judgement

#: What is wrong (a word that both judges have), where the packet enters, where it arrives or must.
Pair = tuple[str, PortRef, PortRef]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two verdicts differ.

    Attributes:
        only_first: Pairs that the first judge alone tells.
        only_second: What the second judge alone tells.
    """

    only_first: tuple[Pair, ...]
    only_second: tuple[Found, ...]

    @property
    def is_whole(self) -> bool:
        """Whether both judges tell the same of every pair."""
        return not self.only_first and not self.only_second


def compared(first: Collection[Pair], second: Judgement) -> Agreement:
    """Return where the first judge's pairs and the second's are not the same, sorted."""
    by = {(found.kind.value, found.source, found.at): found for found in second.found}
    return Agreement(
        tuple(sorted(set(first) - by.keys())),
        tuple(by[pair] for pair in sorted(by.keys() - set(first))),
    )
