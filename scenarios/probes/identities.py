"""Whose names a device takes: those of others at its own switch, and of stations of its own SSID.

A switch knows by port, MAC and IP address who somebody is. Everybody under the name of everybody
else there would grow with the square of a switch's devices, and ask the same rules again and again.
So each takes the names of the next few in the order of their ports, which makes everybody the
victim of as many, and of one of each class.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sekisho.model import Attachment, Plan

NEXT = 16  # whose names each takes at its switch, besides one of each class
SIBLINGS = 4  # and on its SSID


class Names:
    """Whose names each attachment of *plan* takes.

    Args:
        plan: The town.
        are_all: Whether everybody's.
    """

    def __init__(self, plan: Plan, *, are_all: bool) -> None:
        self._are_all = are_all
        self._switches: dict[str, list[Attachment]] = {}
        self._airs: dict[str, list[Attachment]] = {}
        for each in plan.attachments:
            self._switches.setdefault(each.at.switch, []).append(each)
            if each.air:
                self._airs.setdefault(each.air, []).append(each)
        for here in self._switches.values():
            here.sort(key=lambda a: (a.at.port, a.id))

    def neighbours(self, source: Attachment) -> list[Attachment]:
        """Return whose names *source* takes at its switch; none of its own port."""
        others = [a for a in _after(self._switches[source.at.switch], source) if a.at != source.at]
        if self._are_all:
            return others
        first: dict[tuple[str, str, bool], Attachment] = {}
        for each in others:
            first.setdefault((each.source, each.destination, each.registered), each)
        return list(dict.fromkeys((*others[:NEXT], *first.values())))

    def siblings(self, source: Attachment) -> list[Attachment]:
        """Return whose names *source* takes on its SSID."""
        others = _after(self._airs.get(source.air, [source]), source)
        return list(others if self._are_all else islice(others, SIBLINGS))


def names_taken(plan: Plan, *, are_all: bool) -> int:
    """Return how often somebody takes the name of another one at his switch."""
    names = Names(plan, are_all=are_all)
    return sum(len(names.neighbours(each)) for each in plan.attachments)


def _after(here: list[Attachment], source: Attachment) -> Iterator[Attachment]:
    """Yield the others, beginning behind *source*, once around."""
    at = next(n for n, each in enumerate(here) if each.id == source.id)
    yield from (*here[at + 1 :], *here[:at])
