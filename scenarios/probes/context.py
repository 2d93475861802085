"""One source trying one target: its context, and the frames that it sends.

A probe frame is a frame to send and, beside it, the same as a `Packet` for the policy to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from scenarios.probes.frames import Fields
from sekisho.model import ECHO, Attachment, Plan, PortRef, Protocol, Service
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6, ICMP, TCP_SYN, ConnState, Packet

_PING, _PONG = "icmp-echo", "icmp-reply"
_TAG_TYPE = 0x8100  # IEEE 802.1Q, 9.4
_TTLS = {"udp-ttl1": 1, "udp-ttl0": 0}
_IP_PROTOCOLS = {
    "tcp": Protocol.TCP.value,
    "fragment": Protocol.TCP.value,
    "udp": Protocol.UDP.value,
    "udp-ttl1": Protocol.UDP.value,
    "udp-ttl0": Protocol.UDP.value,
}


def shape_of(protocol: Protocol) -> str:
    """Return the shape of a frame that asks for a service."""
    return _PING if protocol is Protocol.ICMP else protocol.word


class ProbeFrame(NamedTuple):
    """One frame to send: its shape and fields, and the same as a packet for the policy."""

    shape: str
    fields: Fields
    packet: Packet


@dataclass(frozen=True, slots=True)
class ProbeContext:
    """One source trying one target.

    Attributes:
        victim: Whose identity a spoofed frame claims; stands at another switch port. The target
            itself where the town has no third device.
        services: Services that the target's device runs.
        ports: Gives a source port that no other frame of the window uses.
        vacant: Addresses on both sides of the edges of what is kept for ports that may be moved,
            where it is time to try them.
    """

    plan: Plan
    source: Attachment
    target: Attachment
    victim: Attachment
    services: tuple[Service, ...]
    ports: Callable[[], int]
    vacant: tuple[IPv4Address, ...] = ()


def packet(shape: str, fields: Fields, at: PortRef, tag: int = 0) -> Packet:
    """Return the header values of a frame of *shape* that enters at *at*.

    Args:
        shape: Of the frame.
        fields: Of the frame.
        at: The port.
        tag: Of its sender: what a frame without one gets on its way to the port.
    """
    if shape == "tagged":
        return _untagged("tcp", fields, at)._replace(tagged=True, vlan=fields.vlan)
    if shape == "tagged-twice":  # what is behind the second is not read
        base = Packet(at, fields.eth_src, fields.eth_dst, _TAG_TYPE)
        return base._replace(tagged=True, vlan=fields.vlan)
    plain = _untagged(shape, fields, at)
    return plain._replace(tagged=True, vlan=tag) if tag else plain


def _untagged(shape: str, fields: Fields, at: PortRef) -> Packet:
    base = Packet(at=at, eth_src=fields.eth_src, eth_dst=fields.eth_dst)
    if shape == "arp":
        return base._replace(
            eth_type=ETH_ARP,
            arp_op=fields.flags,
            arp_sha=fields.eth_src,
            arp_spa=fields.ip_src,
            arp_tpa=fields.ip_dst,
        )
    if shape == "other":
        return base._replace(eth_type=fields.dport)
    if shape in ("udp6-local", "udp6-ula", "ra"):
        return base._replace(eth_type=ETH_IPV6)
    protocol = _IP_PROTOCOLS.get(shape, ICMP)
    return Packet(
        at=at,
        eth_src=fields.eth_src,
        eth_dst=fields.eth_dst,
        eth_type=ETH_IPV4,
        ip_src=fields.ip_src,
        ip_dst=fields.ip_dst,
        ip_proto=protocol,
        sport=(ECHO if shape == _PONG else 0) if protocol == ICMP else fields.sport,
        dport=(ECHO if shape == _PING else 0) if protocol == ICMP else fields.dport,
        tcp_flags=fields.flags if protocol == Protocol.TCP.value else 0,
        ttl=_TTLS.get(shape, 64),
        fragment=shape == "fragment",
        phase=ConnState.NEW,
    )


def probe_frame(context: ProbeContext, shape: str, dport: int = 0, **changes: Any) -> ProbeFrame:
    """Return a frame from source to target through the router, but for *changes* of its fields."""
    fields = Fields(
        eth_dst=context.plan.router_mac,
        eth_src=context.source.mac,
        ip_src=context.source.ip,
        ip_dst=context.target.ip,
        sport=changes.pop("sport") if "sport" in changes else context.ports(),
        dport=dport,
        flags=TCP_SYN,
        vlan=context.plan.zone[context.target.zone].vlan if shape == "tagged" else 0,
    )._replace(**changes)
    return ProbeFrame(shape, fields, packet(shape, fields, context.source.at, context.source.tag))
