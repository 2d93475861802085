"""Devices that are written once and stand for many: ``count: 40`` writes forty notebooks.

Works on records, before any name is looked up, and knows the keys of a device alone. A member has
the next number behind the series' name, and the next port, address and MAC of each interface.
Where a plan names the series, it names all of its members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from sekisho.errors import Fault
from sekisho.model import Label, PortRef
from sekisho.plan.kinds import CONTAINERS, Key
from sekisho.plan.places import Places
from sekisho.plan.record import Record

_LONGEST = 10  # letters of a device's id: an interface's name has 15
_MACS = 1 << 48
_NAMING = ("devices", "attachments")  # what a key may refer to that a series stands for


def expanded(root: Record, places: Places) -> tuple[Record, Places, tuple[Fault, ...]]:
    """Return the plan with every series written out.

    Args:
        root: The whole plan.
        places: Where its parts stand; a member stands where its series does.

    Returns:
        The plan, the places with those of the members, and what is wrong with a series.
    """
    series = {d.id: tuple(_members(d)) for d in root.records("devices") if _count(d)}
    if not series:
        return root, places, ()
    lines, members = dict(places.lines), dict[str, str]()
    faults: list[Fault] = []
    alone = {d.id for d in root.records("devices") if d.id not in series}
    for name, own in series.items():
        whole = f"devices.{name}"
        for number, member in enumerate(own, 1):
            if member.id in alone:
                text = f"'{member.id}' is also member {number} of the series '{name}'"
                hint = f"rename one: the series stands at line {places.line(whole)}"
                faults.append(places.fault(member.path, text, hint))
            members[member.path] = f"{number} of {len(own)} of the series '{name}'"
            lines |= {
                member.path + path.removeprefix(whole): line
                for path, line in places.lines.items()
                if path == whole or path.startswith(f"{whole}.")
            }
        longest = own[-1].id
        if len(longest) > _LONGEST:
            text = f"its last member '{longest}' has {len(longest)} characters"
            hint = f"a shorter name for the series: a device's has at most {_LONGEST}"
            faults.append(places.fault(whole, text, hint))
    devices = [m for d in root.records("devices") for m in series.get(d.id, (d,))]
    values = {**root.values, "devices": tuple(devices)}
    names = {name: tuple(m.id for m in own) for name, own in series.items()}
    written = _named(replace(root, values=values), names)
    return written, replace(places, lines=lines, members=members), tuple(faults)


def _count(device: Record) -> int:
    count = device.values["count"]
    return count if isinstance(count, int) else 0


def _members(device: Record) -> Iterator[Record]:
    first = device.get("first", int)
    label = device.get("label", Label)
    for step in range(_count(device)):
        number = first + step
        name = f"{device.id}-{number}"
        path = f"devices.{name}"
        attachments = tuple(_moved(a, path, step) for a in device.records("attachments"))
        words = Label(f"{label.ja} {number}", f"{label.en} {number}")
        values = {**device.values, "label": words, "attachments": attachments, "count": None}
        yield replace(device, id=name, path=path, values=values)


def _moved(attachment: Record, device: str, step: int) -> Record:
    """Return an interface of the member that is *step* members behind the first."""
    values = dict(attachment.values)
    at, ip, mac = values["at"], values["ip"], attachment.text("mac")
    if isinstance(at, PortRef):
        values["at"] = PortRef(at.switch, at.port + step)
    if isinstance(ip, IPv4Address):
        values["ip"] = ip + step
    raised = f"{(int(mac.replace(':', ''), 16) + step) % _MACS:012x}"
    values["mac"] = ":".join(raised[i : i + 2] for i in range(0, 12, 2))
    path = f"{device}.attachments.{attachment.id}"
    return replace(attachment, path=path, values=values)


def _named(record: Record, series: Mapping[str, tuple[str, ...]]) -> Record:
    """Return *record* with each name of a series, in lists, replaced by those of its members."""
    values = dict(record.values)
    for key in record.section.keys:
        value = values[key.name]
        if isinstance(value, Record):
            values[key.name] = _named(value, series)
        elif isinstance(value, tuple):
            values[key.name] = tuple(_each(key, value, series))
    return replace(record, values=values)


def _each(
    key: Key, value: tuple[object, ...], series: Mapping[str, tuple[str, ...]]
) -> Iterator[object]:
    for item in value:
        if isinstance(item, Record):
            yield _named(item, series)
        elif key.kind not in CONTAINERS and key.refers in _NAMING and isinstance(item, str):
            name, dot, leg = item.partition(".")
            yield from (f"{m}{dot}{leg}" for m in series[name]) if name in series else (item,)
        else:
            yield item
