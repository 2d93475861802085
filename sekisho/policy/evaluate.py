"""What the plan allows, said once, without a switch in sight.

This module is the *meaning* of a plan. `sekisho.compiler.tables` turns the same plan into flow
tables and must not be consulted here: tests and the judge compare the two readings, and a mistake
that both shared would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Address
from typing import NamedTuple

from sekisho.model import Allow, Attachment, Clause, Plan, PortRef, Protocol
from sekisho.model.pools import pools
from sekisho.packet.packet import (
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV4,
    ETH_IPV6,
    TCP_ACK,
    TCP_FIN,
    TCP_RST,
    TCP_SYN,
    ConnState,
    Decision,
    DropPoint,
    Packet,
    Reason,
    is_group,
)

_NOBODY = ""  # id of a stand-in for whoever might have an address
#: Why an untagged frame is refused that nobody at its port sends in his own name, by EtherType.
_REFUSED = {
    ETH_IPV6: Reason.IPV6,
    ETH_ARP: Reason.ARP_CLAIM,
    ETH_IPV4: Reason.IDENTITY,
}


class Ruling(NamedTuple):
    """A verdict and what gave it.

    Attributes:
        verdict: What should become of the packet.
        clause: Id of the clause that allowed it; empty for a denial.
        where: ``file:line`` of that clause; empty for a denial by default.
        to: Attachment that must receive it; None when it must die.
        drop: The rule that must drop it, at the first switch it meets; None when allowed.
    """

    verdict: Decision
    clause: str = ""
    where: str = ""
    to: Attachment | None = None
    drop: DropPoint | None = None


class Policy:
    """The meaning of one plan, with its look-ups made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._by_port: dict[PortRef, list[Attachment]] = {}
        for attachment in plan.attachments:
            if attachment.registered:
                self._by_port.setdefault(attachment.at, []).append(attachment)
        self._edge_ports = {a.at for a in plan.attachments}
        self._by_ip = {a.ip: a for a in plan.attachments if a.registered}
        self._vacant = {a.ip: a for a in plan.origin.attachments if a.registered}
        self._pools = pools(plan)
        self._allows: dict[tuple[str, str], list[tuple[Clause, Allow]]] = {}
        for clause in plan.clauses:
            for allow in clause.allows:
                for source in allow.sources:
                    cell = (source, allow.destination)
                    self._allows.setdefault(cell, []).append((clause, allow))

    def ruling(self, packet: Packet) -> Ruling:
        """Decide *packet*: admitted as somebody, to a known place, by a clause; else it dies."""
        drop = self._refusal_at_the_edge(packet)
        if drop is not None:
            return Ruling(Decision.DENY, drop=drop)
        if packet.eth_type == ETH_ARP:
            return self._arp(packet)
        sender = self._sender(packet)
        assert sender is not None and packet.ip_dst is not None
        drop = self._refusal_by_the_router(packet)
        if drop is not None:
            return Ruling(Decision.DENY, drop=drop)
        target = self._whose(packet.ip_dst)
        assert target is not None
        return self._between(sender, target, packet)

    def permission(
        self, source: Attachment, target: Attachment, protocol: Protocol, port: int
    ) -> tuple[Clause, Allow] | None:
        """Return the first clause that lets *source* open *protocol*/*port* on *target*."""
        for clause, allow in self._allows.get((source.source, target.destination), []):
            if allow.only_from and source.id not in allow.only_from:
                continue
            if allow.only_to and target.id not in allow.only_to:
                continue
            if any(self.plan.service[s].covers(protocol, port) for s in allow.services):
                return clause, allow
        return None

    def _whose(self, ip: IPv4Address) -> Attachment | None:
        """Return who has *ip*, or who had it or might have it: a stand-in at its home switch.

        An address kept for moved ports, and one whose owner was moved away, are judged as if
        somebody of their classes were there, and nobody is.
        """
        if ip in self._by_ip:
            return self._by_ip[ip]
        if ip in self._vacant:
            return replace(self._vacant[ip], id=_NOBODY)
        pool = next((pool for pool in self._pools if ip in pool.network), None)
        if pool is None:
            return None
        at = PortRef(pool.switch, 0)
        classes = (pool.source, pool.destination)
        return Attachment(
            _NOBODY,
            "",
            "",
            at,
            "",
            pool.site,
            pool.zone,
            "",
            ip,
            *classes,
            registered=True,
            where="",
        )

    def _sender(self, packet: Packet) -> Attachment | None:
        """Return who stands at the port with exactly this tag, MAC and IP address."""
        for attachment in self._under_its_tag(packet):
            if (attachment.mac, attachment.ip) == (packet.eth_src, packet.ip_src):
                return attachment
        return None

    def _under_its_tag(self, packet: Packet) -> Iterator[Attachment]:
        """Yield who stands at the port and sends with exactly the tag of *packet*, or without."""
        tag = packet.vlan if packet.tagged else None
        for attachment in self._by_port.get(packet.at, []):
            if (attachment.tag or None) == tag:
                yield attachment

    def _is_in_its_own_name(self, packet: Packet) -> bool:
        """Tell whether it is an IPv4 packet of somebody at the port, or his own ARP request."""
        if packet.eth_type != ETH_ARP:
            return packet.eth_type == ETH_IPV4 and self._sender(packet) is not None
        return packet.arp_op == ARP_REQUEST and any(
            (a.mac, a.mac, a.ip) == (packet.eth_src, packet.arp_sha, packet.arp_spa)
            for a in self._under_its_tag(packet)
        )

    def _refusal_at_the_edge(self, packet: Packet) -> DropPoint | None:
        port, switch = str(packet.at.port), packet.at.switch
        if packet.at not in self._edge_ports:
            return DropPoint(Reason.QUARANTINE.value, switch)
        if self._is_in_its_own_name(packet):
            return None
        if packet.tagged:
            return DropPoint(Reason.TAGGED.value, switch, port)
        reason = _REFUSED.get(packet.eth_type, Reason.ETHERTYPE)
        return DropPoint(reason.value, switch, port)

    def _refusal_by_the_router(self, packet: Packet) -> DropPoint | None:
        switch = packet.at.switch
        if is_group(packet.eth_dst):
            return DropPoint(Reason.GROUP.value, switch)
        if packet.eth_dst != self.plan.router_mac:
            return DropPoint(Reason.NEXT_HOP.value, switch)
        if packet.fragment:
            return DropPoint(Reason.FRAGMENT.value, switch)
        if packet.ttl <= 1:
            return DropPoint(Reason.TTL.value, switch)
        if packet.ip_dst is None or self._whose(packet.ip_dst) is None:
            return DropPoint(Reason.DESTINATION.value, switch)
        return None

    def _arp(self, packet: Packet) -> Ruling:
        """Answer a request for a neighbour or the gateway; stay silent about everything else."""
        asker = next(a for a in self._by_port[packet.at] if a.ip == packet.arp_spa)
        target: IPv4Address | None = packet.arp_tpa
        if target is None or target == asker.ip or target not in self.plan.subnet(asker):
            return Ruling(Decision.DENY, drop=DropPoint(Reason.ARP_TARGET.value, packet.at.switch))
        return Ruling(Decision.ALLOW, clause="arp", where=asker.where, to=asker)

    def _between(self, sender: Attachment, target: Attachment, packet: Packet) -> Ruling:
        denied = _denied_by_cell(packet.at.switch, sender.source, target.destination)
        protocol = packet.protocol
        if protocol is None or packet.phase is ConnState.INVALID:
            return denied
        if packet.phase is ConnState.REPLY:
            found = self.permission(target, sender, protocol, packet.sport)
        elif packet.phase is ConnState.NEW and protocol is Protocol.TCP and not _opens(packet):
            return denied
        else:
            found = self.permission(sender, target, protocol, packet.dport)
        if found is None:
            return denied
        if sender is target:  # nobody is spoken to in his own name
            drop = DropPoint(Reason.FORWARD.value, packet.at.switch)
            return Ruling(Decision.DENY, drop=drop)
        if target.id == _NOBODY:  # the way is open, and nobody is there
            drop = DropPoint(Reason.FORWARD.value, target.at.switch)
            return Ruling(Decision.DENY, drop=drop)
        clause, allow = found
        return Ruling(Decision.ALLOW, clause.id, allow.where, to=target)


@cache
def _denied_by_cell(switch: str, source: str, destination: str) -> Ruling:
    return Ruling(
        Decision.DENY, drop=DropPoint(Reason.CELL.value, switch, f"{source}/{destination}")
    )


def _opens(packet: Packet) -> bool:
    """Tell whether a TCP packet may begin a conversation: SYN alone (RFC 9293, 3.5)."""
    return packet.tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN) == TCP_SYN
