"""VL: VLAN tags, from ports where nobody may have one."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.contrib.dtp import DTP, DTPDomain, DTPNeighbor, DTPStatus, DTPType
from scapy.layers.l2 import LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.packet import Packet, Raw

from scenarios.probes.builders import frame, knock, message, sample, token, trailer, vary
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles

_TCI = 14  # byte offset of a tag's VLAN id (IEEE 802.1Q, 9.6)
_RESERVED = 2  # 0, a priority tag, and 1, most switches' own; then one for each pair of classes
_CISCO = "01:00:0c:cc:cc:cc"


def _tagged(r: Roles, *tags: Packet) -> Iterator[Sendable]:
    """Yield a knock behind *tags*, to the router and to the target's own MAC."""
    for hop in (r.g, r.r):
        packet: Packet = frame(r.w, hop)
        for tag in tags:
            packet = packet / tag
        yield packet / knock(r.w, r.r)


def _snap(source: str, target: str, code: int, *, oui: int = 0) -> Packet:
    header = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=oui, code=code)
    return Dot3(src=source, dst=target) / header


@entry("VL-01", "tagged frame on an access port", "IEEE 802.1Q; yersinia")
def tagged(r: Roles) -> Iterator[Sendable]:
    """Claim the VLAN of the target; and the own one, on the way to where one may go."""
    yield from _tagged(r, Dot1Q(vlan=r.r.vlan))
    yield frame(r.w, r.g) / Dot1Q(vlan=r.w.vlan) / knock(r.w, r.p)


@entry("VL-02", "double tag", "yersinia 802.1Q; VLAN hopping")
def double_tagged(r: Roles) -> Iterator[Sendable]:
    """Show the own VLAN outside and the target's inside, in case a switch takes one off."""
    yield from _tagged(r, Dot1Q(vlan=r.w.vlan), Dot1Q(vlan=r.r.vlan))


@entry("VL-03", "service tag", "IEEE 802.1ad")
def service_tagged(r: Roles) -> Iterator[Sendable]:
    """Claim the VLAN of the target in a provider's tag."""
    yield from _tagged(r, Dot1AD(vlan=r.r.vlan))


@entry("VL-04", "service tag and customer tag", "OVS other_config:vlan-limit")
def both_tags(r: Roles) -> Iterator[Sendable]:
    """Hide the customer's tag behind a provider's, where only one is read."""
    yield from _tagged(r, Dot1AD(vlan=r.w.vlan), Dot1Q(vlan=r.r.vlan))


@entry("VL-05", "priority tag", "CVE-2021-27853; openvswitch/ovs-issues#221")
def priority_tagged(r: Roles) -> Iterator[Sendable]:
    """Carry a tag that names no VLAN, to where one may go as well."""
    yield from _tagged(r, Dot1Q(vlan=0))
    yield frame(r.w, r.g) / Dot1Q(vlan=0) / knock(r.w, r.p)


@entry("VL-06", "stack of priority tags", "CVE-2021-27853; VU#855201")
def priority_stack(r: Roles) -> Iterator[Sendable]:
    """Carry two, three and four tags that name no VLAN."""
    for depth in (2, 3, 4):
        yield from _tagged(r, *(Dot1Q(vlan=0) for _ in range(depth)))


@entry("VL-07", "priority tag before the target's", "VU#855201")
def priority_then_vlan(r: Roles) -> Iterator[Sendable]:
    """Hide the VLAN of the target behind a tag that names none."""
    yield from _tagged(r, Dot1Q(vlan=0), Dot1Q(vlan=r.r.vlan))


@entry("VL-08", "reserved VLAN 4095", "IEEE 802.1Q, table 9-2")
def reserved_vlan(r: Roles) -> Iterator[Sendable]:
    """Claim the VLAN id that some equipment takes for "any"."""
    yield from _tagged(r, Dot1Q(vlan=4095))


@entry("VL-09", "default VLAN 1", "CIS switch benchmarks")
def default_vlan(r: Roles) -> Iterator[Sendable]:
    """Claim the VLAN that equipment has before anybody configures it."""
    yield from _tagged(r, Dot1Q(vlan=1))


@entry("VL-10", "triple and deeper tags", "OVS other_config:vlan-limit")
def deep_tags(r: Roles) -> Iterator[Sendable]:
    """Carry more tags than a switch reads, the target's last."""
    for depth in (2, 3, 7):
        own = [Dot1Q(vlan=r.w.vlan) for _ in range(depth)]
        yield from _tagged(r, *own, Dot1Q(vlan=r.r.vlan))


@entry("VL-11", "tags of older standards", "vendors' QinQ", exotic=True)
def old_tags(r: Roles) -> Iterator[Sendable]:
    """Mark the tag with a number that not every switch knows as one."""
    tag = r.r.vlan.to_bytes(2, "big") + b"\x08\x00"
    for tpid in (0x9100, 0x9200, 0x9300):
        for hop in (r.g, r.r):
            header = Ether(src=r.w.mac, dst=hop.mac, type=tpid)
            yield header / Raw(tag) / knock(r.w, r.r)


@entry("VL-12", "every priority of a tag", "IEEE 802.1Q, 6.9")
def priorities(r: Roles) -> Iterator[Sendable]:
    """Vary the tag's other bits, where a rule matches it whole."""
    every = [(priority, drop) for priority in range(8) for drop in (0, 1)]
    for priority, drop in sample(r, every):
        yield from _tagged(r, Dot1Q(vlan=r.r.vlan, prio=priority, dei=drop))


@entry("VL-13", "all 4096 VLANs", "exhaustive")
def every_vlan(r: Roles) -> Iterator[Sendable]:
    """Look for a VLAN that somebody forgot, also among those that mean classes on links."""
    raw = bytes(frame(r.w, r.g) / Dot1Q(vlan=0) / knock(r.w, r.r))
    for vlan in dict.fromkeys((*range(_RESERVED + r.pairs), *sample(r, range(4096)))):
        yield vary(raw, _TCI, vlan)


@entry("VL-14", "trunk negotiation (DTP)", "yersinia DTP", exotic=True)
def trunk_negotiation(r: Roles) -> Iterator[Sendable]:
    """Offer the switch to be a trunk."""
    offer = DTP(tlvlist=[DTPDomain(), DTPStatus(), DTPType(), DTPNeighbor(neighbor=r.w.mac)])
    yield _snap(r.w.mac, _CISCO, 0x2004, oui=0x0C) / offer / trailer()


@entry("VL-15", "VLAN registration", "yersinia VTP; IEEE 802.1ak", exotic=True)
def registration(r: Roles) -> Iterator[Sendable]:
    """Ask to join a VLAN, in the way of VTP, MVRP and GVRP."""
    yield _snap(r.w.mac, _CISCO, 0x2003, oui=0x0C) / token()
    yield Ether(src=r.w.mac, dst="01:80:c2:00:00:21", type=0x88F5) / token()
    join = Raw(b"\x00\x01\x01\x04\x02" + r.r.vlan.to_bytes(2, "big") + b"\x00\x00")
    yield Dot3(src=r.w.mac, dst="01:80:c2:00:00:21") / LLC(dsap=0x42, ssap=0x42) / join / trailer()


@entry("VL-16", "tag inside SNAP", "VU#855201", exotic=True)
def tag_in_snap(r: Roles) -> Iterator[Sendable]:
    """Put the tag where only some stacks look for one."""
    for hop in (r.g, r.r):
        tag = Raw(r.r.vlan.to_bytes(2, "big") + b"\x08\x00")
        yield _snap(r.w.mac, hop.mac, 0x8100) / tag / knock(r.w, r.r)


@entry("VL-17", "isolation evaded through the router", "AirSnitch; RFC 5517")
def gateway_bounce(r: Roles) -> Iterator[Sendable]:
    """Reach an isolated neighbour by way of the router."""
    yield frame(r.w, r.g) / message(r.w, r.w2)
    yield frame(r.w, r.g) / knock(r.w, r.w2)


@entry("VL-18", "tagged way back", "both directions")
def tagged_reply(r: Roles) -> Iterator[Sendable]:
    """Let the target tag a frame with the source's VLAN."""
    for hop in (r.g, r.w):
        yield r.r.id, frame(r.r, hop) / Dot1Q(vlan=r.w.vlan) / knock(r.r, r.w)
