"""One packet of many: as ordinary as it may be, so that what is odd about it is what it is for.

A sender's own addresses, the router's, somebody who is there, a port that is used; a client port
that no other packet of the set has, so that each begins a conversation of its own; and, of a
conversation that is under way, one that can really be held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sekisho.coverage.phases import ESTABLISHED, NEW, REPLY
from sekisho.model import ECHO, Attachment, Protocol
from sekisho.packet.packet import (
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV4,
    ETH_IPV6,
    TCP_SYN,
    mac_number,
)
from sekisho.proof.engine import Set
from sekisho.proof.fields import ICMP, TCP, UDP, Part, tag_of
from sekisho.proof.flood import Fabric
from sekisho.proof.verdict import Packet, packet_of

_LOCAL_EXPERIMENT = 0x88B5  # IEEE 802, 9.2.3: an EtherType of nobody's
_FIRST_PORT, _PORTS = 20000, 40000
_TTL = 64
_ECHO_REPLY = 0  # RFC 792


class Talk(NamedTuple):
    """A conversation that can be held for real.

    Attributes:
        number: By which whoever asks knows it.
        port: The server's; 0 where the protocol has none.
    """

    number: int
    source: Attachment
    target: Attachment
    protocol: Protocol
    port: int


class Ordinary:
    """Chooses among packets of *fabric*.

    Args:
        fabric: The town.
        talks: Conversations that can be held.
    """

    def __init__(self, fabric: Fabric, talks: Sequence[Talk]) -> None:
        self._fabric, self._layout = fabric, fabric.layout
        self._nothing = self._layout.engine.false
        self._talks = {self._key(talk): talk for talk in reversed(talks)}
        self._under_way = self._nothing
        for talk in self._talks.values():
            self._under_way = self._under_way | self._of(talk)
        self._wishes = tuple(self._usual())

    def packet(self, packets: Set, number: int) -> tuple[Packet, Talk | None]:
        """Return one of *packets*, which is not empty, and the conversation that it is of.

        Args:
            packets: To choose from.
            number: Of the packet, which decides its client port.
        """
        client = self._sent("tp_src", _FIRST_PORT + number % _PORTS)
        for wish in (*self._wishes, client):
            narrower = packets & wish
            if narrower != self._nothing:
                packets = narrower
        engine = self._layout.engine
        out = packet_of(self._fabric, engine.pick(packets))
        seen = self._seen(out)
        return out, self._talks.get(seen) if seen else None

    def begun(self, packets: Set) -> Set:
        """Return those of *packets* that begin a conversation, or else are of one that is held."""
        fresh = self._sent("phase", NEW) | self._sent("phase", 0)
        for wish in (fresh, self._under_way):
            if packets & wish != self._nothing:
                return packets & wish
        return packets

    def _usual(self) -> Iterator[Set]:
        """Yield what a packet should be like, the most important first."""
        layout, plan = self._layout, self._fabric.plan
        sent = self._sent
        yield sent("eth_type", ETH_IPV4) | sent("eth_type", ETH_ARP)
        yield self._any("eth_type", (ETH_IPV4, ETH_ARP, ETH_IPV6, _LOCAL_EXPERIMENT))
        yield self._under_way
        yield from self._honest()
        yield layout.equals("ip_frag", 0, 2, Part.SENT)  # whole, or the first fragment
        yield self._any("ip_proto", (TCP, UDP, ICMP, 0))
        yield sent("ip_frag", 0)
        yield sent("eth_dst", mac_number(plan.router_mac))
        yield self._any("eth_dst", [mac_number(a.mac) for a in plan.attachments])
        yield self._any("ipv4_dst", [int(a.ip) for a in plan.attachments])
        yield ~sent("ipv4_dst", 0)
        yield from (sent("arp_op", ARP_REQUEST), sent("arp_tha", 0), ~sent("arp_tpa", 0))
        yield from (sent("nw_ttl", _TTL), sent("ip_proto", TCP), sent("ip_proto", UDP))
        yield sent("tcp_flags_nxm", TCP_SYN)
        yield self._any("tp_dst", [p.first for s in plan.services for p in s.ports])
        yield ~sent("tp_dst", 0)

    def _honest(self) -> Iterator[Set]:
        """Yield senders under their own names, first by all, then by the address of the cable."""
        whole = cable = ports = self._nothing
        for a in self._fabric.plan.attachments:
            at = self._sent("source", self._fabric.number[a.at])
            at = at & self._sent("vlan_vid", tag_of(a))
            mac, ip = mac_number(a.mac), int(a.ip)
            own = at & self._sent("eth_src", mac)
            by_ip = self._sent("eth_type", ETH_IPV4) & self._sent("ipv4_src", ip)
            by_arp = self._sent("eth_type", ETH_ARP) & self._sent("arp_spa", ip)
            by_arp = by_arp & self._sent("arp_sha", mac)
            whole, cable, ports = whole | own & (by_ip | by_arp), cable | own, ports | at
        yield from (whole, cable, ports)

    def _of(self, talk: Talk) -> Set:
        """Return every packet under way of *talk*, in both directions."""
        return self._way(talk, ESTABLISHED) | self._way(talk, REPLY)

    def _way(self, talk: Talk, phase: int) -> Set:
        is_reply = phase == REPLY
        a, b = (talk.target, talk.source) if is_reply else (talk.source, talk.target)
        out = self._sent("source", self._fabric.number[a.at]) & self._sent("phase", phase)
        out = out & self._sent("ipv4_src", int(a.ip)) & self._sent("ipv4_dst", int(b.ip))
        out = out & self._sent("ip_proto", talk.protocol.value)
        if talk.protocol is Protocol.ICMP:
            return out & self._sent("tp_src", _ECHO_REPLY if is_reply else ECHO)
        return out & self._sent("tp_src" if is_reply else "tp_dst", talk.port)

    def _key(self, talk: Talk) -> tuple[int, int, int, int]:
        return int(talk.source.ip), int(talk.target.ip), talk.protocol.value, talk.port

    def _seen(self, packet: Packet) -> tuple[int, int, int, int] | None:
        """Return the key of the conversation of *packet*; None where it begins one."""
        sent = packet.sent
        if packet.phase not in (ESTABLISHED, REPLY):
            return None
        ends, ports = (sent["ipv4_src"], sent["ipv4_dst"]), (sent["tp_src"], sent["tp_dst"])
        if packet.phase == REPLY:
            ends, ports = ends[::-1], ports[::-1]
        return *ends, sent["ip_proto"], 0 if sent["ip_proto"] == ICMP else ports[1]

    def _any(self, field: str, values: Sequence[int]) -> Set:
        out = self._nothing
        for value in dict.fromkeys(values):
            out = out | self._sent(field, value)
        return out

    def _sent(self, field: str, value: int) -> Set:
        return self._layout.equals(field, value, -1, Part.SENT)
