"""DP: what is particular to Open vSwitch: its caches, its parser, its tracker, its ports."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from scapy.layers.l2 import Ether
from scapy.packet import Padding, Raw

from scenarios.probes.builders import client, frame, sample, tcp, token, udp
from scenarios.probes.headers import NEAREST_BRIDGE, datagram, ipv4, mac_bytes, neighbour, opening
from scenarios.probes.registry import Kind, Sendable, entry, note
from scenarios.probes.roles import Roles

_PAYLOAD_OF_A_FULL_FRAME = 1500 - 20 - 20 - 16  # bytes behind IPv4, TCP and a token
_LLDP = 0x88CC  # IEEE 802.1AB


@entry("DP-01", "protocol 0 warms the cache", "CVE-2023-1668", kind=Kind.STATEFUL)
def protocol_zero(r: Roles) -> Iterator[Sendable]:
    """An entry that forgot the ports would let the next one through."""
    yield r.t.id, ipv4(r.t, r.g, r.r, proto=0) / token()
    yield ipv4(r.w, r.g, r.r, proto=0) / token()
    yield tcp(r.w, r.g, r.r)


@entry("DP-02", "padding warms the cache", "CVE-2020-35498", kind=Kind.STATEFUL, exotic=True)
def padded(r: Roles) -> Iterator[Sendable]:
    """Lengths that disagree, then the plain packet."""
    yield ipv4(r.w, r.g, r.r, len=24) / datagram() / Padding(bytes(300))
    yield udp(r.w, r.g, r.r) / Padding(bytes(300))
    yield udp(r.w, r.g, r.r)
    yield tcp(r.w, r.g, r.r)


@entry("DP-03", "cold cache, warm cache", "Open vSwitch, flow caching", kind=Kind.STATEFUL)
def warm(r: Roles) -> Iterator[Sendable]:
    """The same packet three times: the first is decided by the tables, the others by the cache."""
    for packet in (udp(r.w, r.g, r.r), tcp(r.w, r.g, r.r)):
        yield from itertools.repeat(packet, 3)


@entry("DP-04", "an allowed flow, then its forbidden sibling", "megaflow", kind=Kind.STATEFUL)
def sibling(r: Roles) -> Iterator[Sendable]:
    """Equal in everything but the port where it enters, or the MAC address."""
    packet = tcp(r.t, r.g, r.r)
    yield r.t.id, packet
    yield packet.copy()
    yield frame(r.w, r.g) / packet.payload.copy()


@entry("DP-05", "as many masks as there can be", "CVE-2019-25076")
def explosion(r: Roles) -> Iterator[Sendable]:
    """Every packet different in a different field."""
    for number in sample(r, range(256)):
        source = neighbour(r.w, number)
        head = ipv4(r.w, r.g, r.r, src=source, ttl=number or 1)
        yield head / datagram(1 << (number >> 4), sport=1 << (number & 15))


@entry("DP-06", "headers that end too early", "CVE-2016-10377", exotic=True)
def truncated(r: Roles) -> Iterator[Sendable]:
    """Fields that are not there are read as zero."""
    whole = bytes(udp(r.w, r.g, r.r).payload)
    for length in (1, 12, 19, 20, 24, 27):
        yield Ether(src=r.w.mac, dst=r.g.mac, type=0x0800) / Raw(whole[:length])


@entry("DP-07", "packets of no conversation", "Open vSwitch, ct_state", kind=Kind.STATEFUL)
def untracked(r: Roles) -> Iterator[Sendable]:
    """The tracker may pick a conversation up in the middle; the policy may not."""
    for flags in ("A", "PA", "SA", "FA", "R"):
        yield tcp(r.w, r.g, r.r, flags)
        yield r.t.id, tcp(r.t, r.g, r.r, flags)


@entry("DP-08", "frames of full size", "Open vSwitch, userspace TSO")
def full_size(r: Roles) -> Iterator[Sendable]:
    """The longest that a cable takes; longer ones are made of these by the sender's kernel."""
    for flags in ("S", "A"):
        yield tcp(r.w, r.g, r.r, flags) / Raw(bytes(_PAYLOAD_OF_A_FULL_FRAME))
    yield udp(r.w, r.g, r.r) / Raw(bytes(_PAYLOAD_OF_A_FULL_FRAME))


NOT_SENT_09 = note(
    "DP-09",
    "a port number given to another device",
    "Open vSwitch, port numbers",
    kind=Kind.ELSEWHERE,
    reason="events: port change",
)


@entry("DP-10", "sixty-four flows for sixty-four buckets", "OpenFlow 1.3.5, 5.6")
def buckets(r: Roles) -> Iterator[Sendable]:
    """There is no group and no meter; if there were, one flow would meet the wrong bucket."""
    for _ in sample(r, range(64)):
        yield udp(r.w, r.g, r.r, sport=client())


@entry("DP-11", "what dies at the edge is on no line", "ofproto/trace")
def at_the_edge(r: Roles) -> Iterator[Sendable]:
    """Every line between switches is listened to."""
    yield ipv4(r.w, r.g, r.r) / datagram()
    yield ipv4(r.w, r.g, r.r) / opening(r.r)


@entry("DP-12", "LLDP that a switch might parse itself", "CVE-2022-4337; CVE-2020-27827")
def switch_lldp(r: Roles) -> Iterator[Sendable]:
    """Auto-attach TLVs, with lengths that lie."""
    chassis = b"\x02\x07\x04" + mac_bytes(r.w)
    for lie in (b"\xfe\x04\x00\x80\xc2\x09", b"\xfe\xff\x00\x04\x0d\x0b", b"\xff\xff"):
        yield Ether(src=r.w.mac, dst=NEAREST_BRIDGE, type=_LLDP) / Raw(chassis + lie) / token()
