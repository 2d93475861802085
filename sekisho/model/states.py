"""States of a town, in the two vocabularies that speak of them, and where the two meet.

A sentence of page one names a state (``controller-dead``), a situation the event that brings it
about (``controller-killed``); a case holds the first. Pure words: no plan, no event is known here.
"""

from __future__ import annotations

from collections.abc import Collection

NORMAL = "normal"
#: The suite that is in more states than the normal one.
ACCEPT = "accept"
#: What brings about each state that a sentence can speak of (`sekisho.intent.sentences`).
EVENT_OF = {
    "backup": ("line-cut",),
    "controller-dead": ("controller-killed",),
    "relay": ("relay", "bridge"),
    "ticket-ended": ("permission-ends",),
    "undock": ("undocked",),
}


def is_state(event: str, states: Collection[str]) -> bool:
    """Tell whether *event* is one of *states*, or of the kind that one of them names."""
    return event in states or event.partition(":")[0] in states


def state_of(event: str) -> str:
    """Return the state that *event* brings about, in the words of sentences; else its own kind."""
    kind = event.partition(":")[0]
    return next((state for state, kinds in EVENT_OF.items() if kind in kinds), kind)
