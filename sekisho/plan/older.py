"""Plans of another version: which version a file says, and what its facts tell by themselves.

A plan of version 1 has no words for what a zone protects. What another part of it says for certain
is taken from there; the rest stays unsaid, and `sekisho plan lint` lists it. Two letters of layers
are taken for what version 1 itself took them for, since the mistake would be on the safe side. A
plan of a later version is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sekisho.errors import Fault
from sekisho.model import CellKind, Plan, Protection, Zone
from sekisho.model.pools import pools
from sekisho.plan.keys import LANGUAGE_VERSION, OLDEST_VERSION
from sekisho.plan.nodes import Mapping, Node, Scalar
from sekisho.plan.places import Sheets

#: Letters that version 1 refused and warned by; of the second only where no port is moved to.
_RESIDENT, _MANAGEMENT = "M", "G"
#: Denials whose destinations can only be such zones.
_TOWARDS = {
    "MN-01": Protection.RESIDENT,
    "MN-07": Protection.RESIDENT,
    "TW-01": Protection.RESIDENT,
    "MG-01": Protection.MANAGEMENT,
}
#: Denials whose sources can only stand in such zones.
_FROM = {"TW-01": Protection.TELEWORK, "WL-04": Protection.VISITOR}


def said_version(root: Node) -> int:
    """Return the version that a file says it is written in; the oldest where it says nonsense."""
    said = {
        name.text: value.text
        for name, value in (root.entries if isinstance(root, Mapping) else ())
        if isinstance(value, Scalar)
    }
    return LANGUAGE_VERSION if said.get("sekisho") == str(LANGUAGE_VERSION) else OLDEST_VERSION


def later_version(root: Node, sheets: Sheets) -> Iterator[Fault]:
    """Yield the one fault of a plan in a later version: what else it says, nobody here knows."""
    for name, value in root.entries if isinstance(root, Mapping) else ():
        said = value.text if name.text == "sekisho" and isinstance(value, Scalar) else ""
        if said.isdecimal() and int(said) > LANGUAGE_VERSION:
            known = f"{OLDEST_VERSION} to {LANGUAGE_VERSION}"
            text = f"sekisho: {said} is not a whole number from {known}"
            hint = f"this Sekisho reads versions {known} of the plan language"
            yield sheets.fault(value.line, text, hint)


def derived(plan: Plan) -> Plan:
    """Return *plan* with the protection of each zone of which the rest of it leaves no doubt."""
    told = {zone.id: set(_told(plan, zone)) for zone in plan.zones if zone.protection is None}
    zones = tuple(
        replace(zone, protection=told[zone.id].pop()) if len(told.get(zone.id, ())) == 1 else zone
        for zone in plan.zones
    )
    return replace(plan, zones=zones)


def _told(plan: Plan, zone: Zone) -> Iterator[Protection]:
    """Yield what each part of *plan* says that *zone* protects."""
    if zone.layer == _RESIDENT:
        yield Protection.RESIDENT
    if zone.layer == _MANAGEMENT and not any(pool.zone == zone.id for pool in pools(plan)):
        yield Protection.MANAGEMENT
    members = [a for a in plan.attachments if a.zone == zone.id]
    if members and not any(a.registered for a in members):
        yield Protection.QUARANTINE
    for note in plan.notes:
        if note.kind is not CellKind.DENY:
            continue
        if note.id in _TOWARDS and any(a.destination in note.destinations for a in members):
            yield _TOWARDS[note.id]
        if note.id in _FROM and any(a.source in note.sources for a in members):
            yield _FROM[note.id]
