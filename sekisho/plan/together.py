"""What is wrong with many members of a series alike is told once, with how many they are.

Works on faults alone: a member is named in the text of one (`sekisho.plan.places`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sekisho.errors import Fault

_MEMBER = re.compile(
    r"devices\.(?P<id>[^. ]+)(?P<rest>\S*) "
    r"\((?P<number>\d+) of (?P<size>\d+) of the series '(?P<series>[^']*)'\): (?P<text>.*)",
    re.DOTALL,
)
_MAC = r"([0-9a-f]{2}:){5}[0-9a-f]{2}"
_TAKEN = "is already taken by"
_TAKEN_HINT = (
    "a series takes the next port for each member: begin it at another port, or write a smaller "
    "count"
)


def told_once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return *faults*, of those that differ by the member of a series alone only the first."""
    alike: dict[tuple[object, ...], list[Fault]] = {}
    for fault in faults:
        alike.setdefault(_kind(fault), []).append(fault)
    return tuple(_first(own) for own in alike.values())


def _kind(fault: Fault) -> tuple[object, ...]:
    """Return what *fault* has in common with those of other members: all but the numbers."""
    member = _MEMBER.fullmatch(fault.text)
    if member is None:
        return (fault,)
    words = re.sub(r"\d+", "#", re.sub(_MAC, "#", member["text"]))
    words = "taken" if _TAKEN in words else words  # by whom differs from port to port
    return fault.file, fault.line, member["series"], member["rest"], words


def _first(alike: list[Fault]) -> Fault:
    first = alike[0]
    member = _MEMBER.fullmatch(first.text)
    if member is None:
        return first
    hint = _TAKEN_HINT if _TAKEN in first.text else first.hint
    if len(alike) == 1:
        return replace(first, hint=hint)
    more = f"' and {len(alike) - 1} more): "
    return replace(first, text=first.text.replace("'): ", more, 1), hint=hint)
