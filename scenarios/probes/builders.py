"""Pieces that many recipes share: a token, a frame from somebody, a datagram to somebody."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TypeVar

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Padding, Raw

from scenarios.probes.frames import blank
from scenarios.probes.roles import Party, Roles

Item = TypeVar("Item")

ALL = "ff:ff:ff:ff:ff:ff"  # broadcast, IEEE 802.3
DISCARD = 9  # UDP discard, RFC 863: a port that nobody in a town offers
SAMPLE = 6  # how much of an exhaustive recipe most pairs get
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


def frame(source: Party, hop: Party | str) -> Ether:
    """Return an Ethernet header from *source* to the next hop."""
    return Ether(src=source.mac, dst=hop if isinstance(hop, str) else hop.mac)


def udp(
    source: Party, hop: Party, target: Party, *, sport: int = 0, dport: int = DISCARD
) -> Packet:
    """Return a datagram from *source* to *target* by way of *hop*, with a token."""
    header = UDP(sport=sport or client(), dport=dport)
    return stack(frame(source, hop), address(source, target), header, token())


def tcp(source: Party, hop: Party, target: Party, flags: str | int = "S", **ports: int) -> Packet:
    """Return a segment from *source* to *target* by way of *hop*, with a token.

    Args:
        source: Who sends.
        hop: Whose MAC address it goes to.
        target: Whose IP address it goes to.
        flags: As Scapy writes them.
        ports: ``sport`` and ``dport``; a fresh one, and one that the target may offer.
    """
    sport, dport = ports.get("sport", 0) or client(), ports.get("dport", 0) or target.port
    header = TCP(sport=sport, dport=dport, flags=flags, seq=1)
    return stack(frame(source, hop), address(source, target), header, token())


def stack(*layers: Packet) -> Packet:
    """Put *layers*, each made for this, one into the other: as ``/`` does, without its copies."""
    for outer, inner in itertools.pairwise(layers):
        outer.lastlayer().add_payload(inner)
    return layers[0]


def vary(raw: bytes, at: int, word: int, *sums: int) -> bytes:
    """Write the 16-bit *word* at the even offset *at*, and mend the checksums at *sums*.

    A thousand times faster than building the frame again (RFC 1624, equation 3).
    """
    out = bytearray(raw)
    old = int.from_bytes(out[at : at + 2], "big")
    out[at : at + 2] = word.to_bytes(2, "big")
    for place in sums:
        total = (~int.from_bytes(out[place : place + 2], "big") & 0xFFFF) + (~old & 0xFFFF) + word
        total = (total & 0xFFFF) + (total >> 16)
        total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        out[place : place + 2] = total.to_bytes(2, "big")
    return bytes(out)


def sample(r: Roles, everything: Sequence[Item]) -> Sequence[Item]:
    """Return everything on the pairs that get it whole, else a few from end to end."""
    if r.is_whole or len(everything) <= SAMPLE:
        return everything
    last = len(everything) - 1
    return [everything[last * n // (SAMPLE - 1)] for n in range(SAMPLE)]


def address(source: Party, target: Party) -> IP:
    """Return an honest IPv4 header from *source* to *target*."""
    return IP(src=source.ip, dst=target.ip)


def knock(source: Party, target: Party) -> Packet:
    """Return the packet that *target* would let in from somebody: a SYN to its port."""
    header = TCP(sport=client(), dport=target.port, flags="S", seq=1)
    return stack(address(source, target), header, token())


def message(source: Party, target: Party) -> Packet:
    """Return a datagram from *source* to a port that nobody offers on *target*."""
    header = UDP(sport=client(), dport=DISCARD)
    return stack(address(source, target), header, token())


def straight(r: Roles, packet: Packet) -> Iterator[Packet]:
    """Yield *packet* from the source twice: to the router, and past it to the target's MAC."""
    yield frame(r.w, r.g) / packet
    yield frame(r.w, r.r) / packet
