"""What the hosts' own stacks say while a run goes on, each frame judged like any other.

A kernel answers a permitted probe by itself: SYN+ACK and RST, an ICMP error, an ARP request for
its gateway. Such a frame has no token. It is seen leaving its host, the policy says what must
become of it, and only there it may be seen again: at whom it is for, on the way there, or in the
counter of the rule that drops it. A frame without a token that no departure explains was made by
somebody else.
"""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address

from scenarios.capture.places import Place, Ways
from scenarios.capture.rx_ring import CapturedCopy
from sekisho.model import Attachment, Plan
from sekisho.packet.dissect import dissect
from sekisho.packet.packet import (
    ARP_REPLY,
    ETH_ARP,
    ETH_IPV4,
    ConnState,
    Decision,
    DropPoint,
    Packet,
    Reason,
)
from sekisho.policy.evaluate import Policy

#: Protocol, source, its port, target, its port.
Conversation = tuple[int, IPv4Address | None, int, IPv4Address | None, int]

_TPIDS = (b"\x81\x00", b"\x88\xa8")  # IEEE 802.1Q, 9.6
_SIGNED_BYTES = 128  # of a frame's third layer; a capture holds more
_ARP_BYTES = 28  # RFC 826, for Ethernet and IPv4
_TTL, _CHECKSUM, _ADDRESSES = 8, 10, 12  # offsets in an IPv4 header, RFC 791, 3.1


class OwnTraffic:
    """Keep account of the frames that hosts of *plan* send by themselves.

    Attributes:
        due: What the policy says must have died since it was last settled, by dropping rule.
        left: How many such frames have left a host so far.
    """

    def __init__(self, plan: Plan, ways: Ways) -> None:
        self._plan, self._ways, self._policy = plan, ways, Policy(plan)
        self._open: set[Conversation] = set()
        self._due_at: dict[bytes, Counter[str]] = {}
        self.due = Counter[DropPoint]()
        self.left = 0

    def opened(self, packet: Packet) -> None:
        """Note a conversation that a permitted packet has opened."""
        self._open.add(_conversation(packet))

    def reroute(self, ways: Ways) -> None:
        """Expect what departs from now on, on other ways."""
        self._ways = ways

    def forget(self) -> None:
        """Forget every conversation, as the switches have."""
        self._open.clear()

    def departed(self, attachment: Attachment, copy: CapturedCopy) -> None:
        """Take note of a frame that the stack of a host has sent."""
        self.left += 1
        whole = copy.data + bytes(max(0, copy.length - len(copy.data)))  # a capture cuts
        packet = dissect(whole, attachment.at, attachment.tag)
        signature = sign(copy.data)
        self._expect(signature, self._ways.upwards(attachment.id))
        if packet is None:
            port = str(attachment.at.port)
            self.due[DropPoint(Reason.IDENTITY.value, attachment.at.switch, port)] += 1
            return
        packet = packet._replace(phase=self._phase(packet))
        ruling = self._policy.ruling(packet)
        if ruling.verdict is not Decision.ALLOW or ruling.to is None:
            if ruling.drop is not None:
                self.due[ruling.drop] += 1
            return
        if packet.eth_type == ETH_ARP:
            signature = sign(arp_answer(copy.data, self._plan.router_mac))
            self._expect(signature, self._ways.between(attachment.id, attachment.id))
            self._expect(signature, {attachment.id})
            return
        if packet.phase is ConnState.NEW:
            self._open.add(_conversation(packet))
        on_the_way = self._ways.between(attachment.id, ruling.to.id)
        self._expect(signature, on_the_way - self._ways.upwards(attachment.id))
        self._expect(signature, {ruling.to.id})

    def explains(self, place: Place, copy: CapturedCopy) -> bool:
        """Tell whether a departure explains a copy seen at *place*; each explains it once."""
        signature, sight = sign(copy.data), place.sight(outgoing=copy.outgoing)
        due = self._due_at.get(signature)
        if due is None or due[sight] <= 0:
            return False
        due[sight] -= 1
        return True

    def _expect(self, signature: bytes, sights: frozenset[str] | set[str]) -> None:
        if sights:
            self._due_at.setdefault(signature, Counter()).update(sights)

    def _phase(self, packet: Packet) -> ConnState:
        there = _conversation(packet)
        if there in self._open:
            return ConnState.ESTABLISHED
        protocol, source, sport, target, dport = there
        is_reply = (protocol, target, dport, source, sport) in self._open
        return ConnState.REPLY if is_reply else ConnState.NEW


def _conversation(packet: Packet) -> Conversation:
    return packet.ip_proto, packet.ip_src, packet.sport, packet.ip_dst, packet.dport


def sign(data: bytes) -> bytes:
    """Return what of a frame no switch changes: no MAC addresses, tags, TTL, header checksum."""
    at = 12
    while data[at : at + 2] in _TPIDS:
        at += 4
    kind, body = int.from_bytes(data[at : at + 2], "big"), data[at + 2 :]
    if kind == ETH_ARP:
        return b"arp" + body[:_ARP_BYTES]
    if kind != ETH_IPV4 or len(body) < _ADDRESSES:
        return data[at : at + _SIGNED_BYTES]
    total = int.from_bytes(body[2:4], "big")
    kept = body[_ADDRESSES : min(total, _SIGNED_BYTES)]
    return body[:_TTL] + body[_TTL + 1 : _CHECKSUM] + kept


def arp_answer(request: bytes, router_mac: str) -> bytes:
    """Return the one right answer to an ARP request: the router has that address (RFC 826)."""
    asker, router = request[6:12], bytes.fromhex(router_mac.replace(":", ""))
    body = request[14 : 14 + _ARP_BYTES]
    own, asked = body[8:18], body[24:28]
    answer = body[:6] + ARP_REPLY.to_bytes(2, "big") + router + asked + own
    return asker + router + request[12:14] + answer + request[14 + _ARP_BYTES :]
