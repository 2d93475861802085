"""Every event, in the order in which they are played."""

from __future__ import annotations

from scenarios.events import cables, edges, guard, lines, shared, switches
from scenarios.events.scene import Event
from sekisho.model import Plan


def events(plan: Plan) -> list[Event]:
    """Return every event, also those that cannot happen to *plan*.

    A mass change of ports would be one more family, beside `cables`.
    """
    return [
        *guard.EVENTS,
        *switches.events(plan),
        *lines.events(plan),
        *edges.EVENTS,
        *cables.EVENTS,
        *shared.events(plan),
    ]
