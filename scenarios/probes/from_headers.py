"""A frame from the values of its header fields, byte by byte, with a blank token behind them.

For packets that no probe thinks of: those that the proof chooses. Fields have the names and values
of the proof's packets (`sekisho.proof.fields`): the type of an ICMP message stands where a source
port would.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from scapy.utils import checksum

from scenarios.probes.frames import blank
from sekisho.model import Protocol
from sekisho.openflow.rules import VLAN_PRESENT
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6

_TAG_TYPE = 0x8100  # IEEE 802.1Q, 9.4
_ARP_ETHERNET_IPV4 = b"\x00\x01\x08\x00\x06\x04"  # RFC 826
_IPV4, _TCP_WORDS, _WINDOW = 20, 5, 8192  # RFC 791, 3.1; RFC 9293, 3.1
_MORE, _LATER = 0x2000, 0x2001  # more fragments; the same at an offset of eight bytes, ibid.
_NOTHING_INSIDE = 59  # no next header, RFC 8200, 4.7

Sent = Mapping[str, int]


def frame_of(sent: Sent, number: int) -> bytes:
    """Return the frame of a packet as it is sent.

    Args:
        sent: Its fields.
        number: Identifies an ICMP echo among others.
    """
    head = _mac(sent["eth_dst"]) + _mac(sent["eth_src"])
    if sent["vlan_vid"] & VLAN_PRESENT:
        head += struct.pack("!HH", _TAG_TYPE, sent["vlan_vid"] & ~VLAN_PRESENT)
    kind = sent["eth_type"]
    inside = {ETH_IPV4: _ipv4, ETH_ARP: _arp, ETH_IPV6: _ipv6}.get(kind, _other)
    return head + struct.pack("!H", kind) + inside(sent, number)


def _arp(sent: Sent, number: int) -> bytes:
    del number
    ends = _mac(sent["arp_sha"]) + _ip(sent["arp_spa"]) + _mac(sent["arp_tha"])
    operation = struct.pack("!H", sent["arp_op"])
    return _ARP_ETHERNET_IPV4 + operation + ends + _ip(sent["arp_tpa"]) + blank()


def _ipv6(sent: Sent, number: int) -> bytes:
    del sent, number
    head = struct.pack("!IHBB", 6 << 28, len(blank()), _NOTHING_INSIDE, 255)
    local = b"\xfe\x80" + bytes(13)  # link-local, RFC 4291, 2.5.6
    return head + local + b"\x01" + local + b"\x02" + blank()


def _other(sent: Sent, number: int) -> bytes:
    del sent, number
    return blank()


def _ipv4(sent: Sent, number: int) -> bytes:
    ends = _ip(sent["ipv4_src"]) + _ip(sent["ipv4_dst"])
    body = _body(sent, number, ends)
    cut = (_LATER if sent["ip_frag"] & 2 else _MORE) if sent["ip_frag"] else 0
    head = struct.pack("!BBHHHBB", 0x45, 0, _IPV4 + len(body), number & 0xFFFF, cut,
                       sent["nw_ttl"], sent["ip_proto"])  # fmt: skip
    return head + _checksum(head + ends) + ends + body


def _body(sent: Sent, number: int, ends: bytes) -> bytes:
    """Return what is behind the IPv4 header; of a later fragment there is nothing to read."""
    ports = struct.pack("!HH", sent["tp_src"], sent["tp_dst"])
    protocol = sent["ip_proto"]
    if sent["ip_frag"] & 2 or protocol not in (each.value for each in Protocol):
        return blank()
    if protocol == Protocol.ICMP.value:
        head = struct.pack("!BB", sent["tp_src"], 0)
        rest = struct.pack("!HH", number & 0xFFFF, 1) + blank()
        return head + _checksum(head + rest) + rest
    if protocol == Protocol.UDP.value:
        length = struct.pack("!H", 8 + len(blank()))
        pseudo = ends + struct.pack("!BB", 0, protocol) + length
        total = _checksum(pseudo + ports + length + blank())
        return ports + length + (b"\xff\xff" if total == b"\0\0" else total) + blank()
    flags = sent["tcp_flags_nxm"]
    head = ports + struct.pack("!IIHH", 1, 0, _TCP_WORDS << 12 | flags, _WINDOW)
    pseudo = ends + struct.pack("!BBH", 0, protocol, 4 * _TCP_WORDS + len(blank()))
    return head + _checksum(pseudo + head + blank()) + b"\0\0" + blank()


def _checksum(data: bytes) -> bytes:
    """Return the Internet checksum of *data* (RFC 1071)."""
    total: int = checksum(data)
    return total.to_bytes(2, "big")


def _mac(number: int) -> bytes:
    return number.to_bytes(6, "big")


def _ip(number: int) -> bytes:
    return number.to_bytes(4, "big")
