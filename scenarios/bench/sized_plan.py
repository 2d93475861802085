"""Towns of about as many rules as are asked for, for the bench of the proof.

A counting centre: desks of six networks on floors of forty-eight, in turns, and a room of servers
that every floor has a line to. Each network may open two services there, and print on the desks of
the network after the next: every floor sends to every other, and every switch holds the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sekisho.compiler.tables import compile_town
from sekisho.plan import load

_A_FLOOR, _UPLINK, _ZONES = 48, 52, 6
_LEAST = 2 * _ZONES
_PRINT = "print"
_SERVICES = {"https": 443, "http": 80, "sip": 5060, _PRINT: 9100}


def sized(rules: int, folder: Path) -> Path:
    """Write the smallest such town with at least *rules* rules to *folder*; return its path."""
    path = folder / f"sized-{rules}.yaml"
    most = 2 * _LEAST
    while _count(path, most) < rules:
        most *= 2
    least = max(_LEAST, most // 2)
    while least < most:
        desks = (least + most) // 2
        if _count(path, desks) < rules:
            least = desks + 1
        else:
            most = desks
    path.write_text(centre(least), "utf-8")
    return path


def _count(path: Path, desks: int) -> int:
    path.write_text(centre(desks), "utf-8")
    return sum(map(len, compile_town(load(path)).values()))


def centre(desks: int) -> str:
    """Return the plan of such a town with *desks* desks."""
    floors = -(-desks // _A_FLOOR)
    zones = [f"desk{n}" for n in range(1, _ZONES + 1)] + ["room"]
    lines = [
        "sekisho: 1",
        f"town: {{id: sized, {_label('sized')}, profile: bench, edition: R4.3}}",
        f"sites:\n  hall: {{{_label('hall')}}}",
        *_networks(zones),
        *_switches(floors),
        *_services(),
    ]
    for key in ("sources", "destinations"):
        lines.append(f"{key}:")
        lines += [f"  {key[0].upper()}{n}: {{{_label(z)}}}" for n, z in enumerate(zones, 1)]
    lines.append("devices:")
    for number in range(desks):
        lines += _desk(number)
    lines += _device("server", "room:1", ("room", "10.99.0.10"), _ZONES + 1, 0xFFFFFF)
    return "\n".join([*lines, *_policy()]) + "\n"


def _label(text: str) -> str:
    return f"label: {{ja: {text}, en: {text}}}"


def _networks(zones: list[str]) -> Iterator[str]:
    yield "zones:"
    for number, zone in enumerate(zones, 1):
        net = "10.99.0.0/24" if zone == "room" else f"10.{number}.0.0/16"
        words = f"layer: M, vlan: {number + 1}, subnets: {{hall: {net}}}"
        yield f"  {zone}: {{{_label(zone)}, {words}}}"


def _switches(floors: int) -> Iterator[str]:
    yield "switches:"
    yield f"  room: {{{_label('room')}, site: hall, role: server, ports: {floors + 4}}}"
    for n in range(1, floors + 1):
        yield f"  fl{n}: {{{_label(f'fl{n}')}, site: hall, role: access, ports: {_UPLINK}}}"
    yield "links:"
    for n in range(1, floors + 1):
        yield f'  - {{a: "fl{n}:{_UPLINK}", b: "room:{n + 4}", mbps: 1000}}'


def _services() -> Iterator[str]:
    yield "services:"
    for name, port in _SERVICES.items():
        yield f"  {name}: {{{_label(name)}, protocol: tcp, ports: [{port}], kind: {name}}}"


def _desk(number: int) -> Iterator[str]:
    at = f"fl{number // _A_FLOOR + 1}:{number % _A_FLOOR + 1}"
    zone = number % _ZONES + 1
    place = number // _ZONES + 10
    ip = f"10.{zone}.{place >> 8}.{place & 255}"
    yield from _device(f"d{number}", at, (f"desk{zone}", ip), zone, number + 1)


def _device(name: str, at: str, place: tuple[str, str], number: int, mac: int) -> Iterator[str]:
    zone, ip = place
    own = [each for each in _SERVICES if (each != _PRINT) == (zone == "room")]
    digits = mac.to_bytes(3, "big").hex(":")
    yield f"  {name}:\n    {_label(name)}\n    services: [{', '.join(own)}]"
    words = f'at: "{at}", zone: {zone}, ip: {ip}, mac: "02:01:00:{digits}"'
    yield f"    attachments:\n      lan: {{{words}, source: S{number}, destination: D{number}}}"


def _policy() -> Iterator[str]:
    yield "policy:"
    served = [name for name in _SERVICES if name != _PRINT]
    for n in range(1, _ZONES + 1):
        two = f"{served[n % 3]}, {served[(n + 1) % 3]}"
        yield _rule(f"A{n}", f"from: [S{n}], to: D{_ZONES + 1}, services: [{two}]")
        to = (n + 1) % _ZONES + 1
        yield _rule(f"B{n}", f"from: [S{n}], to: D{to}, services: [{_PRINT}]")


def _rule(name: str, words: str) -> str:
    return (
        f"  - id: {name}\n    purpose: {{ja: 業務, en: Work}}\n    basis: design\n"
        f"    allow: [{{{words}}}]"
    )
