"""Every event, in the order in which they are played."""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.events import (
    cables,
    compromised_devices,
    controller_failures,
    edge_ports,
    link_failures,
    port_moves,
    switch_failures,
)
from scenarios.events.trial import Event
from sekisho.model import Plan


def events(plan: Plan) -> list[Event]:
    """Return every event, also those that cannot happen to *plan*."""
    return [
        *controller_failures.EVENTS,
        *switch_failures.events(plan),
        *link_failures.events(plan),
        *edge_ports.EVENTS,
        *cables.EVENTS,
        *port_moves.EVENTS,
        *compromised_devices.events(plan),
    ]


def event_ids(plans: Iterable[Plan]) -> list[str]:
    """Return the id of every event of any of *plans*."""
    return [event.id for plan in plans for event in events(plan)]
