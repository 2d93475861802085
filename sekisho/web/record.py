"""One change as its record shows it: what it meant, and what the re-tests found. Reads files alone.

The record outlives the town: everything in it is in the run folder and in the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from sekisho.evidence import seal
from sekisho.model import Plan
from sekisho.model.changes import Change, apply_changes
from sekisho.report.proof import short
from sekisho.report.reading import read_proof
from sekisho.resegment.journal import Journal
from sekisho.resegment.preview import policy_preview

RETESTS = "retests"
_COUNTED = (
    "verdict",
    "cases",
    "pass",
    "leak",
    "overblock",
    "unattributed",
    "inconclusive",
    "residual",
)


def record(origin: Plan, journal: Journal, folder: Path, change: Change) -> dict[str, Any]:
    """Return *change* of *journal* with what it meant when it was made, and its re-tests."""
    earlier = [c for c in journal.changes.values() if _stood(c, change, journal)]
    shown = policy_preview(
        apply_changes(origin, earlier), apply_changes(origin, [*earlier, change])
    )
    return {
        "change": next(each for each in journal.history() if each["number"] == change.number),
        "moved": shown.as_json()["moved"],
        "cells": shown.cells,
        "warnings": shown.as_json()["warnings"],
        "retests": list(retests(folder, change.number)),
    }


def _stood(other: Change, change: Change, journal: Journal) -> bool:
    """Whether *other* stood when *change* was made."""
    undone = journal.undone.get(other.number)
    return other.number < change.number and (undone is None or undone["at"] > change.at)


def retests(folder: Path, number: int) -> Iterator[dict[str, Any]]:
    """Yield every re-test of a change in the town's *folder*, the oldest first.

    One that was changed after its run sealed it is inconclusive, without a count.
    """
    found = [
        (file.stat().st_mtime, file)
        for file in (folder / RETESTS).glob(f"{number}-*-*/summary.json")
    ]
    for at, file in sorted(found):
        summary = orjson.loads(file.read_bytes())
        what = file.parent.name.split("-", 1)[1].rsplit("-", 1)[0]
        counted = {key: summary[key] for key in _COUNTED}
        if trouble := seal.trouble(file.parent):
            counted = {"verdict": "inconclusive", "trouble": trouble}
        else:
            counted |= {"sealed": seal.digest(file.parent / seal.MANIFEST)}
            counted |= {"proof": _proved(file.parent)}
        yield {"what": what, "at": at, "folder": str(file.parent), **counted}


def _proved(folder: Path) -> dict[str, Any] | None:
    """Return what a re-test proved, in short; None where an earlier version proved nothing."""
    found = read_proof(folder)
    return None if found is None else short(found)
