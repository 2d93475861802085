"""Packets that are worth asking about, for tests that compare two readings of a plan.

Most random headers die at the first check, so a packet starts as an allowed or nearly allowed
conversation and is then spoilt in few places. The choices come from outside: Hypothesis draws
them, or a seeded random generator for a fixed population.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sekisho.model import Allow, Attachment, Device, Plan, PortRef, Protocol, Service
from sekisho.model.pools import pools
from sekisho.packet.packet import (
    ARP_REPLY,
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV6,
    ICMP,
    TCP_ACK,
    TCP_FIN,
    TCP_RST,
    TCP_SYN,
    ConnState,
    Packet,
)
from sekisho.plan import load
from tests.trunks import hypervisor

TOPOLOGIES = Path(__file__).parent.parent / "topologies"
TOWNS = ("tiny", "alpha", "matsuno")

_GROUPS = ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01")
_NOBODY = "02:de:ad:00:00:01"
_NOWHERE = (IPv4Address("192.0.2.7"), IPv4Address("255.255.255.255"), IPv4Address("224.0.0.251"))
_HIGH = 50001
_FLAGS = (
    TCP_SYN,
    TCP_SYN | 0xC0,  # with ECE and CWR, as an RFC 3168 host opens
    TCP_SYN | TCP_ACK,
    TCP_SYN | TCP_FIN,
    TCP_ACK,
    TCP_RST,
    TCP_FIN | TCP_ACK,
    0,
    0xFF,
)

#: Chooses one of the items.
Choose = Callable[[Sequence[Any]], Any]


@cache
def town(name: str) -> Plan:
    """Return one of the plans that ship with Sekisho, ``peers`` or ``trunk``."""
    if name == "trunk":
        with TemporaryDirectory() as folder:
            return hypervisor(Path(folder))
    return peers() if name == "peers" else load(TOPOLOGIES / f"{name}.yaml")


def peers() -> Plan:
    """Return the tiny town where Wi-Fi notebooks, two of them, may print on each other."""
    plan = load(TOPOLOGIES / "tiny.yaml")
    first = plan.attachment["nb.wireless"]
    second = replace(
        first,
        id="nb-2.wireless",
        device="nb-2",
        ip=first.ip + 1,
        mac="02:45:00:00:00:0c",
    )
    device = Device("nb-2", plan.devices[0].label, (second,), ("http",), first.where)
    allow = Allow(("S1", "S2"), (), "D3", (), ("http",), "peers.yaml:1")
    clause = replace(plan.clauses[0], id="A04", allows=(allow,), where="peers.yaml:1")
    return replace(plan, devices=(*plan.devices, device), clauses=(*plan.clauses, clause))


@dataclass(frozen=True)
class Places:
    """Everything of a plan that a packet can be made of."""

    plan: Plan
    attachments: tuple[Attachment, ...]
    ports: tuple[PortRef, ...]
    permitted: tuple[tuple[Attachment, Attachment, Service], ...]
    kept: tuple[IPv4Address, ...]


@cache
def places(name: str) -> Places:
    """Return the material for packets in the town *name*."""
    return places_of(town(name))


def places_of(plan: Plan) -> Places:
    """Return the material for packets in *plan*."""
    trunks = {end for link in plan.links for end in (link.a, link.b)}
    ports = [PortRef(s.id, n) for s in plan.switches for n in range(1, s.ports + 1)]
    return Places(
        plan,
        plan.attachments,
        tuple(port for port in ports if port not in trunks),
        tuple(_permitted(plan)),
        tuple(pool.network[1] for pool in pools(plan)),
    )


def _permitted(plan: Plan) -> Iterator[tuple[Attachment, Attachment, Service]]:
    for clause in plan.clauses:
        for allow in clause.allows:
            senders = [a for a in plan.attachments if a.source in allow.sources]
            targets = [a for a in plan.attachments if a.destination == allow.destination]
            for a in (a for a in senders if not allow.only_from or a.id in allow.only_from):
                for b in (b for b in targets if not allow.only_to or b.id in allow.only_to):
                    for service in allow.services:
                        yield a, b, plan.service[service]


def packet(here: Places, choose: Choose) -> Packet:
    """Make one packet: a conversation of the town, spoilt in none, one or two places."""
    made = _conversation(here, choose) if choose(range(8)) else _arp(here, choose)
    for _ in range(choose((0, 0, 0, 1, 1, 1, 2))):
        made = choose(_FAULTS)(here, choose, made)
    return made


def _conversation(here: Places, choose: Choose) -> Packet:
    if here.permitted and choose(range(6)):
        a, b, service = choose(here.permitted)
    else:
        a, b = choose(here.attachments), choose(here.attachments)
        service = choose(here.plan.services)
    port = min(max(choose(service.edges()) + choose((0, 0, 0, 0, 0, 0, -1, 1)), 0), 0xFFFF)
    phase = choose((*tuple(ConnState)[:3], *ConnState))
    flags = TCP_SYN if phase is ConnState.NEW else TCP_ACK
    client, server = (_HIGH, port) if phase is not ConnState.REPLY else (port, _HIGH)
    if phase is ConnState.REPLY:
        a, b = b, a
    return Packet(
        at=a.at,
        eth_src=a.mac,
        eth_dst=here.plan.router_mac,
        ip_src=a.ip,
        ip_dst=b.ip,
        ip_proto=service.protocol.value,
        sport=client,
        dport=server,
        tcp_flags=flags if service.protocol is Protocol.TCP else 0,
        phase=phase,
        tagged=a.tag > 0,
        vlan=a.tag,
    )


def _arp(here: Places, choose: Choose) -> Packet:
    a = choose(here.attachments)
    subnet = here.plan.subnet(a)
    return Packet(
        at=a.at,
        eth_src=a.mac,
        eth_dst=choose((*_GROUPS[:1], here.plan.router_mac)),
        eth_type=ETH_ARP,
        arp_op=choose((ARP_REQUEST, ARP_REQUEST, ARP_REPLY)),
        arp_sha=choose((a.mac, a.mac, choose(here.attachments).mac)),
        arp_spa=choose((a.ip, a.ip, a.ip, choose(here.attachments).ip)),
        arp_tpa=choose(
            (here.plan.gateway(a), subnet[-1], a.ip, choose(here.attachments).ip, _NOWHERE[0])
        ),
        tagged=a.tag > 0,
        vlan=a.tag,
    )


def _other_port(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(at=choose(here.ports))


def _tag(here: Places, choose: Choose, p: Packet) -> Packet:
    tags = {a.tag for a in here.attachments if a.tag}
    if tags and p.tagged and choose((True, False)):
        return p._replace(tagged=False, vlan=0)
    return p._replace(tagged=True, vlan=choose(sorted({0, 1, *tags})) if tags else 1)


def _ether_type(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(eth_type=choose((ETH_IPV6, 0x88CC, 0x8847, 0x888E, 0x0000)))


def _forge_mac(here: Places, choose: Choose, p: Packet) -> Packet:
    mac = choose((choose(here.attachments).mac, _NOBODY, here.plan.router_mac))
    return p._replace(eth_src=mac, arp_sha=choose((mac, p.arp_sha)))


def _forge_ip(here: Places, choose: Choose, p: Packet) -> Packet:
    ip = choose((choose(here.attachments).ip, *_NOWHERE))
    return p._replace(arp_spa=ip) if p.eth_type == ETH_ARP else p._replace(ip_src=ip)


def _forge_both(here: Places, choose: Choose, p: Packet) -> Packet:
    a = choose(here.attachments)
    if p.eth_type == ETH_ARP:
        return p._replace(eth_src=a.mac, arp_sha=a.mac, arp_spa=a.ip)
    return p._replace(eth_src=a.mac, ip_src=a.ip)


def _next_hop(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(eth_dst=choose((*_GROUPS, _NOBODY, choose(here.attachments).mac)))


def _target(here: Places, choose: Choose, p: Packet) -> Packet:
    a = choose(here.attachments)
    ip = choose((a.ip, here.plan.gateway(a), *_NOWHERE, *here.kept))
    return p._replace(arp_tpa=ip) if p.eth_type == ETH_ARP else p._replace(ip_dst=ip)


def _fragment(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(fragment=True)


def _ttl(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(ttl=choose((0, 1, 2, 255)))


def _protocol(here: Places, choose: Choose, p: Packet) -> Packet:
    number = choose((Protocol.TCP.value, Protocol.UDP.value, ICMP, 47, 50, 132, 0))
    return p._replace(ip_proto=number, tcp_flags=TCP_SYN if number == Protocol.TCP.value else 0)


def _flags(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(tcp_flags=choose(_FLAGS)) if p.protocol is Protocol.TCP else p


def _phase(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(phase=choose(tuple(ConnState)))


def _port(here: Places, choose: Choose, p: Packet) -> Packet:
    port = choose((0, 22, 53, 80, 443, 445, 9100, 65535, *choose(here.plan.services).edges()))
    return p._replace(**{choose(("sport", "dport")): port})


def _swap(here: Places, choose: Choose, p: Packet) -> Packet:
    return p._replace(sport=p.dport, dport=p.sport)


_FAULTS = (
    _other_port,
    _tag,
    _ether_type,
    _forge_mac,
    _forge_ip,
    _forge_both,
    _next_hop,
    _target,
    _fragment,
    _ttl,
    _protocol,
    _flags,
    _phase,
    _port,
    _swap,
)


def population(name: str, size: int, *, seed: int = 1) -> list[Packet]:
    """Return *size* packets of the town *name*: always the same ones."""
    here, rng = places(name), random.Random(seed)
    return [packet(here, rng.choice) for _ in range(size)]
