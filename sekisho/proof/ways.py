"""What rules do alike, each with values of its own: one way, which their packets go together.

A switch has a rule for each of its desks that writes two addresses and lets packets out by one
port. Followed one by one, what may be sent to each is carried again for each desk; followed as one
set, in which the address decides the port, it is carried once.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import takewhile
from typing import NamedTuple

from sekisho.openflow.rules import Action, DecTtl, Move, Output, PushVlan, SetField, Track
from sekisho.proof.fields import HEADER, slot

_LAST_PORT = 0xFFFFFF00  # OFPP_MAX, OpenFlow 1.3.5, 7.2.1: above it ports are words


class Doing(NamedTuple):
    """What a rule does: actions, then metadata (value, mask), then the next table."""

    actions: tuple[Action, ...]
    metadata: tuple[int, int] | None
    goto: int | None


class Way(NamedTuple):
    """What is done alike: some actions, then values are written, then some more.

    Attributes:
        fields: The fields whose values are written.
        mask: The bits of metadata that are.
        leaves: Whether packets leave at last, each by a port of its own.
    """

    before: tuple[Action, ...]
    fields: tuple[str, ...]
    mask: int
    after: tuple[Action, ...]
    goto: int | None
    leaves: bool


def way_of(doing: Doing, asked: AbstractSet[str], read: int) -> Way | None:
    """Return the way of which *doing* is one; None where it must be followed by itself.

    Args:
        doing: What a rule does. In which zone it only counts makes no difference to a packet.
        asked: Every field that some rule of the same table asks for.
        read: The bits of metadata that some rule of the same table asks for.
    """
    leaving = _leaving(doing, asked)
    if leaving is not None:
        return leaving
    _, mask = doing.metadata or (0, 0)
    if doing.actions and all(isinstance(a, Track) and a.mark for a in doing.actions) and not mask:
        shares = tuple(replace(a, zone=0) for a in doing.actions if isinstance(a, Track))
        return Way((), (), 0, shares, doing.goto, leaves=False)
    if mask & read or not all(map(_is_plain, doing.actions)):
        return None
    return Way((), (), mask, doing.actions, doing.goto, leaves=False)


def _leaving(doing: Doing, asked: AbstractSet[str]) -> Way | None:
    """Return the way out of the switch by one port, behind whatever is written.

    What is written may be written all at once, since nothing in between reads it, and together
    with what other packets of the table get, since nothing that the table asks for is changed.
    """
    *actions, last = doing.actions or (None,)
    if doing.metadata or doing.goto is not None or not _is_port(last):
        return None
    before = tuple(takewhile(_is_first, actions))
    written = tuple(takewhile(lambda a: isinstance(a, SetField), actions[len(before) :]))
    after = tuple(actions[len(before) + len(written) :])
    fields = tuple(slot(action.field) for action in written if isinstance(action, SetField))
    changed = {*fields, *(name for action in before for name in _changes(action))}
    if changed & asked or not changed <= HEADER.keys() or len(set(fields)) < len(fields):
        return None
    if not all(isinstance(a, DecTtl) for a in after) or {"nw_ttl", "eth_type"} & set(fields):
        return None
    return Way(before, fields, 0, after, None, leaves=True)


def _is_port(action: Action | None) -> bool:
    return isinstance(action, Output) and 0 < action.port < _LAST_PORT


def _is_first(action: Action | None) -> bool:
    return isinstance(action, PushVlan | Move)


def _changes(action: Action | None) -> tuple[str, ...]:
    return (slot(action.target),) if isinstance(action, Move) else ("vlan_vid",)


def _is_plain(action: Action) -> bool:
    """Tell whether *action* neither knows the metadata nor lets a copy go on elsewhere."""
    match action:
        case Move(source, target, _, _):
            return "metadata" not in (source, target)
        case SetField(field, _):
            return field != "metadata"
    return not isinstance(action, Track | Output)
