"""ET: EtherTypes, and IP packets inside of something else."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.contrib.lacp import LACP
from scapy.contrib.mpls import MPLS
from scapy.contrib.nsh import NSH
from scapy.contrib.slowprot import SlowProtocol
from scapy.layers.eap import EAPOL
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6ND_RA, IPv6
from scapy.layers.l2 import LLC, SNAP, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE, PPPoED
from scapy.packet import Packet, Raw

from scenarios.probes.builders import ALL, client, frame, knock, sample, token, trailer, vary
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles

_TYPE = 12  # byte offset of the EtherType
_ALL_NODES = "33:33:00:00:00:01"  # RFC 2464, 7: all nodes
# PROFINET, AoE, HomePlug AV, FCoE, the two local experiments, Wake-on-LAN (IEEE RA EtherType list)
_DEVICE_TYPES = (0x8892, 0x88A2, 0x88E1, 0x8906, 0x88B5, 0x88B6, 0x0842)
_STRIDE = 17  # a prime: every 17th EtherType, so that all low digits are met


def _typed(r: Roles, kind: int, *layers: Packet) -> Iterator[Sendable]:
    """Yield *layers* under one EtherType, to the router and to the target's own MAC."""
    for hop in (r.g, r.r):
        packet: Packet = Ether(src=r.w.mac, dst=hop.mac, type=kind)
        for layer in layers:
            packet = packet / layer
        yield packet


def _snap(r: Roles, inside: Packet, *, oui: int = 0, length: int | None = None) -> Iterator[Packet]:
    """Yield *inside* as IPv4 behind LLC and SNAP, to both next hops."""
    for hop in (r.g, r.r):
        header = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=oui, code=0x0800)
        yield Dot3(src=r.w.mac, dst=hop.mac, len=length) / header / inside


@entry("ET-01", "IPv4 behind LLC and SNAP", "CVE-2021-27853; IEEE 802.2", exotic=True)
def snap(r: Roles) -> Iterator[Sendable]:
    """Write the same packet in the older way."""
    yield from _snap(r, knock(r.w, r.r))


@entry("ET-02", "SNAP with a wrong length", "CVE-2021-27861", exotic=True)
def snap_length(r: Roles) -> Iterator[Sendable]:
    """State a length that ends before the packet, or behind it."""
    for length in (8, 1500):
        yield from _snap(r, knock(r.w, r.r), length=length)


@entry(
    "ET-03", "router advertisement behind a tag and SNAP", "CVE-2021-27853; RFC 7113", exotic=True
)
def hidden_advertisement(r: Roles) -> Iterator[Sendable]:
    """Become a router where inspection stops at the tag."""
    advertisement = IPv6(src=r.w.ll, dst="ff02::1", hlim=255) / ICMPv6ND_RA() / token()
    inside = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x86DD) / advertisement
    header = frame(r.w, _ALL_NODES)
    yield header / Dot1Q(vlan=0, type=len(inside)) / inside
    yield Dot3(src=r.w.mac, dst=_ALL_NODES) / inside


@entry("ET-04", "bridge tunnel SNAP", "IEEE 802.1H; CVE-2021-27854", exotic=True)
def bridge_tunnel(r: Roles) -> Iterator[Sendable]:
    """Use the SNAP owner that bridges between Wi-Fi and cable undo."""
    yield from _snap(r, knock(r.w, r.r), oui=0x0000F8)


@entry("ET-05", "neither a length nor a type", "IEEE 802.3, 3.2.6; OVS 0x05ff", exotic=True)
def between(r: Roles) -> Iterator[Sendable]:
    """Write a number that is too great for a length and too small for a type."""
    for kind in (0x05DD, 0x05EE, 0x05FF):
        yield from _typed(r, kind, knock(r.w, r.r))


@entry("ET-06", "MPLS label", "RFC 3032")
def mpls(r: Roles) -> Iterator[Sendable]:
    """Hide the packet behind a label, for one and for many."""
    for kind in (0x8847, 0x8848):
        yield from _typed(r, kind, MPLS(label=16, s=1, ttl=64), knock(r.w, r.r))


@entry("ET-07", "null labels and deep label stacks", "CVE-2016-2074")
def labels(r: Roles) -> Iterator[Sendable]:
    """Use the labels that a receiver takes off by itself, and more labels than a parser counts."""
    for label in (0, 2, 3):
        yield from _typed(r, 0x8847, MPLS(label=label, s=1, ttl=64), knock(r.w, r.r))
    deep = [MPLS(label=16 + n, s=int(n == 15), ttl=64) for n in range(16)]
    yield from _typed(r, 0x8847, *deep, knock(r.w, r.r))


@entry("ET-08", "PPPoE session", "RFC 2516")
def pppoe(r: Roles) -> Iterator[Sendable]:
    """Carry the packet in a session that nobody opened."""
    yield from _typed(r, 0x8864, PPPoE(sessionid=1), PPP(proto=0x21), knock(r.w, r.r))


@entry("ET-09", "PPPoE discovery", "nmap broadcast-pppoe-discover")
def pppoe_discovery(r: Roles) -> Iterator[Sendable]:
    """Look for an access concentrator, and offer to be one."""
    for code in (0x09, 0x07):
        yield Ether(src=r.w.mac, dst=ALL, type=0x8863) / PPPoED(code=code) / token()


@entry("ET-10", "EAPOL as a carrier", "IEEE 802.1X-2020")
def eapol(r: Roles) -> Iterator[Sendable]:
    """Use what passes before anybody has logged in: to the group, and to the target."""
    for mac in ("01:80:c2:00:00:03", r.r.mac):
        yield Ether(src=r.w.mac, dst=mac, type=0x888E) / EAPOL(version=2, type=1) / token()


@entry("ET-11", "connectivity fault management", "IEEE 802.1ag; ITU-T Y.1731")
def fault_management(r: Roles) -> Iterator[Sendable]:
    """Use maintenance frames, which some filters wave through."""
    header = Raw(b"\x00\x01\x04\x46")
    yield Ether(src=r.w.mac, dst="01:80:c2:00:00:35", type=0x8902) / header / token()
    yield from _typed(r, 0x8902, Raw(b"\x00\x03\x00\x04"), token())


@entry("ET-12", "time protocol over Ethernet", "IEEE 1588")
def precision_time(r: Roles) -> Iterator[Sendable]:
    """Use the clocks' frames, to their forwarded and their link-local group."""
    for mac in ("01:1b:19:00:00:00", "01:80:c2:00:00:0e"):
        yield Ether(src=r.w.mac, dst=mac, type=0x88F7) / Raw(b"\x00\x02\x00\x2c") / token()


@entry("ET-13", "frame that looks like MACsec", "IEEE 802.1AE")
def macsec(r: Roles) -> Iterator[Sendable]:
    """Carry what no filter can read."""
    yield from _typed(r, 0x88E5, Raw(b"\x0c\x00\x00\x00\x00\x01"), token())


@entry("ET-14", "Ethernet in a service header", "RFC 8300; OVS NSH")
def service_header(r: Roles) -> Iterator[Sendable]:
    """Put a whole frame of a welcome party behind a service header."""
    inner = frame(r.t, r.g) / knock(r.t, r.r)
    yield from _typed(r, 0x894F, NSH(nextproto=3), inner)


@entry("ET-15", "MAC in MAC, TRILL", "IEEE 802.1ah; RFC 6325")
def frame_in_frame(r: Roles) -> Iterator[Sendable]:
    """Put a whole frame of a welcome party into a backbone's frame."""
    inner = frame(r.t, r.g) / knock(r.t, r.r)
    for kind in (0x88E7, 0x22F3):
        yield from _typed(r, kind, Raw(b"\x00\x00\x00\x0a"), inner)


@entry("ET-16", "loopback test as a relay", "Ethernet 2.0 configuration testing protocol")
def loopback(r: Roles) -> Iterator[Sendable]:
    """Ask a peer to forward the rest of the frame to the target."""
    order = b"\x00\x00\x02\x00" + bytes.fromhex(r.r.mac.replace(":", "")) + b"\x01\x00"
    for hop in (r.p, r.g):
        yield Ether(src=r.w.mac, dst=hop.mac, type=0x9000) / Raw(order) / token()


@entry("ET-17", "slow protocols", "IEEE 802.1AX; IEEE 802.3, 57A")
def slow_protocols(r: Roles) -> Iterator[Sendable]:
    """Offer to bundle the link (LACP), and to maintain it (OAM)."""
    header = Ether(src=r.w.mac, dst="01:80:c2:00:00:02", type=0x8809)
    yield header / SlowProtocol() / LACP() / trailer()
    yield header / Raw(b"\x03\x00\x50\x00\x01\x10") / token()


@entry("ET-18", "LLDP as a carrier", "IEEE 802.1AB")
def lldp(r: Roles) -> Iterator[Sendable]:
    """Hide the token in an organisation's own field of a neighbour's announcement."""
    mac = bytes.fromhex(r.w.mac.replace(":", ""))
    start = Raw(b"\x02\x07\x04" + mac + b"\x04\x02\x07A\x06\x02\x00\x78\xfe\x14\x00\x12\x0f\x01")
    for group in ("01:80:c2:00:00:0e", "01:80:c2:00:00:03", "01:80:c2:00:00:00"):
        header = Ether(src=r.w.mac, dst=group, type=0x88CC)
        yield header / start / token() / Raw(b"\x00\x00")


@entry("ET-19", "IPv4 called IPv6, and the other way", "thc-ipv6 firewall6", exotic=True)
def wrong_version(r: Roles) -> Iterator[Sendable]:
    """Let the EtherType and the packet's own version disagree."""
    yield from _typed(r, 0x86DD, knock(r.w, r.r))
    inner = IPv6(src=r.w.ip6, dst=r.r.ip6) / UDP(sport=client(), dport=r.r.port) / token()
    yield from _typed(r, 0x0800, inner)


@entry("ET-20", "protocols of older networks", "IEEE 802.2 SAP list", exotic=True)
def old_networks(r: Roles) -> Iterator[Sendable]:
    """Speak NetBEUI, IPX, SNAP and spanning tree without an EtherType."""
    for access_point in (0xF0, 0xE0, 0xAA, 0x42):
        for mac in (ALL, r.r.mac):
            header = LLC(dsap=access_point, ssap=access_point, ctrl=3)
            yield Dot3(src=r.w.mac, dst=mac) / header / token()


@entry("ET-21", "protocols of devices", "IEEE RA EtherType list")
def devices(r: Roles) -> Iterator[Sendable]:
    """Speak as machines, disks and power lines do."""
    for kind in _DEVICE_TYPES:
        for mac in (ALL, r.r.mac):
            yield Ether(src=r.w.mac, dst=mac, type=kind) / token()


@entry("ET-22", "sweep of all EtherTypes", "exhaustive", exotic=True)
def every_type(r: Roles) -> Iterator[Sendable]:
    """Look for a type that somebody forgot: every 17th of 63,488, and every kind of start."""
    # A tag and a type, where the type is a tag's: of a tag the kernel clears a bit (DEI) on a veth.
    body = b"\0\0\0\0" + bytes(token())
    raw = bytes(Ether(src=r.w.mac, dst=r.r.mac, type=0x0600) / body)
    swept = sorted({*range(0x0600, 0x10000, _STRIDE), *range(0x0600, 0x10000, 0x100), 0xFFFF})
    for kind in sample(r, swept):
        yield vary(raw, _TYPE, kind)


@entry("ET-23", "control channel of access points", "Cisco WLCCP; CAPWAP")
def access_points(r: Roles) -> Iterator[Sendable]:
    """Speak to the management side as an access point would."""
    for mac in (r.c.mac, "01:40:96:ff:ff:ff", r.g.mac):
        yield Ether(src=r.w.mac, dst=mac, type=0x872D) / token()
