"""RF: packets in the target's name, so that somebody's answer reaches it."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from scenarios.probes.builders import ALL, DISCARD, address, client, frame, token, trailer
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Party, Roles

_DNS, _CLOSED = 53, 1
_REFLECTORS = (7, 19, 53, 123, 161, 427, 631, 1900, 3702, 11211)  # echo, chargen ... memcached


def _bounce(r: Roles, peer: Party, payload: Packet) -> Iterator[Packet]:
    """Yield *payload* to *peer* in the target's name: past the router and through it."""
    packet = address(r.r, peer) / payload
    yield frame(r.w, peer) / packet
    yield frame(r.w, r.g) / packet
    yield Ether(src=r.r.mac, dst=r.g.mac) / packet


@entry("RF-01", "a peer answers a SYN", "RFC 2827")
def syn(r: Roles) -> Iterator[Sendable]:
    """Knock at a peer in the target's name."""
    header = TCP(sport=r.r.port, dport=r.p.port, flags="S", seq=1)
    yield from _bounce(r, r.p, header / token())


@entry("RF-02", "a peer answers an echo request", "CERT CA-1998-01 (Smurf)")
def smurf(r: Roles) -> Iterator[Sendable]:
    """Let a peer carry the token to the target."""
    yield from _bounce(r, r.p, ICMP(type=8, id=client()) / token())


@entry("RF-03", "a peer's services answer", "CVE-2023-29552; RFC 2827")
def services(r: Roles) -> Iterator[Sendable]:
    """Ask every service that is known to answer at length."""
    for port in _REFLECTORS:
        yield from _bounce(r, r.p, UDP(sport=client(), dport=port) / token())


@entry("RF-04", "a peer reports a closed port", "RFC 1122")
def closed_port(r: Roles) -> Iterator[Sendable]:
    """Let an error quote the token to the target."""
    yield from _bounce(r, r.p, UDP(sport=client(), dport=_CLOSED) / token())


@entry("RF-05", "a name server answers", "RFC 5358")
def name_server(r: Roles) -> Iterator[Sendable]:
    """Ask for a name in the target's name."""
    question = DNS(rd=1, qd=DNSQR(qname="a.town.example"))  # RFC 2606
    header = UDP(sport=client(), dport=_DNS)
    yield from _bounce(r, r.x, header / question / trailer())


@entry("RF-06", "the router reports a death", "RFC 2827")
def router(r: Roles) -> Iterator[Sendable]:
    """Let a packet in the target's name die in the router; and one in the own name."""
    for source in (r.r, r.w):
        header = IP(src=source.ip, dst=r.b.ip, ttl=1)
        yield frame(r.w, r.g) / header / UDP(sport=client(), dport=DISCARD) / token()


@entry("RF-07", "everybody answers over IPv6", "thc-ipv6 smurf6, rsmurf6")
def smurf6(r: Roles) -> Iterator[Sendable]:
    """Ask all nodes in the target's name, and the target in all nodes' name."""
    for source, target in ((r.r.ip6, "ff02::1"), ("ff02::1", r.r.ip6)):
        header = IPv6(src=source, dst=target)
        yield frame(r.w, "33:33:00:00:00:01") / header / ICMPv6EchoRequest() / token()


@entry("RF-08", "whoever answers ARP for all", "RFC 1027")
def arp(r: Roles) -> Iterator[Sendable]:
    """Ask for the router in the target's name, so that the answer leaves at its port."""
    for mac in (r.w.mac, r.r.mac):
        question = ARP(op=1, hwsrc=r.r.mac, psrc=r.r.ip, pdst=r.g.ip)
        yield Ether(src=mac, dst=ALL) / question / trailer()
