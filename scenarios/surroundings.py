"""What must be as planned, and stay so, while a gate runs: how the switches were told to work.

Tables and links are watched window by window; this is the rest of witness f, with what the guard
says of tables that it had to heal.
"""

from __future__ import annotations

from typing import Any

from topologies.settings import settings, unplanned
from topologies.town import Town


class Surroundings:
    """The settings of a town's switches, as they are now."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._before = self._read()
        self._drifts = len(self._healed())

    def doubt(self, *, tables_changed: bool = False) -> str:
        """Say what is not as planned, or not as it was; empty where nothing is to be said."""
        if tables_changed or len(self._healed()) > self._drifts:
            return "the tables changed while the gate ran"
        for found in unplanned(self._before):
            return f"the settings are not as planned: {found}"
        after = self._read()
        changed = sorted({*self._before.items()} ^ {*after.items()})
        return f"a setting changed while the gate ran: {changed[0][0]}" if changed else ""

    def _healed(self) -> list[dict[str, Any]]:
        return [fact for fact in self._town.facts() if fact["event"] == "drift"]

    def _read(self) -> dict[str, str]:
        return settings(self._town.ovs, [s.id for s in self._town.plan.switches])
