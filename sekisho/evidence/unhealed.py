"""Which switches cannot be healed, as the controller states it in ``controller.jsonl``.

Knows the words of those statements; knows no switch and no controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sekisho.model import Label

#: Begins the name of a phase in which a switch cannot be healed.
PHASE = "trouble:"
_SHORT = 160  # characters of a reason that are shown; all of it is in the log


def standing(facts: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the switches that cannot be healed after all of *facts*, and why."""
    out: dict[str, str] = {}
    for fact in facts:
        if fact["event"] == "trouble":
            out[str(fact["switch"])] = str(fact["why"])
        elif fact["event"] == "in-force":
            out.pop(str(fact["switch"]), None)
        elif fact["event"] == "listening":
            out.clear()  # another controller, which states its own
    return out


def label(switch: str, why: str) -> Label:
    """Say that a switch cannot be healed, and why; the first line of a long reason."""
    short = (why.strip().splitlines() or [""])[0][:_SHORT]
    return Label(
        f"{switch}: 規則の表を復元できない: {short}", f"{switch} cannot be healed: {short}"
    )


def phase(switch: str, why: str) -> str:
    """Return the name of the phase in which a switch cannot be healed."""
    return f"{PHASE}{switch}:{why}"


def phase_label(name: str) -> Label:
    """Return the words for a phase whose name begins with `PHASE`."""
    switch, _, why = name.removeprefix(PHASE).partition(":")
    return label(switch, why)
