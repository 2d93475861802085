"""FR: IPv4 fragments, of which only the first says which service is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import Dot1Q
from scapy.packet import Packet, Raw

from scenarios.probes.builders import (
    DISCARD,
    client,
    frame,
    knock,
    message,
    sample,
    straight,
    tcp,
    token,
    vary,
)
from scenarios.probes.registry import Kind, Sendable, entry
from scenarios.probes.roles import Party, Roles

_MORE = "MF"
_ID, _SUM = 18, 24  # byte offsets behind an Ethernet header (RFC 791)
_TCP, _UDP, _ICMP = 6, 17, 1  # IANA protocol numbers


def _of(source: Party, target: Party, *, number: int, protocol: int = _UDP) -> IP:
    """Return the header that all fragments of packet *number* share."""
    return IP(src=source.ip, dst=target.ip, id=number, proto=protocol)


def _piece(header: IP, data: bytes, *, at: int = -1) -> Packet:
    """Return one fragment: the first, or the last at *at* times 8 bytes."""
    own = header.copy()
    if at < 0:
        own.flags = _MORE
    else:
        own.frag = at
    return own / Raw(data)


def _cut(packet: Packet, *, size: int) -> list[Packet]:
    """Return the fragments of *packet* with *size* bytes each."""
    pieces: list[Packet] = fragment(packet, fragsize=size)  # type: ignore[no-untyped-call]  # Scapy
    return pieces


def _both(r: Roles, pieces: Iterable[Packet]) -> Iterator[Packet]:
    for piece in pieces:
        yield from straight(r, piece)


def _syn(port: int, flags: str = "S") -> bytes:
    return bytes(TCP(sport=client(), dport=port, flags=flags, seq=1))


def _udp(port: int) -> bytes:
    return bytes(UDP(sport=client(), dport=port))


@entry("FR-01", "tiny first fragment", "RFC 1858; nmap -f")
def tiny(r: Roles) -> Iterator[Sendable]:
    """Cut the header itself, so that no fragment has all of it."""
    yield from _both(r, _cut(knock(r.w, r.r), size=8))


@entry("FR-02", "later fragment alone", "OVS set-frags normal")
def later(r: Roles) -> Iterator[Sendable]:
    """Send a fragment without ports, which a careless rule reads as port 0."""
    for protocol in (_UDP, _TCP):
        piece = _piece(_of(r.w, r.r, number=7, protocol=protocol), bytes(token()), at=3)
        yield from straight(r, piece)


@entry("FR-03", "overlap that rewrites the port", "RFC 3128; fragroute")
def overlap(r: Roles) -> Iterator[Sendable]:
    """Show a peer's permitted port first, and write another over it."""
    start = _piece(_of(r.w, r.p, number=8, protocol=_TCP), _syn(r.p.port))
    over = _piece(_of(r.w, r.p, number=8, protocol=_TCP), _syn(22) + bytes(token()))
    last = _piece(_of(r.w, r.p, number=8, protocol=_TCP), bytes(token()), at=3)
    for piece in (start, over, last):
        yield frame(r.w, r.g) / piece


@entry("FR-04", "overlap that rewrites the flags", "RFC 1858; RFC 3128")
def flags_overlap(r: Roles) -> Iterator[Sendable]:
    """Send what looks like an answer, and write a SYN over its flags."""
    start = _piece(_of(r.w, r.r, number=9, protocol=_TCP), _syn(r.r.port, "A")[:16])
    over = _piece(_of(r.w, r.r, number=9, protocol=_TCP), _syn(r.r.port)[8:] + bytes(token()), at=1)
    yield from _both(r, (start, over))


@entry("FR-05", "last fragment first", "OVS tracker, fragments out of order")
def reversed_order(r: Roles) -> Iterator[Sendable]:
    """Send the end before the beginning."""
    whole = message(r.w, r.r) / Raw(b"x" * 64)
    yield from _both(r, reversed(_cut(whole, size=16)))


@entry("FR-06", "two first fragments", "Ptacek and Newsham 1998")
def twice(r: Roles) -> Iterator[Sendable]:
    """Begin with a permitted port and with another, and end both at once."""
    for data in (_udp(r.p.port), _udp(DISCARD)):
        yield frame(r.w, r.g) / _piece(_of(r.w, r.p, number=10), data)
    yield frame(r.w, r.g) / _piece(_of(r.w, r.p, number=10), bytes(token()), at=1)


@entry("FR-07", "two senders of one packet", "RFC 6274")
def two_senders(r: Roles) -> Iterator[Sendable]:
    """Let a welcome party begin, and end it in its name."""
    yield r.t.id, frame(r.t, r.g) / _piece(_of(r.t, r.r, number=11), _udp(r.r.port))
    yield from straight(r, _piece(_of(r.t, r.r, number=11), bytes(token()), at=1))


@entry("FR-08", "fragment beyond 65,535", "CVE-1999-0128 (ping of death)")
def beyond(r: Roles) -> Iterator[Sendable]:
    """End where no packet can end."""
    data = bytes(token()) + b"x" * 100
    yield from straight(r, _piece(_of(r.w, r.r, number=12, protocol=_ICMP), data, at=8189))


@entry("FR-09", "late last fragment", "RFC 1122, 3.3.2; Linux ipfrag_time", kind=Kind.STATEFUL)
def late(r: Roles) -> Iterator[Sendable]:
    """End what has no beginning any more; no fragment is kept, so there is no time to wait out."""
    ends = [
        _piece(_of(r.w, r.r, number=13), bytes(token()), at=1),
        _piece(_of(r.w, r.r, number=13), _udp(r.r.port)),
    ]
    yield from _both(r, (*ends, ends[0]))


@entry("FR-10", "more to come behind a whole packet", "RFC 6274")
def more(r: Roles) -> Iterator[Sendable]:
    """Mark a whole packet as the first part of one, to where one may go as well."""
    allowed = knock(r.w, r.p)
    allowed.flags = _MORE
    yield frame(r.w, r.g) / allowed
    for packet in (message(r.w, r.r), knock(r.w, r.r)):
        packet.flags = _MORE
        yield from straight(r, packet)


@entry("FR-11", "not to be cut, and cut", "RFC 6274")
def contradiction(r: Roles) -> Iterator[Sendable]:
    """Set both flags, of which one forbids the other."""
    for packet in (message(r.w, r.r), knock(r.w, r.r)):
        packet.flags = "MF+DF"
        yield from straight(r, packet)


@entry("FR-12", "fragments without ports", "RFC 6274")
def portless(r: Roles) -> Iterator[Sendable]:
    """Cut an echo request and a protocol that nobody knows."""
    body = token() / Raw(b"x" * 64)
    address = IP(src=r.w.ip, dst=r.r.ip)
    yield from _both(r, _cut(address / ICMP(type=8) / body, size=16))
    address.proto = 99
    yield from _both(r, _cut(address / body, size=16))


@entry("FR-13", "fragments behind a tag", "OVS tracker, fragments and VLANs")
def tagged(r: Roles) -> Iterator[Sendable]:
    """Cut a packet and tag each part."""
    for piece in _cut(message(r.w, r.r) / Raw(b"x" * 64), size=16):
        for hop in (r.g, r.r):
            yield frame(r.w, hop) / Dot1Q(vlan=r.r.vlan) / piece


@entry("FR-14", "begun for one, ended for another", "Ptacek and Newsham 1998")
def switched(r: Roles) -> Iterator[Sendable]:
    """Begin with a peer, and end with the target."""
    yield frame(r.w, r.g) / _piece(_of(r.w, r.p, number=14), _udp(r.p.port))
    yield from straight(r, _piece(_of(r.w, r.r, number=14), bytes(token()), at=1))


@entry("FR-15", "fill the table of fragments", "CVE-2018-5391", kind=Kind.STATEFUL)
def exhaustion(r: Roles) -> Iterator[Sendable]:
    """Begin many packets and end none; then knock, and let a welcome party knock."""
    raw = bytes(frame(r.w, r.g) / _piece(_of(r.w, r.p, number=0), _udp(r.p.port) + bytes(token())))
    for number in sample(r, range(200)):
        yield vary(raw, _ID, number, _SUM)
    yield tcp(r.w, r.g, r.r)
    yield r.t.id, tcp(r.t, r.g, r.r)
