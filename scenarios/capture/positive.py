"""The positive frames of a window: what shows that target, sender and the way between are alive.

A frame that is nowhere was dropped only if it would have been seen otherwise. The twins of a case
are positive frames to its target; where nothing else tells how far a frame came (somebody else's
controller counts by names of its own), its pilots are positive frames of the same sender, and its
carriers those from the sender's switch to the target's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scenarios.probes.windows import CasePlan

#: A frame's number, and where it must be seen.
_Sight = tuple[int, str]
_MOST = 64  # pilots or carriers of one case: one that arrives is enough


class Positive:
    """Index the positive frames of the *cases* of one window.

    Args:
        cases: The cases.
        frames: Numbers of the frames of each case.
        is_ours: Whether counters tell how far a frame came; then there are no pilots or carriers.
    """

    def __init__(
        self,
        cases: Iterable[CasePlan],
        frames: Mapping[int, Sequence[int]],
        *,
        is_ours: bool,
    ) -> None:
        self._twins: dict[str, list[int]] = {}
        self._pilots: dict[str, list[_Sight]] = {}
        self._carriers: dict[tuple[str, str], list[_Sight]] = {}
        for case in cases:
            if not case.is_twin_of({case.to}):
                continue
            self._twins.setdefault(case.to, []).extend(frames[case.number])
            if not is_ours:
                sights = [(number, case.to) for number in frames[case.number]]
                self._pilots.setdefault(case.source.id, []).extend(sights)
                way = (case.source.at.switch, case.target.at.switch)
                self._carriers.setdefault(way, []).extend(sights)

    def add_twin(self, target: str, number: int) -> None:
        """Add a frame that is put on the last cable to *target*."""
        self._twins.setdefault(target, []).append(number)

    def twins(self, case: CasePlan) -> tuple[int, ...]:
        """Return the numbers of the positive frames to the target of *case*."""
        return tuple(self._twins.get(case.target.id, ()))

    def pilots(self, case: CasePlan) -> tuple[_Sight, ...]:
        """Return positive frames of the sender of *case*."""
        return tuple(self._pilots.get(case.source.id, ())[:_MOST])

    def carriers(self, case: CasePlan) -> tuple[_Sight, ...]:
        """Return positive frames from the switch of the sender to that of the target."""
        way = (case.source.at.switch, case.target.at.switch)
        return tuple(self._carriers.get(way, ())[:_MOST])
