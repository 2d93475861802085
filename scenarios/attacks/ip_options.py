"""OP: options of the IPv4 header, which flow tables cannot match."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import (
    ICMP,
    IP,
    TCP,
    UDP,
    IPOption,
    IPOption_LSRR,
    IPOption_NOP,
    IPOption_Router_Alert,
    IPOption_RR,
    IPOption_SSRR,
)
from scapy.packet import Packet, Raw

from scenarios.probes.builders import DISCARD, client, frame, knock, straight, token
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Party, Roles

_IPV4 = 20  # bytes of a header without options (RFC 791)
_TIMESTAMP = IPOption(b"\x44\x24\x05\x00" + bytes(32))  # RFC 791, 3.1: type 68, 36 bytes
_RIPSO = IPOption(b"\x82\x0b\xab" + bytes(8))  # RFC 1108, 2: unclassified
_CIPSO = IPOption(b"\x86\x06\x00\x00\x00\x01")  # FIPS 188: type 134, domain 1


def _header(source: Party, target: Party, *options: IPOption) -> IP:
    return IP(src=source.ip, dst=target.ip, options=list(options))


def _datagram(port: int = DISCARD) -> Packet:
    return UDP(sport=client(), dport=port) / token()


def _syn(port: int) -> Packet:
    return TCP(sport=client(), dport=port, flags="S", seq=1) / token()


@entry("OP-01", "loose source route through the router", "RFC 7126; nmap --ip-options")
def loose_route(r: Roles) -> Iterator[Sendable]:
    """Name the router as receiver, and the target as the next address of a loose route."""
    route = IPOption_LSRR(routers=[r.r.ip])
    yield frame(r.w, r.g) / _header(r.w, r.g, route) / _datagram()
    yield frame(r.w, r.g) / _header(r.w, r.g, route) / _syn(r.r.port)


@entry("OP-02", "strict source route through the router", "RFC 7126")
def strict_route(r: Roles) -> Iterator[Sendable]:
    """Name the router as receiver, and the target as the next address of a strict route."""
    route = IPOption_SSRR(routers=[r.r.ip])
    yield frame(r.w, r.g) / _header(r.w, r.g, route) / _datagram()
    yield frame(r.w, r.g) / _header(r.w, r.g, route) / _syn(r.r.port)


@entry("OP-03", "source route through a peer", "RFC 1122, 3.3.5")
def route_by_peer(r: Roles) -> Iterator[Sendable]:
    """Ask a peer that may be reached to send the packet on to the target."""
    route = IPOption_LSRR(routers=[r.r.ip])
    yield frame(r.w, r.p) / _header(r.w, r.p, route) / _datagram()
    yield frame(r.w, r.g) / _header(r.w, r.p, route) / _datagram()
    # A segment summed for the peer itself: one summed for the route's end is no conversation.
    segment = Raw(bytes(knock(r.w, r.p))[_IPV4:])
    header = IP(src=r.w.ip, dst=r.p.ip, proto=6, options=[route])
    yield frame(r.w, r.g) / header / segment


@entry("OP-04", "record route and timestamps", "RFC 7126")
def record(r: Roles) -> Iterator[Sendable]:
    """Ask every hop to write itself down."""
    for option in (IPOption_RR(routers=["0.0.0.0"] * 9), _TIMESTAMP):
        ping = ICMP(type=8, id=client()) / token()
        yield from straight(r, _header(r.w, r.r, option) / ping)


@entry("OP-05", "router alert", "RFC 6398")
def alert(r: Roles) -> Iterator[Sendable]:
    """Ask every router to look closer, off the fast path."""
    for payload in (_datagram(), _syn(r.r.port)):
        yield from straight(r, _header(r.w, r.r, IPOption_Router_Alert()) / payload)


@entry("OP-06", "security labels", "RFC 7126; RFC 1108; CIPSO")
def labels(r: Roles) -> Iterator[Sendable]:
    """Claim a clearance."""
    for option in (_CIPSO, _RIPSO):
        yield from straight(r, _header(r.w, r.r, option) / _syn(r.r.port))


@entry("OP-07", "option lengths of nothing and of too much", "RFC 6274")
def broken(r: Roles) -> Iterator[Sendable]:
    """Name a length that a parser never gets past, or that leads out of the header."""
    for option in (b"\x83\x00\x04\x00", b"\x83\xff\x04\x00", b"\x44\x01\x05\x00"):
        header = IP(src=r.w.ip, dst=r.r.ip, ihl=6, proto=17)
        yield from straight(r, header / Raw(option) / _datagram(r.r.port))


@entry("OP-08", "header of 60 bytes", "RFC 6274")
def padded(r: Roles) -> Iterator[Sendable]:
    """Push the ports to where a fixed offset does not find them."""
    options = [IPOption_NOP() for _ in range(40)]
    yield from straight(r, _header(r.w, r.r, *options) / _syn(r.r.port))
    yield from straight(r, _header(r.w, r.r, *options) / _datagram())
