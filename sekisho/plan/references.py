"""Every name in a plan names something: the references that the table of keys declares.

Driven by ``Key.refers``; knows no key by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sekisho.errors import Fault
from sekisho.model import PortRef
from sekisho.plan.kinds import CONTAINERS, Key, Kind
from sekisho.plan.places import Places, show, suggestion
from sekisho.plan.record import ALL, Record

_ONE = {
    "sites": "site", "switches": "switch", "airs": "air", "hubs": "hub", "zones": "zone",
    "services": "service", "sources": "source class", "destinations": "destination class",
    "attachments": "attachment", "devices": "device", "rules": "rule",
}  # fmt: skip


def check_references(plan: Record, places: Places) -> Iterator[Fault]:
    """Yield a fault for every name that names nothing."""
    yield from _walk(plan, _names(plan), places, prefix="")


def _names(plan: Record) -> dict[str, tuple[str, ...]]:
    names = {
        section: tuple(record.id for record in plan.records(section))
        for section in _ONE
        if section not in ("attachments", "rules")
    }
    devices = plan.records("devices")
    attachments = [f"{d.id}.{a.id}" for d in devices for a in d.records("attachments")]
    names["attachments"] = (*attachments, *(d.id for d in devices))
    cells = (c.text("id") for c in plan.records("cells") if c.text("kind") == "planned")
    names["rules"] = (*(c.text("id") for c in plan.records("policy")), *filter(None, cells))
    return names


def _walk(
    record: Record, names: Mapping[str, tuple[str, ...]], places: Places, *, prefix: str
) -> Iterator[Fault]:
    for key in record.section.keys:
        value = record.values[key.name]
        path = prefix + key.name
        if key.kind in CONTAINERS or isinstance(value, Record):
            children = value if isinstance(value, tuple) else (value,)
            for child in children:
                if isinstance(child, Record):
                    yield from _walk(child, names, places, prefix=f"{child.path}.")
        elif key.refers:
            for place, name in _uses(key, value, path):
                if name not in names[key.refers]:
                    text = f"unknown {_ONE[key.refers]} {show(name)}"
                    yield places.fault(place, text, suggestion(name, names[key.refers]))


def _uses(key: Key, value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield (place, name) for every name that a value uses."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, PortRef):
        yield path, value.switch
    elif key.kind in (Kind.NETWORKS, Kind.ADDRESSES) and isinstance(value, tuple):
        for site in dict.fromkeys(str(site) for site, _ in value):
            yield f"{path}.{site}", site
    elif isinstance(value, tuple) and not (
        key.kind in (Kind.NAMES_OR_ALL, Kind.PARTY) and value == (ALL,)
    ):
        for n, name in enumerate(value, 1):
            yield f"{path}[{n}]", str(name)
