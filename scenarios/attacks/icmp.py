"""IC: ICMP: questions, answers, errors about conversations, and advice on routes."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror, TCPerror
from scapy.packet import Packet, Raw

from scenarios.probes.builders import address, client, frame, sample, straight, tcp, token, vary
from scenarios.probes.registry import Kind, Sendable, entry
from scenarios.probes.roles import Party, Roles

_TYPE, _SUM = 34, 36  # byte offsets behind Ethernet and a 20-byte IPv4 header (RFC 792)
_TRACEROUTE = 33434  # the first port of a trace (traceroute(8))
# RFC 792: unreachable (by port, for its size, by a filter), quench, time exceeded, bad parameter.
_ERRORS = ((3, 3), (3, 4), (3, 13), (4, 0), (11, 0), (12, 0))


def _quote(source: Party, target: Party, sport: int, dport: int) -> Packet:
    """Return the start of a segment as an error about it quotes it (RFC 792)."""
    inner = IPerror(src=source.ip, dst=target.ip, proto=6, ttl=63)
    return inner / TCPerror(sport=sport, dport=dport, seq=1, flags="S")


def _errors(about: Packet) -> Iterator[Packet]:
    for kind, code in _ERRORS:
        yield ICMP(type=kind, code=code) / about / token()


@entry("IC-01", "echo request", "RFC 792")
def echo(r: Roles) -> Iterator[Sendable]:
    """Ask whether anybody is there."""
    yield from straight(r, address(r.w, r.r) / ICMP(type=8, id=client()) / token())


@entry("IC-02", "echo reply that nobody asked for", "Loki; icmptunnel")
def echo_reply(r: Roles) -> Iterator[Sendable]:
    """Answer, and carry something along."""
    yield from straight(r, address(r.w, r.r) / ICMP(type=0, id=client()) / token())


@entry("IC-03", "all types and codes", "IANA ICMP parameters")
def every_type(r: Roles) -> Iterator[Sendable]:
    """Look for a type that somebody forgot: 256 types with codes 0 to 15."""
    raw = bytes(frame(r.w, r.g) / address(r.w, r.r) / ICMP(type=0) / token())
    for kind in sample(r, [t << 8 | code for t in range(256) for code in range(16)]):
        yield vary(raw, _TYPE, kind, _SUM)


@entry("IC-04", "error about another's conversation", "RFC 5927; OVS related", kind=Kind.STATEFUL)
def about_another(r: Roles) -> Iterator[Sendable]:
    """Let a welcome party open a conversation, then complain about it, from either side."""
    port = client()
    yield r.t.id, tcp(r.t, r.g, r.r, "S", sport=port)
    for about in (_quote(r.r, r.t, r.r.port, port), _quote(r.t, r.r, port, r.r.port)):
        for error in _errors(about):
            yield frame(r.w, r.g) / address(r.w, r.r) / error


@entry("IC-05", "error about one's own conversation", "RFC 5927", kind=Kind.STATEFUL)
def about_own(r: Roles) -> Iterator[Sendable]:
    """Speak with a peer that may be reached, then complain of it to the target, and to the peer.

    And let the target open one first, then answer it with complaints.
    """
    asked, port = client(), client()
    yield r.r.id, tcp(r.r, r.g, r.w, "S", sport=asked)
    yield tcp(r.w, r.g, r.p, "S", sport=port)
    for about in (_quote(r.w, r.p, port, r.p.port), _quote(r.p, r.w, r.p.port, port)):
        for error in _errors(about):
            yield frame(r.w, r.g) / address(r.w, r.r) / error
            yield frame(r.w, r.g) / address(r.w, r.p) / error
    for error in _errors(_quote(r.r, r.w, asked, r.w.port)):
        yield frame(r.w, r.g) / address(r.w, r.r) / error


@entry("IC-06", "redirect", "RFC 1812, 5.2.7.2; ettercap")
def redirect(r: Roles) -> Iterator[Sendable]:
    """Advise a welcome party to go by way of the source, in the router's name and openly."""
    about = IP(src=r.t.ip, dst=r.r.ip) / UDP(sport=client(), dport=r.r.port)
    advice = ICMP(type=5, code=1, gw=r.w.ip) / about / token()
    for source in (r.g, r.w):
        for hop in (r.t, r.g):
            yield frame(r.w, hop) / address(source, r.t) / advice


@entry("IC-07", "router advertisement", "RFC 1256")
def advertisement(r: Roles) -> Iterator[Sendable]:
    """Offer to be the way out, to all and to the target; and ask who is."""
    offer = ICMP(type=9, code=0) / Raw(b"\x01\x02\x07\x08" + bytes(8)) / token()
    for mac, target in (("01:00:5e:00:00:01", "224.0.0.1"), (r.g.mac, r.r.ip)):
        yield frame(r.w, mac) / IP(src=r.w.ip, dst=target) / offer
    asked = IP(src=r.w.ip, dst="224.0.0.2", ttl=1) / ICMP(type=10) / token()
    yield frame(r.w, "01:00:5e:00:00:02") / asked


@entry("IC-08", "the way takes no more than 68 bytes", "RFC 1191; RFC 5927")
def path_mtu(r: Roles) -> Iterator[Sendable]:
    """Make a welcome party cut its packets small, in the target's name and openly."""
    about = IP(src=r.t.ip, dst=r.r.ip) / TCP(sport=client(), dport=r.r.port)
    error = ICMP(type=3, code=4, nexthopmtu=68) / about / token()
    for source in (r.r, r.g, r.w):
        for hop in (r.t, r.g):
            yield frame(r.w, hop) / address(source, r.t) / error


@entry("IC-09", "timestamp, information and mask", "CVE-1999-0524")
def old_questions(r: Roles) -> Iterator[Sendable]:
    """Ask what hosts of old answered, and answer it."""
    for kind in (13, 14, 15, 16, 17, 18):
        yield from straight(r, address(r.w, r.r) / ICMP(type=kind, id=client()) / token())


@entry("IC-10", "ask a peer about the target", "RFC 8335 (PROBE)")
def extended_echo(r: Roles) -> Iterator[Sendable]:
    """Ask a peer whether it sees the target, and answer as if asked."""
    number = bytes(int(part) for part in r.r.ip.split("."))
    named = Raw(b"\x20\x00\x00\x00" + b"\x00\x0c\x03\x03" + b"\x00\x01\x04\x00" + number)
    for kind in (42, 43):
        question = ICMP(type=kind, id=client()) / named / token()
        for hop in (r.p, r.g):
            yield frame(r.w, hop) / address(r.w, r.p) / question


@entry("IC-11", "trace the way", "nmap firewalk")
def trace(r: Roles) -> Iterator[Sendable]:
    """Let packets die one hop further each time, and see who reports it."""
    for lifetime in range(1, 6):
        for port in (_TRACEROUTE, r.r.port):
            header = IP(src=r.w.ip, dst=r.r.ip, ttl=lifetime)
            yield frame(r.w, r.g) / header / UDP(sport=client(), dport=port) / token()
        header = IP(src=r.w.ip, dst=r.r.ip, ttl=lifetime)
        yield frame(r.w, r.g) / header / ICMP(type=8, id=client()) / token()


@entry("IC-12", "extension behind an error", "RFC 4884")
def extension(r: Roles) -> Iterator[Sendable]:
    """Carry data behind the 128 bytes of a quoted packet, where few look."""
    quoted = _quote(r.r, r.w, r.r.port, client()) / token()
    filled = Raw(bytes(quoted).ljust(128, b"\x00") + b"\x20\x00\x00\x00" + b"\x00\x14\x01\x01")
    yield from straight(r, address(r.w, r.r) / ICMP(type=11) / filled / token())
    yield from straight(r, address(r.w, r.r) / ICMP(type=3, code=3) / filled / token())
