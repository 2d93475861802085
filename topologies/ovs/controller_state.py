"""Whether our controller vouches for every table: asked of itself, and answered from the switches.

A controller that is not there, or stands still, vouches for nothing.
"""

from __future__ import annotations

import time
from pathlib import Path

from sekisho.resegment.protocol import StateRequest
from sekisho.runtime.json_lines import JsonLineConnection

_ANSWER_S = 5.0  # longer than the controller waits for a switch


def why_not_in_force(town_client: Path, *, is_known_enough: bool = False) -> str:
    """Have the controller read every switch back; return why it does not vouch for all, or empty.

    Args:
        town_client: The controller's socket file.
        is_known_enough: Let it say what it knows from before, without a look at the switches.
    """
    began = time.monotonic()
    try:
        with JsonLineConnection.to(town_client) as conn:
            conn.write(StateRequest(is_known_enough).to_wire())
            answer = conn.read(_ANSWER_S)
    except OSError as error:
        return f"it cannot be asked: {error.strerror}"
    except ValueError as error:
        return f"its answer cannot be read: {error}"
    if answer is None:
        return f"no answer after {time.monotonic() - began:.1f} s"
    troubles: dict[str, str] = answer.get("troubles", {})
    if troubles:
        return "; ".join(f"{switch}: {why}" for switch, why in troubles.items())
    return (
        ""
        if answer.get("in_force") is True
        else str(answer.get("error", "not every table is in force yet"))
    )
