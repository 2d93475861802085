"""AR: ARP, asked and answered in one's own name and in others'."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from scapy.layers.l2 import ARP, LLC, SNAP, Dot1Q, Dot3, Ether
from scapy.packet import Packet

from scenarios.probes.builders import ALL, frame, sample, trailer, vary
from scenarios.probes.registry import Kind, Sendable, entry
from scenarios.probes.roles import Party, Roles

_REQUEST, _REPLY = 1, 2  # RFC 826
_TPA_LOW = 40  # byte offset of the last two bytes of the address that is asked for (RFC 826)
_UNKNOWN = "00:00:00:00:00:00"


def _ask(sender: Party, address: str, *, to: str = ALL) -> Packet:
    """Return an honest request of *sender* for *address*."""
    return frame(sender, to) / _arp(_REQUEST, sender.mac, sender.ip, address) / trailer()


def _arp(operation: int, mac: str, address: str, asked: str, *, target: str = _UNKNOWN) -> ARP:
    return ARP(op=operation, hwsrc=mac, psrc=address, hwdst=target, pdst=asked)


@entry("AR-01", "plain request for the target", "RFC 826")
def request(r: Roles) -> Iterator[Sendable]:
    """Ask all who has the target's address."""
    yield _ask(r.w, r.r.ip)


@entry("AR-02", "announcement: I am the router", "RFC 5227; ettercap")
def announce_router(r: Roles) -> Iterator[Sendable]:
    """Announce the router's address as one's own, as request and as reply."""
    for operation in (_REQUEST, _REPLY):
        claim = _arp(operation, r.w.mac, r.g.ip, r.g.ip)
        yield frame(r.w, ALL) / claim / trailer()


@entry("AR-03", "announcement: I am the target", "RFC 5227")
def announce_target(r: Roles) -> Iterator[Sendable]:
    """Announce the target's address as one's own, as reply and as request."""
    for operation in (_REPLY, _REQUEST):
        claim = _arp(operation, r.w.mac, r.r.ip, r.r.ip, target=ALL)
        yield frame(r.w, ALL) / claim / trailer()


@entry("AR-04", "unsolicited reply to one", "arpspoof (dsniff)")
def unsolicited(r: Roles) -> Iterator[Sendable]:
    """Tell one terminal that the target, and that the router, is here."""
    for claimed in (r.r, r.g):
        claim = _arp(_REPLY, r.w.mac, claimed.ip, r.t.ip, target=r.t.mac)
        yield frame(r.w, r.t) / claim / trailer()


@entry("AR-05", "Ethernet and ARP name different senders", "Dynamic ARP Inspection")
def two_names(r: Roles) -> Iterator[Sendable]:
    """Pass a check of either name, but not of both."""
    yield frame(r.w, ALL) / _arp(_REPLY, r.t.mac, r.t.ip, r.g.ip) / trailer()
    yield frame(r.w, ALL) / _arp(_REQUEST, r.t.mac, r.w.ip, r.g.ip) / trailer()
    yield frame(r.t, ALL) / _arp(_REQUEST, r.w.mac, r.w.ip, r.g.ip) / trailer()


@entry("AR-06", "whoever answers for all", "RFC 1027")
def proxy(r: Roles) -> Iterator[Sendable]:
    """Ask the router itself, and ask for the router: its MAC is all that may be told."""
    yield _ask(r.w, r.r.ip, to=r.g.mac)
    yield _ask(r.w, r.g.ip, to=r.g.mac)
    yield _ask(r.w, r.g.ip)


@entry("AR-07", "poison whoever learns from ARP", "TopoGuard; SPHINX", kind=Kind.STATEFUL)
def poison(r: Roles) -> Iterator[Sendable]:
    """Ask in the target's name; then a true question must still get the router's MAC."""
    for asked in (r.t.ip, r.g.ip):
        yield frame(r.w, ALL) / _arp(_REQUEST, r.w.mac, r.r.ip, asked) / trailer()
    yield r.t.id, _ask(r.t, r.r.ip)
    yield _ask(r.w, r.g.ip)


@entry("AR-08", "conflict over an address", "RFC 5227")
def conflict(r: Roles) -> Iterator[Sendable]:
    """Probe for the target's address as if about to take it, and defend it."""
    yield frame(r.w, ALL) / _arp(_REQUEST, r.w.mac, "0.0.0.0", r.r.ip) / trailer()
    yield frame(r.w, ALL) / _arp(_REQUEST, r.w.mac, r.r.ip, r.r.ip) / trailer()


@entry("AR-09", "odd operations and lengths", "RFC 5494; OVS arp_op", exotic=True)
def odd(r: Roles) -> Iterator[Sendable]:
    """Ask in ways that RFC 826 does not know: a wide operation may be cut to "request"."""
    for operation in (0, 3, 8, 25, 257, 258, 65535):
        yield frame(r.w, ALL) / _arp(operation, r.w.mac, r.w.ip, r.r.ip) / trailer()
    for wrong in ({"hwtype": 6}, {"ptype": 0x86DD}, {"hwlen": 8}, {"plen": 16}):
        claim = _arp(_REQUEST, r.w.mac, r.w.ip, r.r.ip)
        for name, value in wrong.items():
            claim.setfieldval(name, value)
        yield frame(r.w, ALL) / claim / trailer()


@entry("AR-10", "ARP behind a tag or SNAP", "CVE-2021-27853", exotic=True)
def wrapped(r: Roles) -> Iterator[Sendable]:
    """Claim the target's address where an inspection by EtherType does not look."""
    claim = _arp(_REPLY, r.w.mac, r.r.ip, r.t.ip)
    yield frame(r.w, ALL) / Dot1Q(vlan=0) / claim / trailer()
    snap = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0806)
    yield Dot3(src=r.w.mac, dst=ALL) / snap / claim / trailer()


@entry("AR-11", "reverse and inverse ARP", "RFC 903; RFC 2390")
def reverse(r: Roles) -> Iterator[Sendable]:
    """Ask which address belongs to a MAC, by its own EtherType and as operation 8."""
    for mac in (r.w.mac, r.r.mac):
        question = _arp(3, r.w.mac, "0.0.0.0", "0.0.0.0", target=mac)
        yield Ether(src=r.w.mac, dst=ALL, type=0x8035) / question / trailer()
        yield frame(r.w, ALL) / _arp(8, r.w.mac, r.w.ip, "0.0.0.0", target=mac) / trailer()


@entry("AR-12", "sweep of the target's subnet", "arp-scan; nmap -PR")
def sweep(r: Roles) -> Iterator[Sendable]:
    """Ask for every address around the target."""
    around = list(IPv4Network(f"{r.r.ip}/24", strict=False).hosts())
    raw = bytes(_ask(r.w, str(around[0])))
    for asked in sample(r, around):
        yield vary(raw, _TPA_LOW, int(asked) & 0xFFFF)


@entry("AR-13", "a peer answers to the target", "reflection")
def reflection(r: Roles) -> Iterator[Sendable]:
    """Ask a peer in the target's name, so that its answer goes there."""
    yield frame(r.w, r.p) / _arp(_REQUEST, r.r.mac, r.r.ip, r.p.ip) / trailer()
    yield Ether(src=r.r.mac, dst=r.p.mac) / _arp(_REQUEST, r.r.mac, r.r.ip, r.p.ip) / trailer()
