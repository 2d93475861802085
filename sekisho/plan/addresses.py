"""Rules of addresses: networks apart, each address in its network, no address held twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

from sekisho.errors import Fault
from sekisho.model import Attachment, Plan
from sekisho.plan.places import Places

T = TypeVar("T")

_ZERO = "00:00:00:00:00:00"
_BROADCAST = "ff:ff:ff:ff:ff:ff"


def check_addresses(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every rule of addresses that the plan breaks."""
    yield from _check_vlans(plan, places)
    yield from _check_networks(plan, places)
    yield from _check_gateways(plan, places)
    unusable = _unusable(plan.router_mac)
    if unusable:
        yield places.fault("town.router_mac", unusable, "use one like 02:00:5e:00:00:01")
    yield from _check_macs(plan, places)
    for attachment in plan.attachments:
        yield from _check_address(plan, attachment, places)
    yield from _check_twice(plan, places)


def _path(attachment: Attachment, key: str) -> str:
    return f"devices.{attachment.device}.attachments.{attachment.name}.{key}"


def _check_vlans(plan: Plan, places: Places) -> Iterator[Fault]:
    first: dict[int, str] = {}
    for zone in plan.zones:
        if zone.vlan in first:
            other = first[zone.vlan]
            text = f"{zone.vlan} is already the VLAN of zone '{other}'"
            line = places.line(f"zones.{other}.vlan")
            yield places.fault(f"zones.{zone.id}.vlan", f"{text} (line {line})",
                               "give each zone a VLAN number of its own")  # fmt: skip
        first.setdefault(zone.vlan, zone.id)


def _check_networks(plan: Plan, places: Places) -> Iterator[Fault]:
    earlier: list[tuple[str, IPv4Network]] = []
    for zone in plan.zones:
        for path, network in _placed(f"zones.{zone.id}.subnets", zone.subnets):
            if not _is_unicast(network):
                yield places.fault(path, f"hosts cannot have addresses of {network}",
                                   "use a private network, e.g. 10.10.0.0/24")  # fmt: skip
            for other_path, other in earlier:
                if network.overlaps(other):
                    place = f"{other_path} (line {places.line(other_path)})"
                    yield places.fault(path, f"{network} overlaps {other} of {place}",
                                       "networks of a town lie apart")  # fmt: skip
            earlier.append((path, network))


def _check_gateways(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a gateway that no host of the network could have."""
    for zone in plan.zones:
        known: dict[IPv4Network, IPv4Address] = {}
        placed = _placed(f"zones.{zone.id}.gateways", zone.gateways)
        for (path, gateway), (site, _) in zip(placed, zone.gateways, strict=True):
            there = zone.networks(site)
            network = zone.subnet(site, gateway)
            if not there:
                text = f"zone '{zone.id}' has no network at site '{site}'"
                yield places.fault(path, text, "name a site of zones." + f"{zone.id}.subnets")
            elif network is None or gateway in (network[0], network[-1]):
                text = f"{gateway} is no address for a host of {_words(there)}"
                hosts = _words(f"{n[1]} to {n[-2]}" for n in there)
                yield places.fault(path, text, f"they have {hosts}")
            elif network in known:
                text = f"{network} has the gateway {known[network]} already"
                yield places.fault(path, text, "name one for each network")
            else:
                known[network] = gateway


def _placed(path: str, pairs: Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    """Return each value with its place: that of its site, with its number where there are more."""
    every = list(pairs)
    total, seen = Counter(site for site, _ in every), Counter[str]()
    found = []
    for site, value in every:
        seen[site] += 1
        found.append((f"{path}.{site}" + (f"[{seen[site]}]" if total[site] > 1 else ""), value))
    return found


def _words(each: Iterable[object]) -> str:
    return " or ".join(map(str, each))


def _is_unicast(network: IPv4Network) -> bool:
    # RFC 6890: this network, loopback, link local, multicast, reserved.
    reserved = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
    return not any(network.overlaps(IPv4Network(other)) for other in reserved)


def _unusable(mac: str) -> str:
    """Say why no interface can have *mac*, or nothing."""
    if mac == _ZERO:
        return f"{mac} is no address"
    if mac == _BROADCAST:
        return f"{mac} is the broadcast address"
    # IEEE 802-2014, 8.2.2: the lowest bit of the first octet marks a group address.
    return f"{mac} is a multicast address" if int(mac[:2], 16) & 1 else ""


def _check_macs(plan: Plan, places: Places) -> Iterator[Fault]:
    first: dict[str, Attachment] = {}
    for a in plan.attachments:
        path = _path(a, "mac")
        unusable = _unusable(a.mac)
        other = first.setdefault(a.mac, a)
        if unusable:
            yield places.fault(path, unusable, "give the interface a unicast address")
        elif a.mac == plan.router_mac:
            yield places.fault(path, f"{a.mac} is the router's (town.router_mac)",
                               "give the interface an address of its own")  # fmt: skip
        elif other is not a:
            line = places.line(_path(other, "mac"))
            hint = "the controller tells interfaces apart by their MAC addresses: give each its own"
            if other.device == a.device:
                hint = (
                    "one device, two interfaces: were they one address, the wired rights would "
                    "hold on the air; give each its own"
                )
            text = f"{a.mac} is already the address of '{other.id}' (line {line})"
            yield places.fault(path, text, hint)


def _check_address(plan: Plan, a: Attachment, places: Places) -> Iterator[Fault]:
    there = plan.zone[a.zone].networks(a.site)
    network = plan.zone[a.zone].subnet(a.site, a.ip)
    if not there:
        where = ", ".join(dict.fromkeys(site for site, _ in plan.zone[a.zone].subnets))
        text = f"zone '{a.zone}' has no network at site '{a.site}', where {a.at} stands"
        yield places.fault(_path(a, "zone"), text,
                           f"it has one at: {where}; add one to zones.{a.zone}.subnets or choose "
                           "another zone or port")  # fmt: skip
        return
    path = _path(a, "ip")
    if network is None:
        what = "the network" if len(there) == 1 else "the networks"
        text = f"{a.ip} is not in {_words(there)}, {what} of zone '{a.zone}' at site '{a.site}'"
        zone = plan.zone[a.zone]
        yield places.fault(path, text, "; ".join(_hosts(n, zone.gateway(n)) for n in there))
    elif a.ip == plan.gateway(a):
        text = f"{a.ip} is the gateway of zone '{a.zone}' at site '{a.site}'"
        yield places.fault(path, text, _hosts(network, plan.gateway(a)))
    elif a.ip in (network.network_address, network.broadcast_address):
        kind = "network" if a.ip == network.network_address else "broadcast"
        yield places.fault(
            path, f"{a.ip} is the {kind} address of {network}", _hosts(network, plan.gateway(a))
        )


def _hosts(network: IPv4Network, gateway: IPv4Address) -> str:
    if gateway == network[1]:
        return f"hosts have {network[2]} to {network[-2]}"
    return f"hosts have {network[1]} to {network[-2]}, save for the gateway {gateway}"


def _check_twice(plan: Plan, places: Places) -> Iterator[Fault]:
    first: dict[IPv4Address, Attachment] = {}
    for a in plan.attachments:
        other = first.setdefault(a.ip, a)
        if other is not a:
            line = places.line(_path(other, "ip"))
            text = f"{a.ip} is already the address of '{other.id}' (line {line})"
            yield places.fault(_path(a, "ip"), text, "give each interface its own")
