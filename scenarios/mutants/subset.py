"""The gate's own cases, tried in parts: those that a fault concerns, and what goes together."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from scenarios.mutants.affected import AffectedCases
from scenarios.probes.windows import CasePlan, Frame, Window, windows
from sekisho.model import Plan

_MOST_CASES = 240  # tried for one fault
_MOST_AT_ONE = 2000  # frames that one attachment sends or is sent together: half of what it holds


class Suites:
    """Every case of a gate with its frames.

    Args:
        plan: The town.
        seed: Of the gate.
        chance: Decides which cases stand for the others.
    """

    def __init__(self, plan: Plan, seed: int, chance: random.Random) -> None:
        self.cases: list[CasePlan] = []
        self._chance = chance
        self._frames: dict[int, list[Frame]] = defaultdict(list)
        for window in windows(plan, seed=seed):
            self.cases += window.cases
            for frame in window.frames:
                self._frames[frame.case].append(frame)

    def about(self, focus: AffectedCases | None, *, most: int = _MOST_CASES) -> list[CasePlan]:
        """The cases that a fault concerns: all kinds of them, some of each, with their twins."""
        kinds: dict[tuple[str, bool, str], list[CasePlan]] = defaultdict(list)
        for case in self.cases:
            if focus is None or focus.concerns(case):
                kinds[case.probe, bool(case.to), case.cell.mark].append(case)
        each = max(2, most // max(1, len(kinds)))
        out: list[CasePlan] = []
        for members in kinds.values():
            out += self._chance.sample(members, min(each, len(members)))
        targets = {case.target.id for case in out}
        chosen = {case.number for case in out}
        twins = [c for c in self.cases if c.number not in chosen and c.is_twin_of(targets)]
        return out + self._chance.sample(twins, min(_MOST_CASES, len(twins)))

    def window(self, suite: Sequence[CasePlan]) -> Window:
        """The frames of *suite*, to be sent together."""
        targets = {case.target.id: case.target for case in suite}
        frames = [frame for case in suite for frame in self._frames[case.number]]
        self._chance.shuffle(frames)  # as the gate does: a burst to one port would overflow it
        return Window(0, tuple(targets.values()), tuple(suite), tuple(frames))

    def parts(self, suite: Sequence[CasePlan]) -> Iterator[list[CasePlan]]:
        """Split *suite* by targets into what can be sent together: no capture may be overfilled."""
        part, load = list[CasePlan](), Counter[str]()
        for _, towards in groupby(sorted(suite, key=_by_target), key=lambda c: c.target.id):
            cases, more = list(towards), Counter[str]()
            for case in cases:
                for name in {case.source.id, case.to} - {""}:
                    more[name] += len(self._frames[case.number])
            if part and max((load + more).values()) > _MOST_AT_ONE:
                yield part
                part, load = [], Counter()
            part, load = part + cases, load + more
        if part:
            yield part


def _by_target(case: CasePlan) -> tuple[str, int]:
    return case.target.id, case.number
