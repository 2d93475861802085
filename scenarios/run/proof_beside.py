"""The tables that a town holds, proved for all packets, beside the probes and in another process.

The dumps of before the first frame are proved; those of after the last must be the same tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scenarios.engine.config_watch import AFTER, ConfigWatch
from scenarios.run.prover import Prover
from sekisho.evidence.writing import write_atomically
from sekisho.model import Label, Plan
from sekisho.openflow.flow_dump import digest, flows
from sekisho.report.reading import PROOF_FILE
from sekisho.spoken import japanese

_TIMEOUT_S = 600.0
_WRONG = Label(
    "全パケットの証明: 禁止経路 {forbidden}、届くべきで届かない経路 {missing}",
    "proof over all packets: {forbidden} forbidden paths, {missing} promised paths missing",
)
_REFUSED = Label("全パケットの証明ができません: {why}", "not proved for all packets: {why}")
_CHANGED = "the tables are not those that were read before the first frame"


class Remembered:
    """The last proof of a town that stays: the same tables under the same plan need no other.

    Attributes:
        prover: The process that keeps what it has computed; `end` ends it.
    """

    def __init__(self) -> None:
        self.prover = Prover(is_kept=True)
        self._last: tuple[Plan, dict[str, str], dict[str, Any]] | None = None

    def found(self, plan: Plan, digests: dict[str, str]) -> dict[str, Any] | None:
        """Return what was found of tables with these *digests*; None where it is not known."""
        if self._last is None or self._last[:2] != (_bare(plan), digests):
            return None
        return dict(self._last[2])

    def keep(self, plan: Plan, digests: dict[str, str], found: dict[str, Any]) -> None:
        """Remember what was *found*."""
        self._last = _bare(plan), digests, dict(found)

    def end(self) -> None:
        """Keep nothing any more."""
        self._last = None
        self.prover.end()


class Proving:
    """A proof that is under way.

    Args:
        plan: The town's plan that is in force.
        dumps: Of every switch, before the first frame.
        folder: The run folder.
        remembered: The last proof, of a town that is tried again and again: then all of it is told
            also where the fabric is known not to be as planned; else a forbidden path alone is.

    Attributes:
        peak_mb: The most memory that it has used, in MiB; 0 until it has ended.
        refused: Why nothing is proved; empty where something is.
    """

    peak_mb = 0
    refused = "it has not ended"

    def __init__(
        self,
        plan: Plan,
        dumps: Mapping[str, str],
        folder: Path,
        *,
        remembered: Remembered | None = None,
    ) -> None:
        self._plan, self._folder, self._digests = plan, folder, _digests(dumps)
        self._remembered = remembered
        self._prover = remembered.prover if remembered is not None else Prover(is_kept=False)
        known = remembered.found(plan, self._digests) if remembered is not None else None
        self._known, self._is_asked = known, known is None
        if self._is_asked:
            self._prover.ask(plan, dumps, folder / "log")

    def end(self, around: ConfigWatch) -> None:
        """Wait for the proof, write it down, and note what it found.

        Raises:
            LabError: The proof itself broke.
        """
        found = self._found()
        if not found["refused"] and _digests(around.dumps) != self._digests:
            found = {"schema": found["schema"], "refused": _CHANGED}
        write_atomically(
            self._folder / PROOF_FILE, json.dumps(found, ensure_ascii=False, indent=1).encode()
        )
        self.refused = str(found["refused"])
        is_told = bool(around.differences) and self._remembered is None  # tables are not as planned
        if found["refused"]:
            if is_told:
                return
            why = str(found["refused"]).splitlines()[0]
            said = Label(_REFUSED.ja.format(why=japanese(why)), _REFUSED.en.format(why=why))
            around.note(AFTER, "proof", "", said)
        elif found["forbidden"] or (found["missing"] and not is_told):
            said = Label(_WRONG.ja.format(**found), _WRONG.en.format(**found))
            around.note_finding("proof", "", said)

    def stop(self) -> None:
        """End the proof, where the run ends before it."""
        if self._is_asked:
            self._prover.end()
            self._is_asked = False

    def _found(self) -> dict[str, Any]:
        if not self._is_asked:
            return dict(self._known or {})
        self._is_asked = False  # it ends with its answer, or breaks
        found = self._prover.answer(_TIMEOUT_S)
        self.peak_mb = int(found["memory_mb"])
        if self._remembered is not None:
            self._remembered.keep(self._plan, self._digests, found)
        return found


def _bare(plan: Plan) -> Plan:
    """Return *plan* without the moment: which rules hold then is in its rules."""
    return replace(plan, moment=None)


def _digests(dumps: Mapping[str, str]) -> dict[str, str]:
    return {switch: digest(flows(dump)) for switch, dump in dumps.items()}
