"""The catalogue applied to a plan: entries times pairs, as windows of cases.

An entry runs on every pair of a documented representative set: each source class at each site
against one target of every class that is denied to it with the gravest severity, and against one
more denied target. Exhaustive recipes run whole on the first pair of each site, sampled elsewhere.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from scapy.packet import Packet as ScapyPacket

from scenarios.probes.frames import Fields, blank
from scenarios.probes.registry import Entry, Kind, Sendable
from scenarios.probes.roles import RoleAssignment, Roles
from scenarios.probes.windows import WINDOW_FRAMES, CasePlan, Frame, Window
from sekisho.model import Attachment, CellKind, Plan
from sekisho.packet.dissect import dissect
from sekisho.packet.packet import Decision, DropPoint, Reason
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import Cell, matrix

#: Bytes of the longest frame that a 1500-byte cable takes (IEEE 802.3, without check sequence).
MAX_FRAME = 1514
# A capture at a terminal holds 4096 frames between two looks (`scenarios.capture.rx_ring`).
_CASE_FRAMES, _TERMINAL_FRAMES = 1000, 3000
_PORT_REASONS = (
    Reason.TAGGED,
    Reason.IPV6,
    Reason.ETHERTYPE,
    Reason.IDENTITY,
    Reason.ARP_CLAIM,
)
_SWITCH_REASONS = (
    Reason.ARP_TARGET,
    Reason.GROUP,
    Reason.NEXT_HOP,
    Reason.FRAGMENT,
    Reason.TTL,
    Reason.DESTINATION,
    Reason.FORWARD,
)

Pair = tuple[Attachment, Attachment]


def representative_pairs(plan: Plan) -> list[Pair]:
    """Return the pairs that every entry runs on, in the order of the plan."""
    cells = matrix(plan)
    out: list[Pair] = []
    seen: set[tuple[str, str]] = set()
    for source in plan.attachments:
        key = (source.source, source.site)
        if key in seen:
            continue
        seen.add(key)
        out += [(source, target) for target in _targets(plan, cells, source)]
    return out


def _targets(
    plan: Plan, cells: dict[tuple[str, str], Cell], source: Attachment
) -> Iterator[Attachment]:
    taken: set[str] = set()
    others: list[Attachment] = []
    for target in plan.attachments:
        cell = cells[source.source, target.destination]
        if cell.kind not in (CellKind.DENY, CellKind.PLANNED) or not source.is_apart(target):
            continue
        if target.destination in taken:
            continue
        taken.add(target.destination)
        if cell.is_must_drop:
            yield target
        else:
            others.append(target)
    if others:
        yield others[source.at.port % len(others)]


@dataclass(slots=True)
class Tried:
    """How often an entry was used, and what of it could not be sent."""

    cases: int = 0
    frames: int = 0
    too_long: int = 0


@dataclass(slots=True)
class _Batch:
    """What has been gathered for a window: no more than the captures hold."""

    cases: list[CasePlan] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)

    def has_room_for(self, case: CasePlan, frames: int) -> bool:
        """Tell whether neither the window nor the captures of its terminals would overflow."""
        busiest = max(self.busy[case.source.id], self.busy[case.to]) + frames
        return busiest <= _TERMINAL_FRAMES and len(self.frames) + frames <= WINDOW_FRAMES

    def add(self, case: CasePlan, frames: list[Frame]) -> None:
        """Gather one case: its frames are heard where they leave and where they arrive."""
        self.cases.append(case)
        self.frames += frames
        for name in {case.source.id, case.to} - {""}:
            self.busy[name] += len(frames)


class Catalogue:
    """Turns entries into windows for one plan.

    Args:
        plan: The town.
        seed: Decides samples and order.
        first_case: Number of the first case.
        first_window: Number of the first window.
    """

    def __init__(self, plan: Plan, *, seed: int, first_case: int, first_window: int) -> None:
        self._plan, self._seed = plan, seed
        self._numbers = itertools.count(first_case)
        self._windows = itertools.count(first_window)
        self._policy, self._assignment, self._cells = (
            Policy(plan),
            RoleAssignment(plan),
            matrix(plan),
        )
        self.tried: dict[str, Tried] = {}

    def windows(self, entries: Sequence[Entry], pairs: Sequence[Pair]) -> Iterator[Window]:
        """Yield the windows of *entries* on *pairs*: a family at a time, stateful entries alone.

        Exotic entries are kept apart: the account that they share would blur that of the others.
        """
        plain = sorted(
            (e for e in entries if e.kind is Kind.FRAMES), key=lambda e: (e.exotic, e.sort_key)
        )
        for _, members in itertools.groupby(plain, key=lambda e: (e.exotic, e.family)):
            yield from self._grouped(list(members), pairs, is_stateful=False)
        for one in entries:
            if one.kind is Kind.STATEFUL:
                yield from self._grouped([one], pairs, is_stateful=True)

    def account(self, entries: Sequence[Entry]) -> list[dict[str, Any]]:
        """Return one line an entry: what was sent, or why nothing was."""
        lines = []
        for one in entries:
            tried = self.tried.get(one.id, Tried())
            kind, reason = one.kind, one.reason
            if kind in (Kind.FRAMES, Kind.STATEFUL) and not tried.frames:
                kind, reason = Kind.SKIPPED, "longer than a 1500-byte cable takes"
            elif tried.too_long:
                reason = (
                    f"{tried.too_long} frames are longer than a 1500-byte cable takes, and not sent"
                )
            lines.append(
                {
                    "id": one.id,
                    "name": one.name,
                    "kind": kind.value,
                    "reason": reason,
                    "cases": tried.cases,
                    "frames": tried.frames,
                }
            )
        return lines

    def _grouped(
        self, entries: list[Entry], pairs: Sequence[Pair], *, is_stateful: bool
    ) -> Iterator[Window]:
        batch = _Batch()
        whole: set[str] = set()
        begun: set[tuple[str, str]] = set()
        for source, target in pairs:
            group = source.source, source.site
            roles = self._assignment.roles(
                source, target, is_whole=source.site not in whole, is_first=group not in begun
            )
            whole.add(source.site)
            begun.add(group)
            for one in entries:
                for case, frames in self._cases(one, roles, source, target):
                    if not batch.has_room_for(case, len(frames)):
                        yield self._window(batch, is_stateful)
                        batch = _Batch()
                    batch.add(case, frames)
        if batch.frames:
            yield self._window(batch, is_stateful)

    def _window(self, batch: _Batch, is_stateful: bool) -> Window:
        number = next(self._windows)
        if not is_stateful:
            random.Random(f"{self._seed}/{number}").shuffle(batch.frames)
        targets = {case.target.id: case.target for case in batch.cases}
        return Window(
            number,
            tuple(targets.values()),
            tuple(batch.cases),
            tuple(batch.frames),
            is_stateful,
        )

    def _cases(
        self, one: Entry, roles: Roles, source: Attachment, target: Attachment
    ) -> Iterator[tuple[CasePlan, list[Frame]]]:
        tried = self.tried.setdefault(one.id, Tried())
        groups: dict[tuple[str, str, DropPoint], list[bytes]] = {}
        for sendable in one.recipe(roles):
            sender, raw = finished(sendable, source.id)
            if len(raw) > MAX_FRAME:
                tried.too_long += 1
                continue
            to, drop = fate(self._policy, raw, self._plan.attachment[sender])
            groups.setdefault((sender, to, drop), []).append(raw)
        for key, raws in groups.items():
            tried.frames += len(raws)
            for first in range(0, len(raws), _CASE_FRAMES):
                tried.cases += 1
                case = self._case(one, key, (source, target))
                part = raws[first : first + _CASE_FRAMES]
                yield case, [Frame(case.number, "raw", NO_FIELDS, raw) for raw in part]

    def _case(self, one: Entry, key: tuple[str, str, DropPoint], pair: Pair) -> CasePlan:
        sender_id, to, drop = key
        sender = self._plan.attachment[sender_id]
        target = pair[1] if sender.id != pair[1].id else pair[0]
        cell = self._cells[sender.source, target.destination]
        return CasePlan(
            number=next(self._numbers),
            source=sender,
            target=target,
            probe=one.id,
            item=0,
            proto=one.family.lower(),
            ports=(),
            spoof="",
            to=to,
            drop=None if to else drop,
            clause="",
            where=cell.where[-1] if cell.where else sender.where,
            cell=cell,
            also=doors(self._plan, sender) if one.exotic and not to else (),
        )


NO_FIELDS = Fields("", "", IPv4Address(0), IPv4Address(0))


def fate(
    policy: Policy, raw: bytes, sender: Attachment, *, is_bare: bool = False
) -> tuple[str, DropPoint]:
    """Who must receive a frame from *sender*, or nobody; and the rule that must drop it.

    Args:
        policy: The plan's meaning.
        raw: The frame.
        sender: Who sends it.
        is_bare: Whether it is put on the cable past whoever sets the sender's tag.
    """
    packet = dissect(raw, sender.at, 0 if is_bare else sender.tag)
    if packet is not None:
        ruling = policy.ruling(packet)
        if ruling.verdict is Decision.ALLOW and ruling.to is not None:
            return ruling.to.id, DropPoint("", "")
        if ruling.drop is not None:
            return "", ruling.drop
    unreadable = DropPoint(Reason.IDENTITY.value, sender.at.switch, str(sender.at.port))
    return "", unreadable


def doors(plan: Plan, sender: Attachment) -> tuple[DropPoint, ...]:
    """Every rule that may drop a strange frame at the port and switch where it enters."""
    switch, port = sender.at.switch, str(sender.at.port)
    at_port = [DropPoint(r.value, switch, port) for r in _PORT_REASONS]
    at_switch = [DropPoint(r.value, switch) for r in _SWITCH_REASONS]
    cells = [
        DropPoint(Reason.CELL.value, switch, f"{sender.source}/{d.id}") for d in plan.destinations
    ]
    return (*at_port, *at_switch, *cells)


def finished(sendable: Sendable, source: str) -> tuple[str, bytes]:
    """Return (sender, bytes) with a blank token in it, behind the packet if nowhere else."""
    sender, packet = sendable if isinstance(sendable, tuple) else (source, sendable)
    raw = bytes(packet) if isinstance(packet, ScapyPacket) else packet
    return sender, raw if blank() in raw else raw + blank()
