"""Every event, in the order in which they are played."""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.events import cables, edges, guard, lines, moves, shared, switches
from scenarios.events.scene import Event
from sekisho.model import Plan


def events(plan: Plan) -> list[Event]:
    """Return every event, also those that cannot happen to *plan*."""
    return [
        *guard.EVENTS,
        *switches.events(plan),
        *lines.events(plan),
        *edges.EVENTS,
        *cables.EVENTS,
        *moves.EVENTS,
        *shared.events(plan),
    ]


def event_ids(plans: Iterable[Plan]) -> list[str]:
    """Return the id of every event of any of *plans*."""
    return [event.id for plan in plans for event in events(plan)]
