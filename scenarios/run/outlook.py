"""How long a whole test will still take, by what its parts take on a quiet machine.

The figures are those of two cores; whatever the machine, the parts that are done tell its pace.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sekisho.model import Plan

#: Seconds on two quiet cores: at all, and for each hundred attachments.
_PARTS = {
    "switch": (1.0, 7.0),
    "build": (0.2, 3.0),
    "in-force": (0.5, 5.0),
    "probe": (0.5, 17.0),
    "exchange": (0.5, 7.0),
    "backup": (1.0, 9.0),
    "judge": (2.0, 4.0),
    "unguarded": (9.0, 20.0),
    "events": (0.0, 0.0),  # each by itself, see below
    "write": (0.5, 4.0),
}
_EVENT_S, _EVENT_PER_100_S = 3.0, 2.0
_EVENTS = {
    "controller-killed": 8.0,
    "controller-hung": 4.0,
    "permission-ends": 7.0,
    "relay": 9.0,
    "line-cut": 6.0,
    "core-link-cut": 8.0,
}
_FROM_S = 5.0  # before that nothing is known of the pace


class Outlook:
    """Says with each word of progress how many seconds are left.

    Args:
        plan: The town.
        events: Ids of the events, in their order.
        clock: Seconds, from any beginning.
    """

    def __init__(
        self, plan: Plan, events: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        size = len(plan.attachments) / 100
        self._events = [
            _EVENTS.get(event.partition(":")[0], _EVENT_S) + _EVENT_PER_100_S * size
            for event in events
        ]
        self._parts = {name: fixed + each * size for name, (fixed, each) in _PARTS.items()}
        self._parts["events"] = sum(self._events)
        if "controller-killed" not in events:
            self._parts["unguarded"] = 0.0
        self._clock, self._began = clock, clock()

    def told(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return *facts* with ``left_s``, where there is something to go by."""
        phase = str(facts.get("phase", ""))
        if phase not in self._parts:
            return facts
        done = self._before(phase) + self._within(phase, facts)
        passed = self._clock() - self._began
        if passed < _FROM_S or done <= 0:
            return facts
        return {**facts, "left_s": round(max(0.0, self._whole - done) * passed / done)}

    @property
    def _whole(self) -> float:
        return sum(self._parts.values())

    def _before(self, phase: str) -> float:
        """How much is over when *phase* begins: the parts come in their order."""
        names = list(self._parts)
        return sum(self._parts[name] for name in names[: names.index(phase)])

    def _within(self, phase: str, facts: dict[str, Any]) -> float:
        """How much of the phase that goes on is over."""
        done = int(facts.get("done", 0))
        if phase == "events":
            return sum(self._events[:done])
        return self._parts[phase] * done / max(1, int(facts.get("of", 1)))
