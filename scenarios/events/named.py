"""Which events an acceptance plays: those that the sentences and situations of its plan name.

A sentence speaks of a state, a situation of an event; `EVENT_OF` is the one place where the two
words meet. Where a sentence says from whom to whom, the event is played with somebody of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scenarios.events.registry import events
from scenarios.events.stream_selection import StreamTarget, target_between
from scenarios.events.trial import Event
from sekisho.model import Attachment, MustDrop, Plan
from sekisho.model.states import EVENT_OF, is_state, state_of
from sekisho.scenario.situation import Situation

#: Events that take a permission away from somebody: he must have one.
_TAKING = ("undock", "ticket-ended")


@dataclass(frozen=True, slots=True)
class Staged:
    """An event, and with whom it is played.

    Attributes:
        stream_target: Who may, who must not, and what both want; None for those of every event.
    """

    event: Event
    stream_target: StreamTarget | None = None

    @property
    def state(self) -> str:
        """The state of the town that it brings about."""
        return state_of(self.event.id)


def named(plan: Plan, situations: Iterable[Situation]) -> list[Staged]:
    """Return every event that a sentence of *plan* or one of *situations* names, in their order."""
    every, told = events(plan), tuple(situations)
    found: dict[tuple[str, StreamTarget | None], Staged] = {}
    for line in plan.must_drop:
        for staged in _of_sentence(plan, line, every):
            found.setdefault((staged.event.id, staged.stream_target), staged)
    staged_with = {key for key, _ in found}
    words = tuple(word for each in told for word in each.events)
    for event in every:
        if event.id not in staged_with and is_state(event.id, words):
            found.setdefault((event.id, None), Staged(event))
    order = [event.id for event in every]
    return sorted(found.values(), key=lambda staged: order.index(staged.event.id))


def _of_sentence(plan: Plan, line: MustDrop, every: Iterable[Event]) -> Iterator[Staged]:
    """Yield the events of the sentence's state, with those of whom it speaks."""
    kind = EVENT_OF.get(line.state)
    for event in every:
        if kind is None or not is_state(event.id, kind):
            continue
        if line.state in _TAKING:
            for stream_target in _taken(plan, line):
                yield Staged(event, stream_target)
        elif line.state != "relay" or _is_relayed(plan, line, event.id):
            yield Staged(event)


def _is_relayed(plan: Plan, line: MustDrop, event: str) -> bool:
    """Tell whether the device of *event* has a leg that the sentence speaks about."""
    device = plan.device[event.partition(":")[2]]
    return any(line.is_from(leg) for leg in device.attachments)


def _taken(plan: Plan, line: MustDrop) -> Iterator[StreamTarget]:
    """Yield, for each source class of the sentence, somebody who may open what it speaks about."""
    needs_twin = line.state == "undock"
    classes = [c.id for c in plan.sources if not line.sources or c.id in line.sources]
    for name in classes:

        def speaks(a: Attachment, b: Attachment, name: str = name) -> bool:
            is_right = not needs_twin or _has_twin(plan, a)
            return a.source == name and is_right and line.covers(a, b)

        stream_target = target_between(plan, speaks)
        if stream_target is not None:
            yield stream_target


def _has_twin(plan: Plan, a: Attachment) -> bool:
    """Tell whether *a* has a cable to pull, and its device another interface to go on with."""
    return not a.air and len(plan.device[a.device].attachments) > 1
