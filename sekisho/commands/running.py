"""The tables that a running town holds at this moment, and the plan that is in force there."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sekisho.commands import standing
from sekisho.errors import LabError, UsageError
from sekisho.model import Plan
from sekisho.model.changes import change_of
from sekisho.model.terms import in_force
from sekisho.plan import load
from sekisho.resegment.protocol import raise_failure
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection

_READING_S = 120.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a town's control server said of its switches.

    Attributes:
        folder: The run folder of the town.
        plan: The plan that is in force, with every change laid over it, at this moment.
        changes: Numbers of these changes.
        dumps: What each switch dumps.
    """

    folder: Path
    plan: Plan
    changes: tuple[int, ...]
    dumps: dict[str, str]


def read_running(args: Namespace) -> Reading:
    """Read the town that *args* name, or the newest that runs.

    Raises:
        UsageError: None runs, or its plan's file was changed since.
        LabError: It does not answer, or its tables are just being changed.
    """
    folder = Path(standing.find(args.out, args.town).folder)
    try:
        with JsonLineConnection.to(folder / SOCKET) as town_client:
            answer = town_client.ask({"op": "dumps"}, _READING_S)
    except OSError as error:
        raise LabError(f"{folder}: the town's control server does not answer ({error})") from error
    raise_failure(answer)
    origin = _origin(answer)
    changes = tuple(map(change_of, answer["changes"]))
    plan = in_force(origin, changes, datetime.fromisoformat(answer["moment"]))
    return Reading(folder, plan, tuple(change.number for change in changes), answer["dumps"])


def _origin(answer: dict[str, Any]) -> Plan:
    """Return the plan of the town as its file says it, which must be the file that it was."""
    path = Path(answer["plan"])
    here = Path.cwd()
    plan = load(path.relative_to(here) if path.is_relative_to(here) else path)
    if plan.sha256 != answer["sha256"]:
        raise UsageError(f"{plan.path}: was changed after the town was started")
    return plan
