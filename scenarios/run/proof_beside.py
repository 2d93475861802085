"""The tables that a town holds, proved for all packets, beside the probes and in another process.

The dumps of before the first frame are proved; those of after the last must be the same tables.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.engine.config_watch import AFTER, ConfigWatch
from sekisho.errors import LabError
from sekisho.evidence.verdict import write_atomically
from sekisho.model import Label, Plan
from sekisho.openflow.flow_dump import digest, flows
from sekisho.spoken import japanese

FILE = "proof.json"
_TIMEOUT_S = 600.0
_WRONG = Label(
    "全パケットの証明: 禁止経路 {forbidden}、届くべきで届かない経路 {missing}",
    "proof over all packets: {forbidden} forbidden paths, {missing} promised paths missing",
)
_REFUSED = Label("全パケットの証明ができません: {why}", "not proved for all packets: {why}")
_CHANGED = "the tables are not those that were read before the first frame"
_ASKED = "proof.asked"


class Proving:
    """A proof that is under way.

    Args:
        plan: The town's plan that is in force.
        dumps: Of every switch, before the first frame.
        folder: The run folder.
        is_final: Whether its findings are told also where the fabric is known not to be as planned.

    Attributes:
        peak_mb: The most memory that it has used, in MiB; 0 until it has ended.
    """

    peak_mb = 0

    def __init__(
        self, plan: Plan, dumps: Mapping[str, str], folder: Path, *, is_final: bool = False
    ) -> None:
        self._folder, self._digests, self._is_final = folder, _digests(dumps), is_final
        asked = self._asked = folder / "log" / _ASKED
        asked.parent.mkdir(exist_ok=True)
        asked.write_bytes(pickle.dumps((plan, dict(dumps))))
        self._errors = folder / "log" / "proof.log"
        with asked.open("rb") as given, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sekisho.proof"],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def end(self, around: ConfigWatch) -> None:
        """Wait for the proof, write it down, and note what it found.

        Raises:
            LabError: The proof itself broke.
        """
        found = self._found()
        self.peak_mb = int(found["memory_mb"])
        if not found["refused"] and _digests(around.dumps) != self._digests:
            found = {"schema": found["schema"], "refused": _CHANGED}
        write_atomically(
            self._folder / FILE, json.dumps(found, ensure_ascii=False, indent=1).encode()
        )
        if around.differences and not self._is_final:
            return  # the tables were tampered with, which is told already
        if found["refused"]:
            why = str(found["refused"]).splitlines()[0]
            said = Label(_REFUSED.ja.format(why=japanese(why)), _REFUSED.en.format(why=why))
            around.note(AFTER, "proof", "", said)
        elif found["forbidden"] or found["missing"]:
            said = Label(_WRONG.ja.format(**found), _WRONG.en.format(**found))
            around.note_finding("proof", "", said)

    def stop(self) -> None:
        """End the proof, where the run ends before it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _found(self) -> dict[str, Any]:
        try:
            said, _ = self._process.communicate(timeout=_TIMEOUT_S)
            found: dict[str, Any] = json.loads(said)
        except (subprocess.TimeoutExpired, ValueError) as error:
            self.stop()
            raise LabError(
                f"the proof over all packets did not end as it should: {error}\n"
                f"  hint: {self._errors} says why"
            ) from error
        self._asked.unlink()  # what was asked stands in the run folder's dumps
        return found


def _digests(dumps: Mapping[str, str]) -> dict[str, str]:
    return {switch: digest(flows(dump)) for switch, dump in dumps.items()}
