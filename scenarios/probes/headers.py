"""Headers that many recipes share: IP behind Ethernet, group addresses, frames within frames."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot3, Ether
from scapy.packet import Packet, Raw

from scenarios.probes.builders import DISCARD, client, frame, token
from scenarios.probes.roles import Party, Roles

NEAREST_BRIDGE = "01:80:c2:00:00:0e"  # IEEE 802.1AB, 7.1: LLDP's usual group
SPANNING_TREE = "01:80:c2:00:00:00"  # IEEE 802.1D, 7.12.3
AUTHENTICATORS = "01:80:c2:00:00:03"  # IEEE 802.1X-2020, 11.1.1
VENDOR_GROUP = "01:00:0c:cc:cc:cc"  # Cisco's group for CDP, VTP and DTP
ALL_HOSTS = "224.0.0.1"  # RFC 1112
LIMITED = "255.255.255.255"  # RFC 919
NODES = "ff02::1"  # RFC 4291, 2.7.1: all nodes of the link


def ipv4(source: Party, hop: Party | str, target: Party | str, **fields: Any) -> Packet:
    """Return Ethernet and IPv4 headers from *source* to *target* by way of *hop*."""
    there = target if isinstance(target, str) else target.ip
    return frame(source, hop) / IP(**{"src": source.ip, "dst": there, **fields})


def ipv6(source: Party, hop: Party | str, target: Party | str, **fields: Any) -> Packet:
    """Return Ethernet and IPv6 headers between unique local addresses."""
    there = target if isinstance(target, str) else target.ip6
    return frame(source, hop) / IPv6(**{"src": source.ip6, "dst": there, **fields})


def local6(source: Party, group: str, **fields: Any) -> Packet:
    """Return Ethernet and IPv6 headers from a link-local address to a group (RFC 2464, 7)."""
    return frame(source, group_mac6(group)) / IPv6(**{"src": source.ll, "dst": group, **fields})


def datagram(dport: int = DISCARD, sport: int = 0) -> Packet:
    """Return a UDP header and a token."""
    return UDP(sport=sport or client(), dport=dport) / token()


def carried(dport: int, header: bytes = b"", sport: int = 0) -> Packet:
    """Return a UDP header and the *header* of what it carries; payload follows."""
    packet = UDP(sport=sport or client(), dport=dport)
    return packet / header if header else packet


def opening(party: Party, dport: int = 0) -> Packet:
    """Return the SYN that would open a conversation with *party*, and a token."""
    return TCP(sport=client(), dport=dport or party.port, flags="S", seq=1) / token()


def group_multicast(source: Party, group: str, **fields: Any) -> Packet:
    """Return Ethernet and IPv4 headers from *source* to a multicast group (RFC 1112, 6.4)."""
    return ipv4(source, group_mac4(group), group, **fields)


def inner_ip(r: Roles) -> Packet:
    """Return what a tunnel hides: a datagram from an admitted party to the target."""
    return IP(src=r.t.ip, dst=r.r.ip) / datagram()


def inner_frame(r: Roles) -> Packet:
    """Return what a tunnel hides: the same as a whole Ethernet frame."""
    return Ether(src=r.t.mac, dst=r.r.mac) / inner_ip(r)


def snap_frame(source: Party, group: str) -> Packet:
    """Return an IEEE 802.3 header from *source*; LLC follows."""
    return Dot3(src=source.mac, dst=group)


def group_mac4(group: str) -> str:
    """Return the Ethernet address of an IPv4 group: its low 23 bits (RFC 1112, 6.4)."""
    low = int(IPv4Address(group)) & 0x7FFFFF
    return (0x01005E000000 | low).to_bytes(6, "big").hex(":")


def group_mac6(group: str) -> str:
    """Return the Ethernet address of an IPv6 group: its low 32 bits (RFC 2464, 7)."""
    low = int(IPv6Address(group)) & 0xFFFFFFFF
    return (0x333300000000 | low).to_bytes(6, "big").hex(":")


def mac_bytes(party: Party) -> bytes:
    """Return the MAC address of *party* in six bytes."""
    return bytes.fromhex(party.mac.replace(":", ""))


def neighbour(party: Party, number: int) -> str:
    """Return the address with last byte *number* beside *party*."""
    return str(IPv4Address(int(IPv4Address(party.ip)) & ~0xFF | number))


def dns_question(name: str, kind: int) -> Raw:
    """Return a DNS message that asks for *name* twice (RFC 1035, 4.1).

    Servers answer one question only; an answer that nobody waits for would stir up errors.
    """
    labels = b"".join(bytes((len(word),)) + word.encode() for word in name.split("."))
    question = labels + b"\0" + struct.pack("!HH", kind, 1)
    return Raw(struct.pack("!HHHHHH", client(), 0x0100, 2, 0, 0, 0) + question * 2)
