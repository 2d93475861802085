"""VP: telework and the lines between sites. A line or a tunnel changes nothing about who may."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.packet import Raw

from scenarios.probes.builders import frame, tcp, token, udp
from scenarios.probes.headers import carried, datagram, inner_ip, ipv4, opening
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles

_MORE = 1  # RFC 791, 3.1: more fragments
_PATH_BYTES = 1376  # of a fragment behind a tunnel with an MTU of 1400
_FIRST_TAGS = range(2, 8)  # the lowest class tags that stand between our switches


@entry("VP-01", "a teleworker in a wired terminal's name", "RFC 2827")
def borrowed_name(r: Roles) -> Iterator[Sendable]:
    """One's own MAC address, the other's IP address; then both."""
    yield frame(r.w, r.g) / ipv4(r.t, r.g, r.r).payload / opening(r.r)
    yield ipv4(r.t, r.g, r.r) / datagram()


@entry("VP-02", "telework counted as wired", "NIST SP 800-46")
def as_wired(r: Roles) -> Iterator[Sendable]:
    """Plainly, to what wired terminals may open."""
    yield tcp(r.w, r.g, r.r)
    yield udp(r.w, r.g, r.r, dport=r.r.port)


@entry("VP-03", "from teleworker to terminal", "NIST SP 800-77")
def hairpin(r: Roles) -> Iterator[Sendable]:
    """Through the concentrator, and past it."""
    yield tcp(r.w, r.g, r.w2, dport=3389)
    yield udp(r.w, r.w2, r.w2)


@entry("VP-04", "dialling in from inside", "policy by medium; RFC 3948")
def from_inside(r: Roles) -> Iterator[Sendable]:
    """Key exchange and a tunnel to a shared device; the target stays where it is."""
    for port in (500, 4500, 1194):
        yield ipv4(r.w, r.g, r.x) / datagram(port)
    yield ipv4(r.w, r.g, r.x, proto=50) / Raw(bytes((0, 0, 0, 1, 0, 0, 0, 1))) / token()
    yield ipv4(r.w, r.g, r.x) / inner_ip(r)


@entry("VP-05", "tags that a line between sites would keep", "IEEE 802.1ad; MEF 6")
def across_the_line(r: Roles) -> Iterator[Sendable]:
    """Double tags from a branch, and the very tags that our switches use between them."""
    packet = ipv4(r.wb, r.g, r.r).payload / opening(r.r)
    yield r.wb.id, frame(r.wb, r.g) / Dot1Q(vlan=r.wb.vlan) / Dot1Q(vlan=r.r.vlan) / packet
    yield r.wb.id, frame(r.wb, r.g) / Dot1AD(vlan=r.wb.vlan) / Dot1Q(vlan=r.r.vlan) / packet
    for tag in _FIRST_TAGS:
        yield r.wb.id, frame(r.wb, r.g) / Dot1Q(vlan=tag) / packet


@entry("VP-06", "from branch to branch", "hub and spoke")
def between_branches(r: Roles) -> Iterator[Sendable]:
    """Terminals of different sites, both ways."""
    for source, target in ((r.wb, r.w), (r.w, r.wb), (r.wb, r.w2)):
        if source.id != target.id:
            yield source.id, tcp(source, r.g, target, dport=445)
            yield source.id, udp(source, r.g, target)


@entry("VP-07", "over the line from a branch", "policy; the spare line is an event of its own")
def over_the_line(r: Roles) -> Iterator[Sendable]:
    """Every switch on the way enforces the whole plan, whichever way it is."""
    for source in (r.wb, r.w):
        yield source.id, tcp(source, r.g, r.r)
        yield source.id, udp(source, r.g, r.r, dport=r.r.port)


@entry("VP-08", "fragments that a narrow line makes", "RFC 1191; RFC 791")
def fragments(r: Roles) -> Iterator[Sendable]:
    """A datagram in two parts, as a router before a tunnel would cut it."""
    for source in (r.wb, r.w):
        first = ipv4(source, r.g, r.r, id=7, flags=_MORE) / carried(9) / token()
        yield source.id, first / Raw(bytes(_PATH_BYTES - 24))
        later = ipv4(source, r.g, r.r, id=7, frag=_PATH_BYTES // 8, proto=17)
        yield source.id, later / token() / Raw(bytes(108))


@entry("VP-09", "a local network in the target's name", "CVE-2023-36672: TunnelCrack")
def local_network(r: Roles) -> Iterator[Sendable]:
    """To a terminal, from an address that it trusts to the tunnel."""
    for hop in (r.t, r.g):
        yield frame(r.w, hop) / ipv4(r.r, r.g, r.t).payload / datagram()


@entry("VP-10", "in plain text beside the tunnel", "NIST SP 800-77")
def beside_the_tunnel(r: Roles) -> Iterator[Sendable]:
    """Untagged, to the target's own MAC address, as if both were on one wire."""
    for source in (r.wb, r.w):
        yield source.id, tcp(source, r.r, r.r)
        yield source.id, udp(source, r.r, r.r)
