"""A hall with many desks, for the bench: a hundred ports of it can be moved at once."""

from __future__ import annotations

from collections.abc import Iterator

_SERVER = 3
_A_FLOOR = 50  # desks on one switch: what a block of 64 addresses holds


def hall(desks: int) -> str:
    """Return the plan of a hall with *desks* wired desks, fifty on a floor, and two servers."""
    floors = -(-desks // _A_FLOOR)
    return "\n".join((*_head(floors), *_devices(desks), *_tail())) + "\n"


def _head(floors: int) -> Iterator[str]:
    yield "sekisho: 1"
    yield "town: {id: hall, label: {ja: 開票所, en: Counting hall}, profile: bench, edition: R4.3}"
    yield "sites:\n  hall: {label: {ja: 庁舎, en: Hall}}"
    yield "zones:"
    for number, (zone, layer) in enumerate((("desk", "B"), ("spare", "W"), ("room", "M")), 1):
        label = f"{{ja: {zone}, en: {zone}}}"
        subnets = f"{{hall: 10.{number}.0.0/23}}"
        yield f"  {zone}: {{label: {label}, layer: {layer}, vlan: {number}, subnets: {subnets}}}"
    yield "switches:"
    yield "  srv: {label: {ja: サーバ室, en: Room}, site: hall, role: server, ports: 10}"
    for n in range(1, floors + 1):
        yield f"  fl{n}: {{label: {{ja: {n}F, en: F{n}}}, site: hall, role: access, ports: 60}}"
    yield "links:"
    for n in range(1, floors + 1):
        yield f'  - {{a: "fl{n}:60", b: "srv:{n}", mbps: 1000}}'
    yield "services:"
    for name, port in (("https", 443), ("http", 80)):
        label = f"{{ja: {name}, en: {name}}}"
        yield f"  {name}: {{label: {label}, protocol: tcp, ports: [{port}], kind: {name}}}"
    for key in ("sources", "destinations"):
        yield f"{key}:"
        for n, name in enumerate(("desk", "spare", "room"), 1):
            yield f"  {key[0].upper()}{n}: {{label: {{ja: {name}, en: {name}}}}}"


def _devices(desks: int) -> Iterator[str]:
    yield "devices:"
    for n in range(desks):
        at = f"fl{n // _A_FLOOR + 1}:{n % _A_FLOOR + 1}"
        ip, mac = f"10.1.1.{n + 10}", f"02:01:00:00:00:{n:02x}"
        yield from _device(f"d{n}", at, f"zone: desk, ip: {ip}", mac, 1)
    yield from _device("spare", "fl1:59", "zone: spare, ip: 10.2.1.10", "02:02:00:00:00:01", 2)
    yield from _device("room", "srv:9", "zone: room, ip: 10.3.0.10", "02:03:00:00:00:01", 3)


def _device(name: str, at: str, place: str, mac: str, number: int) -> Iterator[str]:
    yield f"  {name}:\n    label: {{ja: {name}, en: {name}}}"
    if number == _SERVER:
        yield "    services: [https, http]"
    classes = f"source: S{number}, destination: D{number}"
    yield f'    attachments:\n      lan: {{at: "{at}", {place}, mac: "{mac}", {classes}}}'


def _tail() -> Iterator[str]:
    yield "policy:"
    for rule, source, service in (("A01", "S1", "https"), ("A02", "S2", "http")):
        yield f"  - id: {rule}\n    purpose: {{ja: 業務, en: Work}}\n    basis: design"
        yield f"    allow: [{{from: [{source}], to: D3, services: [{service}]}}]"
