"""Towns drawn at random that are right: a check that does not pass one of them is wrong itself.

Every kind of service over both protocols, ports and ranges anywhere, airs and cables, backup lines,
several legs, strangers, permissions between classes and between single devices. The same seed gives
the same plan.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from topologies.hosts.replies import ANSWERS

_LAST_PORT = 65535
_WIDTHS = (1, 2, 10, 100, 1000, 20000)


@dataclass(slots=True)
class _Town:
    """What has been drawn so far."""

    chance: random.Random
    sites: list[str] = field(default_factory=list)
    zones: dict[str, dict[str, str]] = field(default_factory=dict)  # zone, site, network without /
    switches: dict[str, str] = field(default_factory=dict)  # switch to its site
    free: dict[str, list[int]] = field(default_factory=dict)  # ports of a switch
    airs: dict[str, str] = field(default_factory=dict)  # air to its switch
    services: list[str] = field(default_factory=list)
    next_host: dict[tuple[str, str], int] = field(default_factory=dict)
    offered: dict[int, list[str]] = field(default_factory=dict)  # by destination class
    macs: int = 0


def random_plan(seed: int) -> str:
    """Return the text of a right plan."""
    town = _Town(random.Random(f"plan {seed}"))
    lines = [
        "sekisho: 1",
        f"town: {{id: r{seed}, {_label(f'r{seed}')}, profile: any, edition: R4.3}}",
        *_sites(town),
        *_zones(town),
        *_switches(town),
        *_links(town),
        *_airs(town),
        *_services(town),
    ]
    classes = list(town.zones)
    lines += _classes(classes)
    lines += _devices(town, classes)
    lines += _policy(town, len(classes))
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return f"label: {{ja: {text}, en: {text}}}"


def _sites(town: _Town) -> Iterator[str]:
    yield "sites:"
    for number in range(town.chance.randint(1, 3)):
        town.sites.append(f"st{number}")
        yield f"  st{number}: {{{_label(f'st{number}')}}}"


def _zones(town: _Town) -> Iterator[str]:
    yield "zones:"
    chance = town.chance
    vlans = chance.sample(range(2, 4000), 6)
    for number in range(chance.randint(2, 5)):
        zone = f"z{number}"
        nets = {s: f"10.{number + 1}.{n + 1}.0" for n, s in enumerate(town.sites)}
        town.zones[zone] = nets
        subnets = ", ".join(
            f"{site}: {net}/{chance.choice((24, 25))}" for site, net in nets.items()
        )
        layer = chance.choice("MLIBDGWX")
        yield (
            f"  {zone}: {{{_label(zone)}, layer: {layer}, vlan: {vlans[number]}, "
            f"subnets: {{{subnets}}}}}"
        )


def _switches(town: _Town) -> Iterator[str]:
    yield "switches:"
    chance = town.chance
    for number in range(chance.randint(len(town.sites), 5)):
        name = f"sw{number}"
        town.switches[name] = town.sites[number % len(town.sites)]
        town.free[name] = chance.sample(range(1, 25), 24)
        role = chance.choice(("access", "server", "core"))
        site = town.switches[name]
        yield f"  {name}: {{{_label(name)}, site: {site}, role: {role}, ports: 24}}"


def _links(town: _Town) -> Iterator[str]:
    """A tree, and sometimes a backup line."""
    names = list(town.switches)
    yield "links:" if len(names) > 1 else "links: []"
    pairs = [(b, town.chance.choice(names[:n])) for n, b in enumerate(names[1:], 1)]
    for a, b in pairs:
        yield f'  - {{a: "{a}:{town.free[a].pop()}", b: "{b}:{town.free[b].pop()}", mbps: 1000}}'
    rest = [(a, b) for n, a in enumerate(names) for b in names[:n] if (a, b) not in pairs]
    for a, b in town.chance.sample(rest, min(len(rest), town.chance.randint(0, 2))):
        ends = f'a: "{a}:{town.free[a].pop()}", b: "{b}:{town.free[b].pop()}"'
        yield f"  - {{{ends}, mbps: 100, backup: true}}"


def _airs(town: _Town) -> Iterator[str]:
    number = town.chance.randint(0, 2)
    if number:
        yield "airs:"
    for n in range(number):
        switch = town.chance.choice(list(town.switches))
        town.airs[f"air{n}"] = switch
        at = f"{switch}:{town.free[switch].pop()}"
        yield f'  air{n}: {{{_label(f"air{n}")}, ssid: a{n}, at: "{at}"}}'


def _services(town: _Town) -> Iterator[str]:
    yield "services:"
    chance = town.chance
    kinds = chance.sample(sorted(ANSWERS), chance.randint(2, 5))
    taken: set[tuple[str, int]] = set()
    for number, kind in enumerate(kinds):
        protocol, name = chance.choice(("tcp", "udp")), f"s{number}"
        ports = []
        for _ in range(chance.randint(1, 2)):
            first = chance.choice((1, 53, 443, 1024, 61000, chance.randint(2, _LAST_PORT)))
            last = min(_LAST_PORT, first + chance.choice(_WIDTHS) - 1)
            if any((protocol, port) in taken for port in range(first, last + 1)):
                continue
            taken |= {(protocol, port) for port in range(first, last + 1)}
            ports.append(str(first) if first == last else f'"{first}-{last}"')
        if ports:
            town.services.append(name)
            listed = ", ".join(ports)
            words = f"protocol: {protocol}, ports: [{listed}], kind: {kind}"
            yield f"  {name}: {{{_label(name)}, {words}}}"


def _classes(classes: list[str]) -> Iterator[str]:
    for key in ("sources", "destinations"):
        yield f"{key}:"
        for number, zone in enumerate(classes, 1):
            yield f"  {key[0].upper()}{number}: {{{_label(zone)}}}"


def _devices(town: _Town, classes: list[str]) -> Iterator[str]:
    yield "devices:"
    chance = town.chance
    for number in range(chance.randint(max(3, len(classes)), 9)):
        zone = classes[number] if number < len(classes) else chance.choice(classes)
        yield f"  d{number}:"
        yield f"    {_label(f'd{number}')}"
        legs = [zone] + ([chance.choice(classes)] if chance.random() < 0.25 else [])
        is_strange = number >= len(classes) and chance.random() < 0.2
        least = 1 if number < len(classes) else 0  # every class offers something
        offered = chance.sample(town.services, chance.randint(least, len(town.services)))
        if offered and not is_strange:
            yield f"    services: [{', '.join(offered)}]"
            for place in legs:
                town.offered.setdefault(classes.index(place) + 1, []).extend(offered)
        yield "    attachments:"
        for leg, place in enumerate(legs):
            yield _attachment(town, classes, f"l{leg}", place, is_strange=is_strange)


def _attachment(town: _Town, classes: list[str], name: str, zone: str, *, is_strange: bool) -> str:
    chance = town.chance
    if town.airs and chance.random() < 0.4:
        air = chance.choice(list(town.airs))
        switch, at = town.airs[air], f"air: {air}"
    else:
        switch = chance.choice([s for s in town.switches if town.free[s]])
        at = f'at: "{switch}:{town.free[switch].pop()}"'
    site = town.switches[switch]
    host = town.next_host[zone, site] = town.next_host.get((zone, site), 10) + 1
    ip = town.zones[zone][site].removesuffix("0") + str(host)
    town.macs += 1
    number = classes.index(zone) + 1
    mac = f"02:0a:00:00:{town.macs >> 8:02x}:{town.macs & 255:02x}"
    stranger = ", registered: false" if is_strange else ""
    return (
        f'      {name}: {{{at}, zone: {zone}, ip: {ip}, mac: "{mac}", '
        f"source: S{number}, destination: D{number}{stranger}}}"
    )


def _policy(town: _Town, classes: int) -> Iterator[str]:
    chance = town.chance
    pairs = [(s, d) for s in range(1, classes + 1) for d in range(1, classes + 1)]
    chance.shuffle(pairs)
    cut = max(1, len(pairs) // 3)
    yield "policy:"
    for number, (s, d) in enumerate(pairs[:cut], 1):
        there = sorted(set(town.offered[d]))
        offered = chance.sample(there, chance.randint(1, len(there)))
        yield f"  - id: A{number:02d}"
        yield f"    purpose: {{ja: 業務{number}, en: Work {number}}}"
        yield "    basis: design"
        yield "    allow:"
        yield f"      - {{from: [S{s}], to: D{d}, services: [{', '.join(offered)}]}}"
    denied = pairs[cut:]
    yield "cells:"
    for s, d in denied[: len(denied) // 2]:
        yield (
            f"  - {{kind: deny, id: X-{s}{d}, severity: A, from: [S{s}], to: [D{d}], "
            f"{_label('不可')}}}"
        )
    s, d = denied[0]
    yield "must_drop:"
    yield f"  - {{number: 1, {_label('届かない')}, from: [S{s}], to: [D{d}]}}"
