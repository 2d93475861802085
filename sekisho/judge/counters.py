"""The drop counters of one window: copies that were sent to die, against what the counters say.

Pure bookkeeping for `sekisho.judge.judge`; knows neither plan nor rules beyond their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sekisho.packet.packet import DropPoint


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the plan wants of one case.

    Attributes:
        case: Case number.
        source: Attachment id of the sender.
        target: Attachment id that is tried.
        to: Attachment id that must receive every frame, or empty when all must die.
        drop: The rule that must drop them, or None when they must arrive.
        frames: Numbers of its frames.
        twins: Numbers of positive frames towards the same target in the same window.
        also: Other rules that may drop some of them; their counters are added to that of *drop*.
        is_residual: True where no network can tell right from wrong: measured, not judged.
        via: Where each frame is seen once on its way, by the plan's lines: of a frame that must
            die, what it passes before the first switch.
        pilots: Positive frames of the same sender, to anybody: they show that what it sends is
            taken up.
        carriers: Positive frames from the sender's switch to the target's: they show that the way
            between is alive.
    """

    case: int
    source: str
    target: str
    to: str
    drop: DropPoint | None
    frames: tuple[int, ...]
    twins: tuple[int, ...]
    is_residual: bool = False
    also: tuple[DropPoint, ...] = ()
    via: frozenset[str] = frozenset()
    pilots: tuple[tuple[int, str], ...] = ()
    carriers: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Seen:
    """Copies of one frame: how many its sender's own interface showed, and where else."""

    own: int = 0
    places: Counter[str] = field(default_factory=Counter)
    answers: int = 0


NOTHING = Seen()


class DropCounters:
    """Copies that were sent to die, against what the counters say, rule by rule.

    Where a case names several rules that may drop it, those rules share one account.

    Args:
        cases: What must become of every case.
        seen: What was seen of each frame.
        counted: By how much each dropping rule's counter rose.
        others: Copies of no case that must have died, by rule: what hosts sent by themselves, and
            sentinels.
    """

    def __init__(
        self,
        cases: Iterable[Expectation],
        seen: Mapping[int, Seen],
        counted: Mapping[DropPoint, int],
        others: Mapping[DropPoint, int] = MappingProxyType({}),
    ) -> None:
        self._head: dict[DropPoint, DropPoint] = {}
        dying = [case for case in cases if case.drop is not None]
        for case in dying:
            for other in case.also:
                self._head[self._find(other)] = self._find(case.drop)
        self.due, self.counted = Counter[DropPoint](), Counter[DropPoint]()
        self.unsure: set[DropPoint] = set()
        for case in dying:
            copies = [seen.get(n, NOTHING).own for n in case.frames]
            self.due[self._find(case.drop)] += sum(copies)
            if any(n != 1 for n in copies):
                self.unsure.add(self._find(case.drop))
        for point, number in others.items():
            self.due[self._find(point)] += number
        for point, copies_counted in counted.items():
            self.counted[self._find(point)] += copies_counted

        self._strays = self._unexplained()

    def _unexplained(self) -> dict[str, str]:
        """What rules counted though nothing was to die there, by switch.

        Copies that another rule of the switch lacks explain it: those cases say so themselves.
        """
        lacking, out = Counter[str](), dict[str, str]()
        for point, copies in self.due.items():
            lacking[point.switch] += max(0, copies - self.counted[point])
        for point, copies in sorted(self.counted.items()):
            if copies <= 0 or self.due[point] or point in self.unsure:
                continue
            if copies > lacking[point.switch]:
                out[point.switch] = f"{point} counted {copies} copies that nobody sent there"
        return out

    def stray(self, case: Expectation) -> str:
        """Return what a rule at the case's switch counted though nothing was to die there."""
        return self._strays.get(case.drop.switch, "") if case.drop else ""

    def _find(self, point: DropPoint | None) -> DropPoint:
        assert point is not None
        while (head := self._head.get(point, point)) != point:
            point = head
        return point

    def of(self, case: Expectation) -> tuple[int, int, bool]:
        """Return (copies due, copies counted, whether the first is unsure) for *case*."""
        if case.drop is None:
            return 0, 0, False
        head = self._find(case.drop)
        return self.due[head], self.counted[head], head in self.unsure
