"""Witness f: that the fabric is as planned, before the first frame, after the last, and between.

Everything that can be read of it is compared with what the plan compiles to and what the town was
made with (`topologies.ovs.state`), past the controller; and the controller is asked whether it
holds every table for in force. What differs is named. A run whose fabric was not as planned is not
passed, whatever its frames did.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from scenarios.capture.places import Place
from sekisho.compiler.tables import compile_town
from sekisho.evidence import unhealed
from sekisho.evidence.finding import Difference
from sekisho.model import Label, Plan, PortRef
from sekisho.openflow.flow_dump import age_s
from topologies.ovs import state
from topologies.ovs.meanwhile import Meanwhile
from topologies.town import Town

BEFORE, AFTER, MEANWHILE = "before", "after", "meanwhile"
#: What somebody else's controller decides by itself.
_THEIRS = frozenset({"rule", "group", "meter", "setting"})
_MOST = 200  # differences that are written down at each reading; the others are counted


class ConfigWatch:
    """Compare the fabric of *town* with its plan, whenever asked.

    Attributes:
        dumps: The flow dump of every switch, as last read.
        differences: What was found so far.
    """

    def __init__(self, town: Town, plan: Plan) -> None:
        self._town, self._plan = town, plan
        self.dumps: Mapping[str, str] = {}
        self.differences: list[Difference] = []
        self._read_at = 0.0
        self._drifts = len(self._drifted())

    def compare(self, when: str, *, down: Iterable[PortRef] = ()) -> None:
        """Read everything, and note what differs from the plan.

        Args:
            when: Word for the moment.
            down: Ports of lines that are cut on purpose.

        Raises:
            LabError: Something does not answer.
        """
        cut = tuple(down)
        reading, read_at = state.read(self._town), time.monotonic()
        self._look_at_ages(reading.dumps, read_at)
        self.dumps, self._read_at = reading.dumps, read_at
        tables = compile_town(self._plan, down=cut)
        wanted = state.planned(self._town, self._plan, tables, cut)
        found = state.differences(wanted, reading.statements, cut)
        if not self._town.is_ours:
            switches = {s.id for s in self._plan.switches}
            found = [
                d
                for d in found
                if d.statement.place not in switches or d.statement.kind not in _THEIRS
            ]
        for each in found[:_MOST]:
            kind, place = each.statement.kind, each.statement.place
            if kind == "interface" and not each.is_missing:  # a way in or out that nobody planned
                self.note_finding(kind, place, each.label)
            else:
                self.note(when, kind, place, each.label)
        if len(found) > _MOST:
            left = len(found) - _MOST
            label = Label(f"ほかに相違が{left:,}件ある", f"{left:,} more differences")
            self.note(when, "more", "", label)

    def _look_at_ages(self, dumps: Mapping[str, str], read_at: float) -> None:
        """Note a switch whose rules have not grown older: what was read is not what there is."""
        passed_s = read_at - self._read_at
        for switch, dump in dumps.items():
            before = self.dumps.get(switch)
            if before is None or age_s(dump) - age_s(before) > passed_s / 2:
                continue
            label = Label(
                f"{switch}: 読み取った規則の表が古いままです",
                f"{switch}: what was read of its tables is no older than it was before",
            )
            self.note(AFTER, "instrument", switch, label)

    def ask_controller(self, when: str) -> None:
        """Ask our own controller whether every table is in force now, and note if it is not."""
        if not self._town.is_ours:
            return
        why = self._town.in_force_now()
        if why:
            label = Label(
                f"制御装置は規則の適用を保証していません: {why}",
                f"the controller does not vouch for its tables: {why}",
            )
            self.note(when, "controller", "controller", label)

    def ask_drift(self) -> None:
        """Note whether somebody has changed a table meanwhile that the controller then mended.

        Or could not mend, which is noted with its reason.
        """
        seen = set[tuple[str, str]]()
        for fact in self._drifted()[self._drifts :]:
            switch, kind = str(fact["switch"]), str(fact["event"])
            label = Label(
                f"{switch}: 試験中に規則が変更された(制御装置が復元)",
                f"{switch}: somebody changed its tables meanwhile (the controller mended)",
            )
            if kind == "trouble":
                label = unhealed.label(switch, str(fact["why"]))
            if (switch, kind) not in seen:
                self.note(AFTER, kind, switch, label)
            seen.add((switch, kind))

    def note_changes(self, meanwhile: Meanwhile | None) -> None:
        """Note what has changed since *meanwhile* began to listen, whether it was undone or not."""
        for kind, place, words in meanwhile.changes() if meanwhile is not None else ():
            label = Label(
                f"{place}: 試験中に変更された: {words}", f"{place}: changed meanwhile: {words}"
            )
            self.note(MEANWHILE, kind, place, label)

    def note_lost(self, dropped: Mapping[Place, int]) -> None:
        """Note captures that lost copies while no window was tried: any of them may be a leak."""
        for place, lost in dropped.items():
            label = Label(
                f"{place.name}: 記録が{lost:,}個のパケットを取りこぼした",
                f"{place.name}: its capture lost {lost:,} copies",
            )
            self.note(MEANWHILE, "instrument", place.name, label)

    def note(self, when: str, kind: str, place: str, label: Label) -> None:
        """Note something for which the run cannot be judged."""
        self.differences.append(
            Difference(when=when, kind=kind, place=place, ja=label.ja, en=label.en)
        )

    def note_finding(self, kind: str, place: str, label: Label, data: bytes = b"") -> None:
        """Note something that has to be repaired, seen while the run went on."""
        self.differences.append(
            Difference(
                when=MEANWHILE,
                kind=kind,
                place=place,
                ja=label.ja,
                en=label.en,
                hex=data.hex(),
                is_finding=True,
            )
        )

    def _drifted(self) -> list[dict[str, Any]]:
        return [fact for fact in self._town.facts() if fact["event"] in ("drift", "trouble")]
