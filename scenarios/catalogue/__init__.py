"""Ways across a boundary, by family: how to probe, never what to expect.

One module a family (``l2``, ``vl`` ...). An entry is a function from `Roles` (who sends, whom it
tries, who else is there) to finished packets, registered with its id. What must become of each
frame is the policy's word on the frame's own bytes; an entry that no network can decide, or that
cannot be sent here, says so with its reason and is counted, never silently absent.
"""

from __future__ import annotations

from scenarios.catalogue import registry
from scenarios.catalogue.registry import ENTRIES, Entry, Kind

__all__ = ["ENTRIES", "Entry", "Kind", "load_families", "registry"]


def load_families() -> tuple[Entry, ...]:
    """Import every family module and return all entries, sorted by id."""
    registry.import_families()
    return tuple(sorted(ENTRIES.values(), key=lambda entry: entry.sort_key))
