"""A frame's bytes as the policy reads them: strictly by the standards, or not at all.

A frame that is not a plain, complete Ethernet II frame with ARP or IPv4 in it has no `Packet`
here: the policy has nothing to say about it but that it must die at the port where it entered.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from sekisho.model import ECHO, PortRef, Protocol
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6, Packet

_ETHERNET, _IPV4, _ARP = 14, 20, 28  # bytes: IEEE 802.3; RFC 791; RFC 826 for Ethernet and IPv4
_READ = frozenset({0x8100, 0x88A8})  # IEEE 802.1Q, 802.1ad: tags that a switch reads
_TPIDS = _READ | {0x9100, 0x9200, 0x9300}  # vendors
# Where a tag stands, its bytes, and the bits of its VLAN id; IEEE 802.1Q, 9.6.
_TAG_AT, _TAG, _VLAN_ID = 12, 4, 0xFFF
_ICMP, _ECHO_REPLY = 8, 0  # bytes of its header, and a type; RFC 792
_ARP_ETHERNET_IPV4 = b"\x00\x01\x08\x00\x06\x04"  # RFC 826
_MORE_OR_OFFSET = 0x3FFF  # RFC 791, 3.1: more fragments, and fragment offset


def has_tag(frame: bytes) -> bool:
    """Tell whether *frame* bears a tag that a switch reads."""
    return int.from_bytes(frame[_TAG_AT:_ETHERNET], "big") in _READ


def without_tag(frame: bytes) -> bytes:
    """Return *frame* without its outermost tag, if it bears one that a switch reads."""
    return frame[:_TAG_AT] + frame[_TAG_AT + _TAG :] if has_tag(frame) else frame


def with_tag(frame: bytes, tag: int) -> bytes:
    """Return *frame* as it leaves for its switch: under *tag*, where it bears none of its own."""
    if not tag or has_tag(frame):
        return frame
    return frame[:_TAG_AT] + b"\x81\x00" + tag.to_bytes(2, "big") + frame[_TAG_AT:]


def dissect(frame: bytes, at: PortRef, tag: int = 0) -> Packet | None:
    """Return the header values of *frame* entering at *at*; None where they cannot be read.

    Args:
        frame: As its sender has made it.
        at: The port that it enters by.
        tag: Of its sender: a frame that bears none gets it on its way to the port.
    """
    if len(frame) < _ETHERNET:
        return None
    frame = with_tag(frame, tag)
    (eth_type,) = struct.unpack_from("!H", frame, _TAG_AT)
    base = Packet(at=at, eth_src=_mac(frame[6:12]), eth_dst=_mac(frame[:6]), eth_type=eth_type)
    if eth_type in _READ and len(frame) >= _ETHERNET + _TAG:
        vlan = int.from_bytes(frame[_ETHERNET : _ETHERNET + 2], "big") & _VLAN_ID
        inside = _untagged(without_tag(frame), base)
        return (inside or base)._replace(tagged=True, vlan=vlan)
    if eth_type in _TPIDS:
        return base._replace(tagged=True)
    return _untagged(frame, base)


def _untagged(frame: bytes, base: Packet) -> Packet | None:
    (eth_type,) = struct.unpack_from("!H", frame, _TAG_AT)
    base = base._replace(eth_type=eth_type)
    body = frame[_ETHERNET:]
    if eth_type == ETH_IPV4:
        return _ipv4(base, body)
    if eth_type == ETH_ARP:
        return _arp(base, body)
    if eth_type == ETH_IPV6 or eth_type >= 0x0600:  # IEEE 802.3, 3.2.6: below, a length
        return base
    return None


def _mac(raw: bytes) -> str:
    return raw.hex(":")


def _ipv4(base: Packet, body: bytes) -> Packet | None:
    if len(body) < _IPV4 or body[0] >> 4 != 4:
        return None
    header = (body[0] & 15) * 4
    (total, _, cut) = struct.unpack_from("!HHH", body, 2)
    if header < _IPV4 or total < header or total > len(body):
        return None
    packet = base._replace(
        ip_src=IPv4Address(body[12:16]),
        ip_dst=IPv4Address(body[16:20]),
        ip_proto=body[9],
        ttl=body[8],
        fragment=bool(cut & _MORE_OR_OFFSET),
    )
    payload = body[header:total]
    if packet.fragment or packet.protocol is None:
        return packet
    if packet.protocol is Protocol.ICMP:
        is_whole = len(payload) >= _ICMP
        asks, answers = is_whole and payload[0] == ECHO, is_whole and payload[0] == _ECHO_REPLY
        return packet._replace(sport=ECHO * answers, dport=ECHO * asks)
    need = 20 if packet.protocol is Protocol.TCP else 8  # RFC 9293, 3.1; RFC 768
    if len(payload) < need:
        return None
    sport, dport = struct.unpack_from("!HH", payload)
    flags = payload[13] if packet.protocol is Protocol.TCP else 0
    return packet._replace(sport=sport, dport=dport, tcp_flags=flags)


def _arp(base: Packet, body: bytes) -> Packet | None:
    if len(body) < _ARP or body[:6] != _ARP_ETHERNET_IPV4:
        return None
    (operation,) = struct.unpack_from("!H", body, 6)
    return base._replace(
        arp_op=operation,
        arp_sha=_mac(body[8:14]),
        arp_spa=IPv4Address(body[14:18]),
        arp_tpa=IPv4Address(body[24:28]),
    )
