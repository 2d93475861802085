"""What a running town's switches hold at this moment, and which changes stand then.

Read with Open vSwitch's own tools, past every controller, and twice: tables that somebody is just
changing are the tables of no plan.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from sekisho.errors import LabError
from sekisho.model import JST
from sekisho.model.changes import Change
from sekisho.openflow.flow_dump import digest, flows
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import JOURNAL_FILE
from topologies.town import Town

_AT_ONCE = 6
#: So far apart are both readings: many times what a change takes from its journal to its last rule.
_APART_S = 0.3


class InstalledTables:
    """Answers ``{"op": "dumps"}`` at the control server of *town*."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def __call__(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Return the plan's file and digest, the changes that stand, the moment, and each dump.

        Raises:
            LabError: A switch does not answer, or something was changed while it was read.
        """
        plan, moment = self._town.plan, datetime.now(JST)
        before, dumps = self._standing(), self._dumps()
        time.sleep(_APART_S)
        again, after = self._dumps(), self._standing()
        unlike = [n for n in dumps if digest(flows(dumps[n])) != digest(flows(again[n]))]
        if unlike or before != after:
            raise LabError(
                f"{' '.join(unlike) or self._journal}: changed between two readings\n"
                "  hint: ask again when nothing is being changed"
            )
        return {
            "plan": str(Path(plan.path).resolve()),
            "sha256": plan.sha256,
            "moment": moment.isoformat(),
            "changes": [change.as_json() for change in after],
            "dumps": dumps,
        }

    @property
    def _journal(self) -> Path:
        return self._town.folder / JOURNAL_FILE

    def _standing(self) -> tuple[Change, ...]:
        return Journal(self._journal).standing

    def _dumps(self) -> Mapping[str, str]:
        names = [switch.id for switch in self._town.plan.switches]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(names, pool.map(self._town.ovs.flows, names), strict=True))
