"""Addresses kept free for ports that are moved: who takes one is known by it, everywhere.

Each access switch has a block of its own in every network that a port of it may be moved to. The
block says the classes and the home switch, so a move is the business of one switch alone: every
other one already knows the way to the block and what its addresses may do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from sekisho.model import Plan, Role, Switch

_KEPT = "pools"
_LARGEST, _SMALLEST = 64, 8  # addresses in a block


@dataclass(frozen=True, slots=True)
class Pool:
    """The addresses that ports of one switch get in one network.

    Attributes:
        source: Source class of whoever has one.
        destination: Destination class of whoever has one.
    """

    zone: str
    site: str
    switch: str
    network: IPv4Network
    source: str
    destination: str


def pools(plan: Plan) -> tuple[Pool, ...]:
    """Return every pool of *plan*, by zone, site and switch in the order of the plan.

    A zone has pools at a site where all its registered terminals there are of one pair of classes
    and none is named by a permission: only then an address says what its owner may do. A network
    too small for the blocks has none.
    """
    origin = plan.origin
    kept: dict[str, tuple[Pool, ...]] = vars(origin)  # with the plan, as its own look-ups are
    if _KEPT not in kept:
        kept[_KEPT] = tuple(_pools(origin))
    return kept[_KEPT]


def edges(prefix: IPv4Network) -> tuple[tuple[IPv4Address, IPv4Address], ...]:
    """Return both edges of *prefix*, each as the address inside and the one just outside of it."""
    first, last = prefix[0], prefix[-1]
    return (first, first - 1), (last, last + 1)


def _pools(plan: Plan) -> Iterator[Pool]:
    named = _named(plan)
    for zone in plan.zones:
        for site in dict.fromkeys(site for site, _ in zone.subnets):
            there = [
                a for a in plan.attachments if (a.zone, a.site) == (zone.id, site) and a.registered
            ]
            pairs = {(a.source, a.destination) for a in there}
            if len(pairs) != 1 or any(a.id in named for a in there):
                continue
            homes = [s for s in plan.switches if s.site == site and s.role is Role.ACCESS]
            taken = {a.ip for a in plan.attachments} | {
                zone.gateway(n) for n in zone.networks(site)
            }
            ((source, destination),) = pairs
            kept = (tuple(_blocks(subnet, homes, taken)) for subnet in zone.networks(site))
            for switch, block in next(filter(None, kept), ()):  # the first with room for them
                yield Pool(zone.id, site, switch.id, block, source, destination)


def _named(plan: Plan) -> frozenset[str]:
    """Attachments that some permission names: their rights go by address."""
    return frozenset(
        name
        for clause in plan.clauses
        for allow in clause.allows
        for name in (*allow.only_from, *allow.only_to)
    )


def _blocks(
    subnet: IPv4Network, homes: list[Switch], taken: set[IPv4Address]
) -> Iterator[tuple[Switch, IPv4Network]]:
    """Share the free part of *subnet* out among *homes*, in the largest blocks that suffice."""
    size = min(_LARGEST, subnet.num_addresses)
    while size >= _SMALLEST and homes:
        prefix = 32 - (size.bit_length() - 1)
        inner = list(subnet.subnets(new_prefix=prefix))[1:-1]  # neither the first nor the last
        free = [block for block in inner if not any(ip in block for ip in taken)]
        if len(free) >= len(homes):
            yield from zip(homes, free, strict=False)
            return
        size >>= 1
