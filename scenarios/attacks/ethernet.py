"""L2: who a frame says it is from and to, before anything else of it is read."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import LLC, SNAP, Dot3, Ether
from scapy.packet import Packet, Raw

from scenarios.probes.builders import (
    ALL,
    DISCARD,
    address,
    client,
    frame,
    knock,
    message,
    sample,
    straight,
    tcp,
    token,
    trailer,
    vary,
)
from scenarios.probes.registry import Kind, Sendable, entry
from scenarios.probes.roles import Roles

_NOBODY = "02:00:5e:00:ff:fe"  # locally administered, in no plan
_STRANGER = "02:f1:00:00:00:00"
_DST_LOW, _SRC_LOW = 4, 10  # byte offsets of the last two bytes of either MAC address
_MDNS_MAC, _MDNS = "01:00:5e:00:00:fb", "224.0.0.251"  # RFC 6762
_VENDOR_GROUPS = (  # ISL, CDP/VTP/DTP, PVST+, EDP, EAPS (ovs-vswitchd.conf.db(5), forward-bpdu)
    "01:00:0c:00:00:00",
    "01:00:0c:cc:cc:cc",
    "01:00:0c:cc:cc:cd",
    "00:e0:2b:00:00:00",
    "00:e0:2b:00:00:04",
)


def _posing(source_mac: str, r: Roles, packet: Packet) -> Iterator[Sendable]:
    """Put *packet* on the source's cable in the name of another MAC, to both next hops."""
    for hop in (r.g, r.r):
        yield Ether(src=source_mac, dst=hop.mac) / packet


@entry("L2-01", "MAC address of a party that may", "IEEE 802.1X-2020; nmap --spoof-mac")
def stolen_mac(r: Roles) -> Iterator[Sendable]:
    """Take the MAC of somebody who is let in, keep the own IP address."""
    yield from _posing(r.t.mac, r, knock(r.w, r.r))
    yield Ether(src=r.t.mac, dst=r.g.mac) / knock(r.w, r.p)


@entry("L2-02", "full clone of a party that may", "RFC 7039 (SAVI)")
def clone(r: Roles) -> Iterator[Sendable]:
    """Take MAC and IP address: the port is then the only truth."""
    yield from _posing(r.t.mac, r, knock(r.t, r.r))


@entry("L2-03", "steal the router's port", "AirSnitch (NDSS 2026)", kind=Kind.STATEFUL)
def router_mac(r: Roles) -> Iterator[Sendable]:
    """Announce the router's MAC here, then see whether the router is still found."""
    header = IP(src=r.w.ip, dst="255.255.255.255")
    yield Ether(src=r.g.mac, dst=ALL) / header / UDP(sport=client(), dport=DISCARD) / token()
    yield r.t.id, tcp(r.t, r.g, r.r)


@entry("L2-04", "steal the target's port", "AirSnitch; TopoGuard", kind=Kind.STATEFUL)
def target_mac(r: Roles) -> Iterator[Sendable]:
    """Announce the target's MAC here, then see whether a welcome party still reaches the target."""
    header = IP(src=r.w.ip, dst=r.g.ip)
    yield Ether(src=r.r.mac, dst=r.g.mac) / header / UDP(sport=client(), dport=9) / token()
    yield r.t.id, tcp(r.t, r.g, r.r)


@entry("L2-05", "MAC flooding", "macof (dsniff); OVS mac-table-size", kind=Kind.STATEFUL)
def flooding(r: Roles) -> Iterator[Sendable]:
    """Fill MAC tables with strangers; a welcome conversation must stay private meanwhile."""
    raw = bytes(Ether(src=_STRANGER, dst=_NOBODY) / message(r.w, r.r))
    for n in sample(r, range(500)):
        yield vary(vary(raw, _DST_LOW, n), _SRC_LOW, n)
    yield r.t.id, tcp(r.t, r.g, r.r)


@entry("L2-06", "unknown unicast", "IEEE 802.1Q, 8.8")
def unknown_unicast(r: Roles) -> Iterator[Sendable]:
    """Address a station that nobody knows, and hope to be flooded: what may pass, too."""
    for target in (r.r, r.p):
        yield frame(r.w, _NOBODY) / knock(r.w, target)


@entry("L2-07", "broadcast MAC, unicast IP", "Hole 196; AirSnitch")
def broadcast_mac(r: Roles) -> Iterator[Sendable]:
    """Wrap a packet for one into a frame for all: what may pass, too."""
    for target in (r.r, r.p):
        yield frame(r.w, ALL) / knock(r.w, target)


@entry("L2-08", "multicast MAC, unicast IP", "RFC 1122, 3.3.6")
def multicast_mac(r: Roles) -> Iterator[Sendable]:
    """Wrap a packet for one into a frame for a group."""
    yield frame(r.w, _MDNS_MAC) / knock(r.w, r.r)


@entry("L2-09", "unicast MAC, multicast IP", "RFC 1112")
def multicast_ip(r: Roles) -> Iterator[Sendable]:
    """Wrap a packet for a group into a frame for one."""
    header = IP(src=r.w.ip, dst=_MDNS)
    yield from straight(r, header / UDP(sport=client(), dport=5353) / token())


@entry("L2-10", "group bit in the source MAC", "IEEE 802.3, 3.2.3")
def group_source(r: Roles) -> Iterator[Sendable]:
    """Send from an address that can be nobody's."""
    yield from _posing("03:00:00:00:00:01", r, knock(r.w, r.r))


@entry("L2-11", "zero or broadcast source MAC", "IEEE 802.3")
def empty_source(r: Roles) -> Iterator[Sendable]:
    """Send from no address, and from everybody's."""
    for mac in ("00:00:00:00:00:00", ALL):
        yield from _posing(mac, r, knock(r.w, r.r))


@entry("L2-12", "source MAC = destination MAC", "CVE-1999-0016 in layer 2")
def itself(r: Roles) -> Iterator[Sendable]:
    """Send in the name of the very station that is addressed."""
    for mac in (r.r.mac, r.g.mac):
        yield Ether(src=mac, dst=mac) / knock(r.w, r.r)


@entry("L2-13", "reserved groups that carry IP", "IEEE 802.1Q, 8.6.3; OVS forward-bpdu")
def reserved_groups(r: Roles) -> Iterator[Sendable]:
    """Hide a packet among frames that bridges treat as their own (01:80:c2:00:00:00 to 2f)."""
    for n in sample(r, range(0x30)):
        yield frame(r.w, f"01:80:c2:00:00:{n:02x}") / knock(r.w, r.r)


@entry("L2-14", "vendors' control groups", "OVS forward-bpdu", exotic=True)
def vendor_groups(r: Roles) -> Iterator[Sendable]:
    """Hide a token among frames that vendors' switches exchange."""
    for mac in _VENDOR_GROUPS:
        inside = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0x0C, code=0x2000) / token()
        yield Dot3(src=r.w.mac, dst=mac) / inside
        yield frame(r.w, mac) / knock(r.w, r.r)


@entry("L2-15", "back out of the own port", "OpenFlow 1.3.5 OFPP_IN_PORT; IEEE 802.1Qbg")
def hairpin(r: Roles) -> Iterator[Sendable]:
    """Speak to the neighbour of one's own SSID, past the router and through it."""
    yield frame(r.w, r.w2) / message(r.w, r.w2)
    yield frame(r.w, r.g) / message(r.w, r.w2)
    yield frame(r.w, r.g) / knock(r.w, r.w2)


@entry("L2-16", "flapping between two ports", "TopoGuard", kind=Kind.STATEFUL)
def flapping(r: Roles) -> Iterator[Sendable]:
    """Pose as a welcome party again and again, while it speaks itself."""
    for _ in range(20 if r.is_whole else 3):
        yield Ether(src=r.t.mac, dst=r.g.mac) / knock(r.t, r.r)
        yield r.t.id, tcp(r.t, r.g, r.r)


@entry("L2-17", "randomised MAC address", "IEEE 802c; RFC 9797")
def randomised(r: Roles) -> Iterator[Sendable]:
    """Come with an address that the terminal made up itself, to where it may go as well."""
    for target in (r.r, r.p):
        yield from _posing("da:a1:19:00:00:01", r, knock(r.w, target))


@entry("L2-18", "runts and giants", "IEEE 802.3", exotic=True)
def odd_lengths(r: Roles) -> Iterator[Sendable]:
    """Send a header and nothing but a token, a frame of the greatest length, and a jumbo."""
    for hop in (r.g, r.r):
        yield Ether(src=r.w.mac, dst=hop.mac, type=0x0800) / trailer()
    for size in (1514, 9000):
        packet = frame(r.w, r.g) / message(r.w, r.r)
        yield packet / Raw(b"x" * (size - len(packet)))


@entry("L2-19", "data behind the packet", "CVE-2003-0001; CVE-2020-35498")
def behind(r: Roles) -> Iterator[Sendable]:
    """Carry the token behind the IP length: with what may pass, and with what may not."""
    for target in (r.p, r.r):
        header = TCP(sport=client(), dport=target.port, flags="S")
        yield frame(r.w, r.g) / address(r.w, target) / header / trailer()


@entry("L2-20", "PAUSE frame", "IEEE 802.3, 31B; IEEE 802.1Qbb")
def pause(r: Roles) -> Iterator[Sendable]:
    """Ask a neighbour's link to stand still: PAUSE for all, and for each priority."""
    for order in (b"\x00\x01\xff\xff", b"\x01\x01\x00\xff" + b"\xff" * 16):
        header = Ether(src=r.w.mac, dst="01:80:c2:00:00:01", type=0x8808)
        yield header / Raw(order) / token()
