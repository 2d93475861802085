"""CP: the control plane. No rule asks the controller, so nothing that is sent can teach it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP
from scapy.layers.l2 import ARP, LLC, SNAP, STP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from scenarios.attacks.multicast import igmp
from scenarios.probes.builders import ALL, client, frame, sample, tcp, token, trailer, udp
from scenarios.probes.frames import blank
from scenarios.probes.headers import (
    LIMITED,
    NEAREST_BRIDGE,
    SPANNING_TREE,
    VENDOR_GROUP,
    carried,
    datagram,
    group_multicast,
    ipv4,
    mac_bytes,
    opening,
    snap_frame,
)
from scenarios.probes.registry import Kind, Sendable, entry
from scenarios.probes.roles import Party, Roles

_LLDP = 0x88CC  # IEEE 802.1AB
_CONTROLLER_PORTS = (6653, 6633, 6640, 8080)  # IANA OpenFlow, its old port, OVSDB, REST
_HELLO = bytes((4, 0, 0, 8, 0, 0, 0, 1))  # OpenFlow 1.3.5, 7.1


def _link(source: Party, dpid: int, port: int) -> Packet:
    """Return the LLDP frame that Ryu's topology discovery would take for a link."""
    chassis = b"\x07dpid:%016x" % dpid  # IEEE 802.1AB, 8.5.2: locally assigned
    parts = ((1, chassis), (2, b"\x02" + struct.pack("!I", port)), (3, b"\0\x78"), (0, b""))
    body = b"".join(struct.pack("!H", kind << 9 | len(v)) + v for kind, v in parts)
    return Ether(src=source.mac, dst=NEAREST_BRIDGE, type=_LLDP) / Raw(body) / token()


def _ask(sender: Party, address: str, target: str) -> Packet:
    """Return an ARP request to everybody, with the token behind it."""
    return frame(sender, ALL) / ARP(hwsrc=sender.mac, psrc=address, pdst=target) / trailer()


@entry("CP-01", "a flood that no table knows", "DELTA 3.1.010")
def miss_flood(r: Roles) -> Iterator[Sendable]:
    """Five hundred unknown stations."""
    for number in sample(r, range(500)):
        stranger = replace(r.w, mac=f"02:cc:00:00:{number >> 8:02x}:{number & 255:02x}")
        yield ipv4(stranger, r.g, r.r) / datagram()


@entry("CP-02", "a link that is not there", "DELTA 3.1.160; TopoGuard")
def fabricated_link(r: Roles) -> Iterator[Sendable]:
    """LLDP in the form that discovery believes."""
    for dpid, port in ((1, 1), (2, 1)):
        yield _link(r.w, dpid, port)


@entry("CP-03", "LLDP carried from one place to another", "TopoGuard")
def relayed_link(r: Roles) -> Iterator[Sendable]:
    """A frame of one switch, sent again beside another."""
    yield _link(r.w, 1, 3)
    yield r.t.id, _link(r.t, 1, 3)


@entry("CP-04", "the target's place taken", "NDSS 2015; DELTA 3.1.150", kind=Kind.STATEFUL)
def hijack(r: Roles) -> Iterator[Sendable]:
    """A sign of life in its name; what is meant for it must still arrive there."""
    yield _ask(r.r, r.r.ip, r.g.ip)
    yield ipv4(r.r, r.g, r.g) / datagram()
    yield r.t.id, tcp(r.t, r.g, r.r)


@entry("CP-05", "a port that is an edge again", "Skowyra et al., DSN 2018")
def amnesia(r: Roles) -> Iterator[Sendable]:
    """The LLDP that would follow a link that went down and up; ports have no memory here."""
    yield _link(r.w, 2, 2)
    yield udp(r.w, r.g, r.r)


@entry("CP-06", "an identity taken while its owner is away", "Skowyra et al., DSN 2018")
def probing(r: Roles) -> Iterator[Sendable]:
    """First to speak in the other's name."""
    yield ipv4(r.t, r.g, r.g) / ICMP(id=client()) / token()
    yield ipv4(r.t, r.g, r.r) / opening(r.r)


@entry("CP-07", "an edge port turned into a line", "TopoGuard", kind=Kind.STATEFUL)
def edge_to_line(r: Roles) -> Iterator[Sendable]:
    """LLDP first; then what a line would let through."""
    yield _link(r.w, 2, 1)
    yield udp(r.w, r.g, r.r)
    yield frame(r.w, r.g) / Dot1Q(vlan=2) / ipv4(r.w, r.g, r.r).payload / opening(r.r)


@entry("CP-08", "frames that end too early", "Faucet fuzz_packet; Ryu", exotic=True)
def cut_short(r: Roles) -> Iterator[Sendable]:
    """One that a parser trips over must not cost the next one its rule."""
    shapes = ((_LLDP, b"\x02"), (0x0806, b"\0\x01"), (0x0800, b"\x4f"), (0x86DD, b"\x60"))
    for kind, body in (*shapes, (0x8100, b"\0")):
        yield Ether(src=r.w.mac, dst=ALL, type=kind) / Raw(body)


@entry("CP-09", "an unknown receiver, to be flooded", "Ryu simple_switch_13")
def flooded(r: Roles) -> Iterator[Sendable]:
    """OFPP_FLOOD knows no segments."""
    yield ipv4(r.w, "02:00:00:00:fe:fe", r.r) / datagram()
    yield ipv4(r.w, "02:00:00:00:fe:fe", r.r) / opening(r.r)


@entry("CP-10", "a rogue switch", "DELTA 2.1.050")
def rogue_switch(r: Roles) -> Iterator[Sendable]:
    """The first message of OpenFlow to whoever manages."""
    for flags in ("S", "PA"):
        yield tcp(r.w, r.g, r.c, flags, dport=6653) / Raw(_HELLO)


@entry("CP-11", "the doors of the controller", "DELTA; Ryu ofctl_rest")
def doors(r: Roles) -> Iterator[Sendable]:
    """OpenFlow, OVSDB and REST, at a management device, the gateway and nobody's address."""
    for there in (r.c.ip, r.g.ip, "127.0.0.1"):
        for port in _CONTROLLER_PORTS:
            yield ipv4(r.w, r.g, there) / opening(r.c, port)


@entry("CP-12", "hidden rules of in-band control", "Open vSwitch, In-Band Control")
def in_band(r: Roles) -> Iterator[Sendable]:
    """In the controller's name: ARP, OpenFlow, DHCP."""
    yield _ask(r.w, r.c.ip, r.r.ip)
    for port in (6653, 6633):
        packet = tcp(r.c, r.g, r.r, "A", sport=port, dport=client())
        yield frame(r.w, r.r) / packet.payload
    yield ipv4(r.w, ALL, LIMITED, src="0.0.0.0") / carried(67, sport=68) / token()


@entry("CP-13", "five hundred conversations that are allowed", "DELTA 3.1.190")
def many_allowed(r: Roles) -> Iterator[Sendable]:
    """A reactive controller would add a rule for each; here the tables stay as they are."""
    for _ in sample(r, range(500)):
        yield tcp(r.w, r.g, r.p)


@entry("CP-14", "the root of the spanning tree", "IEEE 802.1D, 9; yersinia", exotic=True)
def tree_root(r: Roles) -> Iterator[Sendable]:
    """The best root there can be, and a notice of change."""
    head = snap_frame(r.w, SPANNING_TREE) / LLC(dsap=0x42, ssap=0x42, ctrl=3)
    best = STP(rootid=0, rootmac="00:00:00:00:00:01", bridgeid=0, bridgemac=r.w.mac)
    yield head / best / trailer()
    yield head / Raw(b"\0\0\0\x80") / trailer()


@entry("CP-15", "a telephone that asks for its segment", "CVE-2020-3110; yersinia", exotic=True)
def telephone(r: Roles) -> Iterator[Sendable]:
    """CDP, and LLDP with the voice policy of TIA-1057."""
    head = snap_frame(r.w, VENDOR_GROUP) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    cdp = b"\x02\xb4\0\0" + struct.pack("!HH", 1, 9) + b"phone"
    yield head / SNAP(OUI=0x0C, code=0x2000) / Raw(cdp) / token()
    med = b"\xfe\x08\x00\x12\xbb\x02\x01" + struct.pack("!I", 1 << 22 | r.r.vlan << 9)[1:]
    yield Ether(src=r.w.mac, dst=NEAREST_BRIDGE, type=_LLDP) / Raw(med) / token()


@entry("CP-16", "a lease that poisons the bindings", "RFC 7513", kind=Kind.STATEFUL)
def poisoned_binding(r: Roles) -> Iterator[Sendable]:
    """Another's address is leased to me, in the gateway's name; then I use it."""
    lease = BOOTP(op=2, yiaddr=r.t.ip, chaddr=mac_bytes(r.w), xid=1, sname=blank())
    head = ipv4(r.w, ALL, LIMITED, src=r.g.ip) / carried(68, sport=67)
    yield head / lease / DHCP(options=[("message-type", "ack"), "end"])
    yield ipv4(r.w, r.g, r.r, src=r.t.ip) / opening(r.r)


@entry("CP-17", "read one way by the switch, another by the controller", "VU#855201", exotic=True)
def differential(r: Roles) -> Iterator[Sendable]:
    """ARP behind a priority tag, IPv4 behind a null label."""
    claim = ARP(hwsrc=r.w.mac, psrc=r.r.ip, pdst=r.g.ip)
    yield frame(r.w, ALL) / Dot1Q(vlan=0) / claim / trailer()
    label = struct.pack("!I", 1 << 8 | 64)  # RFC 3032, 2.1: explicit null, bottom of stack
    packet = ipv4(r.w, r.g, r.r).payload / datagram()
    yield Ether(src=r.w.mac, dst=r.g.mac, type=0x8847) / Raw(label) / packet


@entry("CP-18", "is there a rule? asking the clock", "Sonchack et al., ACSAC 2016")
def timing(r: Roles) -> Iterator[Sendable]:
    """Twenty questions; nothing that is denied is ever answered, so nothing can be timed."""
    for number in sample(r, range(20)):
        for there in (r.p, r.r):
            yield ipv4(r.w, r.g, there) / ICMP(id=client(), seq=number) / token()


@entry(
    "CP-19", "one packet released by another's rule", "OpenFlow 1.3.5, 7.3.4", kind=Kind.STATEFUL
)
def buffered(r: Roles) -> Iterator[Sendable]:
    """The denied one, the allowed one, the denied one again."""
    port = client()
    yield tcp(r.w, r.g, r.r, sport=port)
    yield r.t.id, tcp(r.t, r.g, r.r, sport=port)
    yield tcp(r.w, r.g, r.r, sport=port)


@entry("CP-20", "three hundred groups", "RFC 4541")
def many_groups(r: Roles) -> Iterator[Sendable]:
    """A snooping switch would keep each."""
    for number in sample(r, range(300)):
        group = f"239.1.{number >> 8}.{number & 255}"
        yield group_multicast(r.w, group, ttl=1) / igmp(0x16, group) / trailer()
