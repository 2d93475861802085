"""What a plan lets arrive, packet by packet: read once more, for the second judge alone.

It knows nothing of tables, and nothing of the other readings of a plan. A promise says of packets
as they are sent whether they may arrive, and what they are then; nothing else may arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekisho.model import ECHO, Allow, Attachment, Plan, PortRef, Protocol
from sekisho.model.network import PortRange
from sekisho.packet.packet import (
    ARP_REPLY,
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV4,
    TCP_ACK,
    TCP_FIN,
    TCP_RST,
    TCP_SYN,
    mac_number,
)
from sekisho.second_judge.packets import FIELDS, Now, Sent
from sekisho.second_judge.terms import (
    Truth,
    at_least,
    at_most,
    both,
    is_value,
    less_one,
    no,
    some,
)

_NEW, _ESTABLISHED, _REPLY = 0b00001, 0b00010, 0b01010  # ovs-fields(7), "ct_state"
_ECHO_REPLY = 0  # RFC 792
_HAS_TAG = 1 << 12  # OFPVID_PRESENT, OpenFlow 1.3.5, 7.2.3.7


@dataclass(frozen=True, slots=True)
class Promise:
    """Packets that must arrive at one port.

    Attributes:
        when: Which, as sent; they must while the share of their port has room.
        now: What they are there.
    """

    when: Truth
    now: Now


class Promises:
    """What a plan promises.

    Args:
        plan: The town.
        sent: What may be sent.
    """

    def __init__(self, plan: Plan, sent: Sent) -> None:
        self._plan, self._packet = plan, sent
        self._switch = {each.id: number for number, each in enumerate(plan.switches)}
        self._router = mac_number(plan.router_mac)
        self._registered = [a for a in plan.attachments if a.registered]
        self._senders: dict[tuple[str, ...], Truth] = {}

    def by_port(self) -> dict[PortRef, list[Promise]]:
        """Return all promises by the port where they are kept."""
        lets: dict[str, list[Truth]] = {a.id: [] for a in self._registered}
        for clause in self._plan.clauses:
            for allow in clause.allows:
                self._add(allow, lets)
        out: dict[PortRef, list[Promise]] = {}
        for a in self._registered:
            routed = both(self._sound, self._for(a), some(lets[a.id]))
            out.setdefault(a.at, []).append(Promise(routed, self._routed(a)))
            out[a.at].append(Promise(self._asks(a), self._answered(a)))
        return out

    def _add(self, allow: Allow, lets: dict[str, list[Truth]]) -> None:
        """Add what one line lets pass, and the replies to it."""
        senders = [a for a in self._registered if allow.lets(a)]
        targets = [a for a in self._registered if allow.reaches(a)]
        services = [self._plan.service[name] for name in allow.services]
        asks = some(r for each in services for r in self._requests(each.protocol, each.ports))
        answers = some(r for each in services for r in self._replies(each.protocol, each.ports))
        request, reply = both(self._any(senders), asks), both(self._any(targets), answers)
        for target in targets:
            lets[target.id].append(request)
        for sender in senders:
            lets[sender.id].append(reply)

    def _is(self, name: str, value: int, mask: int = -1) -> Truth:
        bits = FIELDS.get(name, 5)
        return is_value(self._packet.now[name], value, mask & (1 << bits) - 1, bits)

    def _requests(self, protocol: Protocol, ports: Iterable[PortRange]) -> Iterator[Truth]:
        """Yield the packets by which a service is asked for: its first one, and further ones."""
        first = self._is("phase", _NEW)
        if protocol is Protocol.TCP:  # SYN alone opens (RFC 9293, 3.5)
            flags = TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN
            first = both(first, self._is("tcp_flags_nxm", TCP_SYN, flags))
        state = some((first, self._is("phase", _ESTABLISHED)))
        kind = self._is("ip_proto", protocol.value)
        if protocol is Protocol.ICMP:
            yield both(kind, state, self._is("tp_src", ECHO))
            return
        yield from (both(kind, state, self._within("tp_dst", each)) for each in ports)

    def _replies(self, protocol: Protocol, ports: Iterable[PortRange]) -> Iterator[Truth]:
        kind = both(self._is("ip_proto", protocol.value), self._is("phase", _REPLY))
        if protocol is Protocol.ICMP:
            yield both(kind, self._is("tp_src", _ECHO_REPLY))
            return
        yield from (both(kind, self._within("tp_src", each)) for each in ports)

    def _within(self, name: str, ports: PortRange) -> Truth:
        number = self._packet.now[name]
        return both(at_least(number, ports.first), at_most(number, ports.last))

    def _any(self, some_of: Iterable[Attachment]) -> Truth:
        """Return whether one of these is the sender, in its own name."""
        key = tuple(a.id for a in some_of)
        if key not in self._senders:
            own = (self._plan.attachment[name] for name in key)
            self._senders[key] = some(
                both(self._at(a), self._is("ipv4_src", int(a.ip))) for a in own
            )
        return self._senders[key]

    def _at(self, a: Attachment) -> Truth:
        """Return whether the packet enters where *a* is, with its MAC address, under its tag."""
        return both(
            is_value(self._packet.switch, self._switch[a.at.switch], 0xFFFF, 16),
            is_value(self._packet.port, a.at.port, 0xFFFFFFFF, 32),
            self._is("eth_src", mac_number(a.mac)),
            self._is("vlan_vid", _tag(a)),
        )

    @property
    def _sound(self) -> Truth:
        """Whether it is whole, for the router, and outlives it (RFC 1812, 5.3.1)."""
        return both(
            self._is("eth_type", ETH_IPV4),
            self._is("eth_dst", self._router),
            self._is("ip_frag", 0),
            at_least(self._packet.now["nw_ttl"], 2),
        )

    def _for(self, a: Attachment) -> Truth:
        return both(self._is("ipv4_dst", int(a.ip)), no(self._is("ipv4_src", int(a.ip))))

    def _routed(self, target: Attachment) -> Now:
        """Return a packet as the router hands it on to *target*."""
        ttl = less_one(self._packet.now["nw_ttl"])
        to = {"eth_src": self._router, "eth_dst": mac_number(target.mac), "nw_ttl": ttl}
        return {**self._packet.now, **to, "vlan_vid": _tag(target)}

    def _asks(self, a: Attachment) -> Truth:
        """Return whether *a* asks honestly for another address of its subnet (RFC 826)."""
        network, mac, own = self._plan.subnet(a), mac_number(a.mac), int(a.ip)
        return both(
            self._at(a),
            self._is("eth_type", ETH_ARP),
            self._is("arp_op", ARP_REQUEST),
            self._is("arp_sha", mac),
            self._is("arp_spa", own),
            self._is("arp_tpa", int(network.network_address), int(network.netmask)),
            no(self._is("arp_tpa", own)),
        )

    def _answered(self, a: Attachment) -> Now:
        """Return the answer: whatever was asked for is at the router."""
        mac, sent = mac_number(a.mac), self._packet.now
        answer = {
            "eth_src": self._router,
            "eth_dst": mac,
            "arp_op": ARP_REPLY,
            "arp_sha": self._router,
            "arp_spa": sent["arp_tpa"],
            "arp_tha": mac,
            "arp_tpa": int(a.ip),
        }
        return {**sent, **answer}


def _tag(a: Attachment) -> int:
    """Return ``vlan_vid`` of a frame on the cable of *a*."""
    return _HAS_TAG + a.tag if a.tag else 0
