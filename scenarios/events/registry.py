"""Every event, in the order in which they are played."""

from __future__ import annotations

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
