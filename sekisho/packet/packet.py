"""A packet at an edge port, and what may become of it: words shared by policy, judge and tests.

Nothing here decides anything. ``policy`` says what should become of a packet; the switches'
counters say what did; both use these words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import NamedTuple

from sekisho.model import PortRef, Protocol

ETH_IPV4 = 0x0800  # IEEE RA EtherType list; RFC 894
ETH_ARP = 0x0806  # RFC 826
ETH_IPV6 = 0x86DD  # RFC 2464
TCP_FIN, TCP_SYN, TCP_RST, TCP_ACK = 0x01, 0x02, 0x04, 0x10  # RFC 9293, 3.1
ICMP = 1  # IANA protocol numbers
ARP_REQUEST, ARP_REPLY = 1, 2  # RFC 826
_PROTOCOLS = {protocol.value: protocol for protocol in Protocol}


def mac_number(mac: str) -> int:
    """Return ``aa:bb:cc:dd:ee:ff`` as a 48-bit number."""
    return int(mac.replace(":", ""), 16)


def mac_text(number: int) -> str:
    """Return a 48-bit number as ``aa:bb:cc:dd:ee:ff``."""
    return ":".join(f"{number >> shift & 0xFF:02x}" for shift in range(40, -8, -8))


class ConnState(Enum):
    """Where in a conversation a packet stands, as a connection tracker would say."""

    NEW = "new"
    ESTABLISHED = "established"
    REPLY = "reply"
    INVALID = "invalid"


class Decision(Enum):
    """What the plan wants to become of a packet."""

    ALLOW = "allow"
    DENY = "deny"


class Reason(Enum):
    """Why a packet is dropped: one word for every kind of dropping rule."""

    TAGGED = "tagged"  # an 802.1Q tag that nobody at the edge port may send under
    IPV6 = "ipv6"  # the town does not use IPv6
    ETHERTYPE = "ethertype"  # neither IPv4 nor ARP
    IDENTITY = "identity"  # MAC and IP are not those admitted at this port
    ARP_CLAIM = "arp-claim"  # an ARP message that is not a request in the sender's own name
    ARP_TARGET = "arp-target"  # a request for its own address, or for another subnet
    QUARANTINE = "quarantine"  # a port that the plan gives to nobody
    TRUNK = "trunk"  # a frame between switches without a known class tag
    FRAGMENT = "fragment"  # any IPv4 fragment
    TTL = "ttl"  # would expire in the virtual router
    GROUP = "group"  # broadcast or multicast Ethernet destination
    NEXT_HOP = "next-hop"  # unicast to another station's MAC, past the virtual router
    DESTINATION = "destination"  # an address that the plan does not give to anybody
    CELL = "cell"  # the policy cell of source class and destination class
    SHARE = "share"  # its port began as many conversations as one port may
    FORWARD = "forward"  # allowed, but to itself, or the switch knows no way


@dataclass(frozen=True, slots=True, order=True)
class DropPoint:
    """A dropping rule in words: the counter that must move when a packet dies there.

    Attributes:
        reason: Kind of rule, a value of `Reason`.
        switch: Switch id.
        key: ``"S2/D1"`` for a cell, the port number for rules of one port, else empty.
    """

    reason: str
    switch: str
    key: str = ""

    def __str__(self) -> str:
        key = f" {self.key}" if self.key else ""
        return f"{self.reason}{key} at {self.switch}"


class Packet(NamedTuple):
    """The header values of a frame that enters the fabric at an edge port.

    A named tuple, not a dataclass: a gate makes a third of a million of them.

    Attributes:
        at: Edge port where it enters.
        eth_type: EtherType after any tag.
        tagged: True when the frame carries an 802.1Q tag.
        ip_proto: IANA protocol number; 0 when not IPv4.
        sport: Source port; of an ICMP echo's answer the type of its request, 8; else 0.
        dport: Destination port; of an ICMP echo's request its type, 8; else 0.
        tcp_flags: The lower eight flag bits (RFC 9293, 3.1); 0 when not TCP.
        phase: What a connection tracker would say of it.
        vlan: VLAN id of its outermost tag (0-4095); 0 without one.
    """

    at: PortRef
    eth_src: str
    eth_dst: str
    eth_type: int = ETH_IPV4
    tagged: bool = False
    ip_src: IPv4Address | None = None
    ip_dst: IPv4Address | None = None
    ip_proto: int = 0
    ttl: int = 64
    fragment: bool = False
    sport: int = 0
    dport: int = 0
    tcp_flags: int = 0
    arp_op: int = 0
    arp_sha: str = ""
    arp_spa: IPv4Address | None = None
    arp_tpa: IPv4Address | None = None
    phase: ConnState = ConnState.NEW
    vlan: int = 0

    @property
    def protocol(self) -> Protocol | None:
        """The transport protocol that a service can name, or None."""
        return _PROTOCOLS.get(self.ip_proto)


def is_group(mac: str) -> bool:
    """Tell whether *mac* is a broadcast or multicast address (IEEE 802.3, 3.2.3)."""
    return bool(int(mac[:2], 16) & 1)
