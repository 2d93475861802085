"""What a controller is told when it starts: read once, and passed on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sekisho.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """What one controller works with.

    Attributes:
        plan: The town's plan.
        events: Where facts go, one JSON object a line; None sends them to the log.
        changes: The journal of the ports that were moved; None where no port can be.
        changes_socket: Where changes are asked for; None where nobody may ask.
        moment: When rules with times are judged; None for now, always.
        heals: Whether what others change in a table is brought back at once.
    """

    plan: Path
    events: Path | None = None
    changes: Path | None = None
    changes_socket: Path | None = None
    moment: datetime | None = None
    heals: bool = True

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Settings:
        """Read what ``ryu-manager controller/app.py`` is told: it passes no words on.

        Raises:
            UsageError: No plan is named.
        """

        def path(name: str) -> Path | None:
            return Path(environment[name]) if environment.get(name) else None

        plan = path("SEKISHO_PLAN")
        if plan is None:
            raise UsageError(
                "SEKISHO_PLAN names no plan\n  hint: name a plan, such as topologies/tiny.yaml"
            )
        return cls(
            plan,
            path("SEKISHO_EVENTS"),
            path("SEKISHO_CHANGES"),
            path("SEKISHO_CHANGES_SOCKET"),
            moment(environment.get("SEKISHO_AT", "")),
            environment.get("SEKISHO_HEALS") != "no",
        )


def moment(text: str) -> datetime | None:
    """Return the moment that *text* says (ISO 8601); None where it is empty."""
    return datetime.fromisoformat(text) if text else None
