"""What a change would bring about, proved before it is made: for the dry run of a re-segmentation.

The tables are those that the switches hold at this moment, with the rules exchanged that the change
would exchange: whatever somebody has put in by hand is in them, too. Nothing is sent or changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scenarios.run.prover import Prover
from sekisho.compiler.incremental import changed_tables
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError, UsageError
from sekisho.model import JST, Plan
from sekisho.model.changes import Change
from sekisho.model.terms import in_force
from sekisho.openflow.rules import Rule
from sekisho.proof.reading import read_dumps
from sekisho.report.proof import short
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import JOURNAL_FILE, ChangeRequest, UndoRequest
from sekisho.resegment.validation import links_asked, plan_moves
from topologies.town import Town

_TIMEOUT_S = 120.0
_READINGS = 3
Tables = dict[str, tuple[Rule, ...]]


class DryRunProof:
    """Answers ``{"op": "prove", ...}``, whose other keys are those of a change or an undoing.

    Args:
        town: The town.
        prover: The process that remembers the town's last proof.
    """

    def __init__(self, town: Town, prover: Prover) -> None:
        self._town, self._prover = town, prover

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what is proved of the tables that there would be, in a line of each language.

        Raises:
            UsageError: There is no such change, or the request is none.
            LabError: The prover does not answer.
        """
        words = {key: value for key, value in request.items() if key != "op"}
        now = datetime.now(JST)
        standing, held = self._read()
        before = in_force(self._town.plan, standing, now)
        after = in_force(self._town.plan, _then(before, standing, words), now)
        self._prover.ask(after, exchanged(held, before, after), self._town.folder / "log")
        return {"proof": short(self._prover.answer(_TIMEOUT_S))}

    def _read(self) -> tuple[tuple[Change, ...], Tables]:
        """Return the changes that stand, and the tables that are held while they stand.

        Raises:
            LabError: One change followed on the other.
        """
        journal = self._town.folder / JOURNAL_FILE
        for _ in range(_READINGS):
            standing = Journal(journal).standing
            dumps = {s.id: self._town.ovs.flows(s.id) for s in self._town.plan.switches}
            if Journal(journal).standing == standing:
                return standing, read_dumps(dumps)
        raise LabError("the tables do not stand still: somebody changes the town meanwhile")


def exchanged(held: Tables, before: Plan, after: Plan) -> Tables:
    """Return the tables *held* with what differs between those of two plans."""
    diff, out = changed_tables(before, after, compile_town(before)), dict(held)
    for switch, gone in diff.gone.items():
        keys = {rule.key for rule in (*gone, *diff.come[switch])}
        kept = [rule for rule in held[switch] if rule.key not in keys]
        out[switch] = (*kept, *diff.come[switch])
    return out


def _then(plan: Plan, standing: tuple[Change, ...], words: dict[str, Any]) -> tuple[Change, ...]:
    """Return the changes that would stand."""
    if "number" in words:
        undone = UndoRequest.from_wire(words).number
        if undone not in {change.number for change in standing}:
            raise UsageError(f"change {undone}: there is none")
        return tuple(change for change in standing if change.number != undone)
    asked = ChangeRequest.from_wire(words)
    links = links_asked(plan, asked.link) if asked.link else ()
    moves = plan_moves(plan, asked.ports, asked.to, standing=standing) if asked.ports else ()
    number = max((change.number for change in standing), default=0) + 1
    return (*standing, Change(number, asked.to or "open", moves, links, "", "", 0.0, None))
