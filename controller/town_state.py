"""What a controller knows of its town at this moment: the plan, its tables, and who holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sekisho.compiler.incremental import Tables
from sekisho.model import Plan


@dataclass(slots=True)
class TownState:
    """Shared by whoever brings tables into force and whoever changes them.

    Attributes:
        plan: The plan that is in force, or is being brought into force.
        wanted: Its tables, by switch.
        in_force: Switches that are known to hold what is wanted.
        busy: Connections that are being reconciled or changed.
        again: And of those, that must be looked at once more.
        troubles: Switches that cannot be healed just now, and why.
    """

    plan: Plan
    wanted: Tables
    in_force: set[str] = field(default_factory=set)
    busy: set[Any] = field(default_factory=set)
    again: set[Any] = field(default_factory=set)
    troubles: dict[str, str] = field(default_factory=dict)

    @property
    def is_in_force(self) -> bool:
        """True while every switch of the town is known to hold what is wanted."""
        return len(self.in_force) == len(self.plan.switches) and not self.troubles
