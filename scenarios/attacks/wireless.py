"""WL: the air. An access point sees stations; the switch sees one port, and must judge by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scapy.layers.l2 import Dot1Q

from scenarios.probes.builders import ALL, client, frame, tcp, udp
from scenarios.probes.headers import datagram, ipv4, opening
from scenarios.probes.registry import Kind, Sendable, entry, note
from scenarios.probes.roles import Roles


@entry("WL-01", "another segment's tag through the access point", "IEEE 802.11; AirSnitch")
def foreign_tag(r: Roles) -> Iterator[Sendable]:
    """The SSID says the segment; a tag from a station must not."""
    packet = ipv4(r.w, r.g, r.r).payload / opening(r.r)
    for vlan in (r.r.vlan, r.t.vlan, r.w.vlan):
        yield frame(r.w, r.g) / Dot1Q(vlan=vlan) / packet


NOT_SENT_02 = note(
    "WL-02",
    "a rogue access point that translates addresses",
    "Bellovin 2002: counting hosts behind NAT",
    kind=Kind.RESIDUAL,
    reason="stations behind an admitted terminal that speaks for them in its own name look "
    "like that terminal; one that only bridges is PV-10",
)


@entry("WL-03", "roaming to the air in mid-conversation", "IEEE 802.11r", kind=Kind.STATEFUL)
def roam(r: Roles) -> Iterator[Sendable]:
    """Opened at the admitted port; the rest comes in by the source's port."""
    port = client()
    yield r.t.id, tcp(r.t, r.g, r.r, sport=port)
    for flags in ("A", "PA", "PA", "FA", "R"):
        yield tcp(r.t, r.g, r.r, flags, sport=port)


@entry("WL-04", "to and fro between two ports", "TopoGuard", kind=Kind.STATEFUL)
def flap(r: Roles) -> Iterator[Sendable]:
    """The same identity at both ports; only one of them is its own."""
    for _ in range(5):
        yield r.t.id, tcp(r.t, r.g, r.r)
        yield tcp(r.t, r.g, r.r)


@entry("WL-05", "from station to station by way of the gateway", "AirSnitch; RFC 5517")
def gateway_bounce(r: Roles) -> Iterator[Sendable]:
    """Isolation in the air alone would let it through."""
    for target in (r.w2, r.wb):
        yield udp(r.w, r.g, target)
        yield tcp(r.w, r.g, target, dport=445)


@entry("WL-06", "a group frame with one receiver", "Hole 196; AirSnitch")
def group_key(r: Roles) -> Iterator[Sendable]:
    """What a station sends with the shared group key looks like this on the wire."""
    access_point = replace(r.w, mac=r.g.mac)
    for target in (r.w2, r.r):
        yield ipv4(access_point, ALL, target) / datagram()
        yield ipv4(r.w, ALL, target) / datagram()


@entry("WL-07", "posing as the equipment itself", "AirSnitch")
def infrastructure(r: Roles) -> Iterator[Sendable]:
    """With the addresses of the router, and of a management device."""
    for device in (r.g, r.c):
        yield ipv4(device, r.g, r.r) / opening(r.r)
        yield ipv4(device, r.r, r.r) / datagram()


@entry("WL-08", "stealing an association", "CVE-2022-47522", kind=Kind.STATEFUL)
def reassociation(r: Roles) -> Iterator[Sendable]:
    """A frame in another station's name; what is meant for it must still reach it alone."""
    yield ipv4(r.w2, r.g, r.g) / datagram()
    yield r.r.id, tcp(r.r, r.g, r.w2)
    yield r.t.id, tcp(r.t, r.g, r.w2)


@entry("WL-09", "many stations behind one", "IEEE 802.11, four-address frames")
def bridge_station(r: Roles) -> Iterator[Sendable]:
    """Ten MAC addresses with one known IP address."""
    for number in range(10):
        hidden = replace(r.w, mac=f"02:bb:00:00:00:{number:02x}")
        yield ipv4(hidden, r.g, r.r) / opening(r.r)


@entry("WL-10", "the same from every site", "policy")
def branch(r: Roles) -> Iterator[Sendable]:
    """A terminal like the source at another site: its switch must say the same."""
    yield r.wb.id, udp(r.wb, r.g, r.r)
    yield r.wb.id, tcp(r.wb, r.g, r.r)
