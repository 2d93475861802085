"""Pieces that many recipes share: a token, a frame from somebody, a datagram to somebody."""

from __future__ import annotations

import itertools

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Padding, Raw

from scenarios.catalogue.roles import Player
from scenarios.frames import blank

ALL = "ff:ff:ff:ff:ff:ff"  # broadcast, IEEE 802.3
DISCARD = 9  # UDP discard, RFC 863: a port that nobody in a town offers
# Every frame has a source port of its own: what one leaves in a connection table is not another's.
_CLIENTS = itertools.cycle(range(20000, 60000))


def client() -> int:
    """Return a source port that no recent frame has used."""
    return next(_CLIENTS)


def token() -> Raw:
    """Return the blank token as a payload."""
    return Raw(blank())


def trailer() -> Padding:
    """Return the blank token as bytes behind the packet, for shapes without a payload."""
    return Padding(blank())


def frame(source: Player, hop: Player | str) -> Ether:
    """Return an Ethernet header from *source* to the next hop."""
    return Ether(src=source.mac, dst=hop if isinstance(hop, str) else hop.mac)


def udp(
    source: Player, hop: Player, target: Player, *, sport: int = 0, dport: int = DISCARD
) -> Packet:
    """Return a datagram from *source* to *target* by way of *hop*, with a token."""
    ip = IP(src=source.ip, dst=target.ip)
    return frame(source, hop) / ip / UDP(sport=sport or client(), dport=dport) / token()


def tcp(
    source: Player,
    hop: Player,
    target: Player,
    flags: str | int = "S",
    *,
    sport: int = 0,
    dport: int = 0,
) -> Packet:
    """Return a segment from *source* to *target* by way of *hop*, with a token."""
    ip = IP(src=source.ip, dst=target.ip)
    header = TCP(sport=sport or client(), dport=dport or target.port, flags=flags, seq=1)
    return frame(source, hop) / ip / header / token()
