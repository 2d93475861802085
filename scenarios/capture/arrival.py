"""How a permitted frame must look when it arrives: what a router changes, and nothing else.

A copy that differs tells something that it must not: a station's own MAC address in an ARP answer,
somebody else's bytes, a frame that was cut or wrapped on its way.
"""

from __future__ import annotations

from scenarios.capture.own_traffic import arp_answer
from scenarios.capture.rx_ring import CapturedCopy
from sekisho.packet.packet import ETH_ARP, ETH_IPV4

_TTL_AT, _SUM_AT, _ADDRESSES_AT = 22, 24, 26  # behind an untagged Ethernet header; RFC 791, 3.1


def is_as_sent(copy: CapturedCopy, sent: bytes, *, router_mac: str, target_mac: str) -> bool:
    """Tell whether *copy* is what a router makes of *sent*: MAC addresses new, TTL one less.

    The header checksum is left to the receiving stack, which drops what has a wrong one.
    """
    kind = int.from_bytes(sent[12:14], "big")
    if kind == ETH_ARP:
        return copy.data == arp_answer(sent, router_mac)[: len(copy.data)]
    router, target = _mac(router_mac), _mac(target_mac)
    data = copy.data
    if kind != ETH_IPV4 or copy.length != len(sent) or data[:12] != target + router:
        return False
    n = len(data)
    return (
        data[12:_TTL_AT] == sent[12:_TTL_AT]
        and data[_TTL_AT] == sent[_TTL_AT] - 1
        and data[_TTL_AT + 1 : _SUM_AT] == sent[_TTL_AT + 1 : _SUM_AT]
        and data[_ADDRESSES_AT:n] == sent[_ADDRESSES_AT:n]
    )


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
