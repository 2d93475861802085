"""What is tried again when a port was moved: what the change concerns, and what must never pass.

The town is up and its tables have changed under way; everything else is a check like any other,
with a run folder of its own, ``retests/NUMBER-WHAT`` in the folder of the town.
"""

from __future__ import annotations

import copy
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from scenarios.engine.config_watch import ConfigWatch
from scenarios.probes.pairs import every_pair
from scenarios.probes.windows import Batching, Scope, Window, windows
from scenarios.run.proof_beside import Proving, Remembered
from scenarios.run.prover import Prover
from scenarios.run.runner import Check, Leave, Meddle
from scenarios.suites.scope import Run
from scenarios.suites.services import Exchange, exchanges
from scenarios.suites.suite import Suite
from sekisho.errors import UsageError
from sekisho.intent.sentences import NORMAL
from sekisho.model import JST, Attachment, Label, Plan
from sekisho.model.changes import Change, opened_clause
from sekisho.model.terms import in_force
from sekisho.report.proof import short
from sekisho.report.reading import read
from sekisho.report.writing import write_reports
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import JOURNAL_FILE
from topologies.town import Town

AFFECTED, MUST_DROP = "affected", "must-drop"
_CONCERNED = Label(
    "系統変更の再試験(変更に関わる組だけ)", "a re-test after a change: only what it concerns"
)
_ALL_LINES = Label(
    "系統変更の再試験(重点確認項目の組だけ)", "a re-test after a change: only the main points"
)
#: Nearly every frame of a re-test is the moved device's own: its ring must hold a whole window.
_MOST_FRAMES = 1500


class Retest(Check):
    """Tries a part of the gate on a town that is up.

    Args:
        town: The town.
        plan: The plan that is in force, with every change laid over it.
        folder: Where the run goes.
        concerned: Attachments that the change concerns; None for the list of what must drop.
        remembered: What was proved last of the town; None where nothing is kept.
    """

    def __init__(
        self,
        town: Town,
        plan: Plan,
        folder: Path,
        concerned: frozenset[str] | None,
        remembered: Remembered | None = None,
    ) -> None:
        self._remembered = remembered or Remembered()
        suite, occasion = ("smoke", _ALL_LINES) if concerned is None else ("gate", _CONCERNED)
        run = Run(folder.name, suite, 1, "", "", occasion=occasion)
        own = copy.copy(town)
        own.plan = plan
        super().__init__(plan, folder, run, town=own)
        self._concerned = concerned

    def _in_town(self, meddle: Meddle | None, leave: Leave | None) -> None:
        self._try(self._town, self._built(), meddle, leave)

    def _begin_proof(self, town: Town, around: ConfigWatch) -> Proving | None:
        """Prove all tables: a change may open what none of its own cells shows."""
        return Proving(self._plan, around.dumps, self._folder, remembered=self._remembered)

    def _suite(self) -> Suite:
        return _Part(self._plan, self._run, self._manifest, self._concerned)


class _Part(Suite):
    """The part of the gate that a change concerns, or what page one speaks about."""

    def __init__(
        self, plan: Plan, run: Run, manifest: dict[str, Any], concerned: frozenset[str] | None
    ) -> None:
        super().__init__(plan, run, manifest)
        self._concerned = concerned

    def _every(self) -> list[Window]:
        if self._concerned is not None:
            scope = Scope(pairs=every_pair(self._plan), only=self._is_concerned)
            batching = Batching(_MOST_FRAMES)
            return list(windows(self._plan, seed=self._run.seed, scope=scope, batching=batching))
        scope = Scope("smoke", only=self._must_drop)
        return list(windows(self._plan, seed=self._run.seed, scope=scope))

    def exchanges(self) -> list[Exchange]:
        return [e for e in exchanges(self._plan) if self._is_concerned(e.source, e.target)]

    def _is_concerned(self, source: Attachment, target: Attachment) -> bool:
        return not {source.id, target.id}.isdisjoint(self._concerned or ())

    def _must_drop(self, source: Attachment, target: Attachment) -> bool:
        """Whether a line of page one speaks about the pair."""
        return any(
            line.state == NORMAL and line.covers(source, target) for line in self._plan.must_drop
        )


class Retester:
    """Answers ``{"op": "retest", "number": 3, "what": "affected"}`` at the control server."""

    def __init__(self, town: Town) -> None:
        self._town, self._remembered = town, Remembered()
        town.at_end(self._remembered.end)

    @property
    def prover(self) -> Prover:
        """The process that remembers the town's last proof."""
        return self._remembered.prover

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """Try again, and return the summary and where the run folder is.

        Raises:
            UsageError: There is no such change, or nothing of that kind to try.
        """
        journal = Journal(self._town.folder / JOURNAL_FILE)
        number, what = int(request["number"]), str(request.get("what", AFFECTED))
        if number not in journal.changes:
            raise UsageError(f"change {number}: there is none")
        if what not in (AFFECTED, MUST_DROP):
            raise UsageError(f"what: {AFFECTED} or {MUST_DROP}")
        plan = in_force(self._town.plan, journal.standing, datetime.now(JST))
        concerned = concerned_by(plan, journal.changes[number]) if what == AFFECTED else None
        folder = _fresh(self._town.folder / "retests", f"{number}-{what}")
        check = Retest(self._town, plan, folder, concerned, self._remembered)
        status = check.run()
        record = read(folder)
        write_reports(record)
        summary = asdict(record.summary) if record.summary else None
        done = {"summary": summary, "exit": status, "folder": str(folder), "what": what}
        return done | {"sealed": record.sealed, "proof": short(record.proof)}


def concerned_by(plan: Plan, change: Change) -> frozenset[str]:
    """Return the attachments whose rights the change has touched, or that may be reached by it."""
    out = {move.attachment for move in change.moves}
    for link in change.links:
        for allow in opened_clause(plan.origin, link).allows:
            out |= {a.id for a in plan.attachments if allow.lets(a) or allow.reaches(a)}
    return frozenset(out)


def _fresh(parent: Path, name: str) -> Path:
    """A folder that is not there yet."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    out = parent / f"{name}-{number}"
    (out / "log").mkdir(parents=True)
    return out
