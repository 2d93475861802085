"""The simplest of many packets: what a person would try first, as far as the set has it."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.packet.packet import ETH_ARP, ETH_IPV4, TCP_ACK, TCP_SYN, mac_number
from sekisho.proof.engine import Set, cube
from sekisho.proof.fields import TCP, UDP, Layout, Part
from sekisho.proof.flood import Fabric

_NEW, _ESTABLISHED, _REPLY = 0b00001, 0b00010, 0b01010
#: What a tracker takes for the next segment of a conversation, by what it says (RFC 9293, 3.5).
_FLAGS = {_NEW: TCP_SYN, _ESTABLISHED: TCP_ACK, _REPLY: TCP_SYN | TCP_ACK}
_CLIENT_PORTS = (50000, 40000)  # of the dynamic ports (RFC 6335, 6)
_TTL = 64
_COMMON = (443, 80, 22, 53)


def simplest(fabric: Fabric, packets: Set) -> dict[int, bool]:
    """Return one packet of *packets*, which is not empty, with every bit decided."""
    layout, nothing = fabric.layout, fabric.layout.engine.false
    for wish in _wishes(fabric):
        if packets & wish != nothing:
            packets = packets & wish
    picked = layout.engine.pick(packets)
    whole = {number: picked.get(number, False) for number in layout.number.values()}
    assert packets & cube(layout.engine, whole.items()) != nothing
    return whole


def _wishes(fabric: Fabric) -> Iterator[Set]:
    """Yield what a packet should be like, the most important first."""
    layout, plan = fabric.layout, fabric.plan
    senders = addresses = layout.engine.false
    for a in plan.attachments:
        at = _sent(layout, "source", fabric.number[a.at])
        mac = _sent(layout, "eth_src", mac_number(a.mac))
        senders = senders | at & mac & _sent(layout, "ipv4_src", int(a.ip))
        addresses = addresses | _sent(layout, "ipv4_dst", int(a.ip))
    router = mac_number(plan.router_mac)
    yield _sent(layout, "vlan_vid", 0)
    yield _sent(layout, "eth_type", ETH_IPV4)
    yield senders
    yield addresses
    yield _sent(layout, "eth_dst", router)
    yield layout.equals("room", 1)
    for phase in (_NEW, _ESTABLISHED, _REPLY):
        yield _sent(layout, "phase", phase)
    for protocol in (TCP, UDP):
        yield _sent(layout, "ip_proto", protocol)
    flags = layout.engine.false
    for phase, usual in _FLAGS.items():
        here = _sent(layout, "phase", phase) & _sent(layout, "tcp_flags_nxm", usual)
        flags = flags | here
    yield flags
    services = [p.first for s in plan.services for p in s.ports]
    for port in dict.fromkeys((*_COMMON, *services)):
        yield _sent(layout, "tp_dst", port)
    for port in (*_CLIENT_PORTS, *_COMMON, *services):
        yield _sent(layout, "tp_src", port)
    yield _sent(layout, "nw_ttl", _TTL)
    yield _sent(layout, "eth_type", ETH_ARP)


def _sent(layout: Layout, field: str, value: int) -> Set:
    return layout.equals(field, value, -1, Part.SENT)
