"""A town whose ports were moved since its plan was written: the plan, and changes laid over it.

The plan's file is never rewritten. A change says who asked, when and why; laid over the plan in
their order, the changes that stand give the plan that is in force. Pure: knows no switch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address
from typing import Any

from sekisho.model import Attachment, Basis, CellKind, Clause, Plan, PortRef

#: The last second of the year 2099, UTC: a change ends before, or is undone by somebody.
LATEST_MOMENT = 4102444799


@dataclass(frozen=True, slots=True)
class Move:
    """What one attachment is from now on.

    Attributes:
        attachment: Its id.
        port: Where it stands, as ``switch:port``; a move never changes that.
        zone: Network that it is in.
        source: Its source class.
        destination: Its destination class.
        ip: Its address there.
        registered: False where it is put in quarantine.
    """

    attachment: str
    port: str
    zone: str
    source: str
    destination: str
    ip: str
    registered: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Something that somebody asked for, and that stands until it is undone or its time is over.

    Attributes:
        number: 1-based, in the order of the journal.
        to: What was asked for: a zone, a class, ``quarantine``, or ``open``.
        moves: Attachments that are moved; all or none.
        links: Ids of planned permissions that are opened (``P28``).
        reason: Why, in the words of whoever asked.
        by: Who asked.
        at: When, in seconds since 1970.
        until: When it undoes itself, or None.
    """

    number: int
    to: str
    moves: tuple[Move, ...]
    links: tuple[str, ...]
    reason: str
    by: str
    at: float
    until: float | None

    @property
    def touches(self) -> frozenset[str]:
        """The ports and planned permissions that it changes."""
        return frozenset((*(m.port for m in self.moves), *self.links))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


def change_of(data: dict[str, Any]) -> Change:
    """Read what `Change.as_json` wrote.

    Raises:
        KeyError, TypeError: It is not a change.
    """
    moves = tuple(Move(**move) for move in data["moves"])
    return Change(**{**data, "moves": moves, "links": tuple(data["links"])})


def apply_changes(plan: Plan, changes: Iterable[Change]) -> Plan:
    """Return *plan*, as its file says it, with the standing *changes* laid over it in order."""
    origin = plan.origin
    moves: dict[str, Move] = {}
    links: list[str] = []
    for change in changes:
        moves |= {move.attachment: move for move in change.moves}
        links += [link for link in change.links if link not in links]
    if not moves and not links:
        return origin
    devices = tuple(
        replace(d, attachments=tuple(_moved(a, moves.get(a.id)) for a in d.attachments))
        if any(a.id in moves for a in d.attachments)
        else d
        for d in origin.devices
    )
    opened = tuple(opened_clause(origin, link) for link in links)
    return replace(origin, devices=devices, clauses=(*origin.clauses, *opened), base=origin)


def _moved(attachment: Attachment, move: Move | None) -> Attachment:
    if move is None:
        return attachment
    return replace(
        attachment,
        zone=move.zone,
        source=move.source,
        destination=move.destination,
        ip=IPv4Address(move.ip),
        registered=move.registered,
    )


def opened_clause(plan: Plan, link: str) -> Clause:
    """Return the permission that the planned cell *link* becomes when it is opened.

    Raises:
        KeyError: The plan has no such planned cell, or does not say what it would permit.
    """
    for note in plan.notes:
        if note.kind is CellKind.PLANNED and note.id == link and note.services:
            return Clause(link, note.label, Basis.DESIGN, "", note.permits, None, note.where)
    raise KeyError(link)


def standing_at(plan: Plan, port: PortRef) -> tuple[Attachment, ...]:
    """Return who stands at *port*."""
    return tuple(a for a in plan.attachments if a.at == port)
