"""What a plan lets arrive, as sets: its rules read once more, apart from the compiler.

It knows nothing of tables, cookies or ways. A packet that is not in one of these sets must arrive
nowhere, and one that is must arrive there, changed as a router changes it and no further.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from functools import partial

from sekisho.model import ECHO, Allow, Attachment, Plan, PortRef, Protocol
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
from sekisho.proof.engine import Set
from sekisho.proof.fields import Layout, Part, tag_of
from sekisho.proof.memo import Memo

_NEW, _ESTABLISHED, _REPLY = 0b00001, 0b00010, 0b01010  # ovs-fields(7), "ct_state"
_OPENING = TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN
_ECHO_REPLY = 0  # RFC 792
#: What a router changes (RFC 1812, 5.3.1), and the tag, which is that of each end's own cable.
_ROUTED = ("eth_src", "eth_dst", "nw_ttl", "vlan_vid")
_ANSWERED = ("eth_src", "eth_dst", "arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha")


class Meaning:
    """The plan as sets of packets.

    Args:
        plan: The town.
        layout: The variables.
        number: Of each edge port.
        memo: What is known of other plans of the same town, with the same variables.
    """

    def __init__(
        self,
        plan: Plan,
        layout: Layout,
        number: Mapping[PortRef, int],
        memo: Memo | None = None,
    ) -> None:
        self.plan, self._layout, self._number = plan, layout, number
        self._memo = memo or Memo()
        self._router = mac_number(plan.router_mac)
        self._everybody = [a for a in plan.attachments if a.registered]
        self._names = {a.id: self._memo.number((a.at, a.mac, a.ip, a.tag)) for a in self._everybody}
        self._routed = self._memo.of(("routed", self._router), self._by_router)
        self._kept = self._memo.of("kept", lambda: self._unchanged_but(_ROUTED))
        self._answer_kept = self._memo.of("answer", lambda: self._unchanged_but(_ANSWERED))

    def arriving(self) -> dict[str, Set]:
        """Return what must leave by the edge ports of each switch, as sent and as it is there.

        What has the same senders and services goes to all its receivers at once: so it is as large
        as receivers and senders together, not as their pairs.
        """
        to: dict[str, list[Set]] = {a.id: [] for a in self._everybody}
        for clause in self.plan.clauses:
            for allow in clause.allows:
                self._add(allow, to)
        by: dict[str, dict[tuple[Set, ...], list[Attachment]]] = {}
        for a in self._everybody:
            parts = tuple(dict.fromkeys(to[a.id]))
            by.setdefault(a.at.switch, {}).setdefault(parts, []).append(a)
        return {switch: self._at(some) for switch, some in by.items()}

    def _at(self, some: Mapping[tuple[Set, ...], list[Attachment]]) -> Set:
        """Return what must arrive at one switch, whose receivers stand by what they may be sent."""
        out = []
        for parts, receivers in some.items():
            key = "to", parts, tuple(map(self._name, receivers)), self._router
            out.append(self._memo.of(key, partial(self._to, receivers, parts)))
        asked = self._any(
            [self._memo.of(self._asked(a), partial(self._arp, a)) for a in _all(some)]
        )
        return (self._any(out) | asked) & self._layout.possible

    def _to(self, receivers: Iterable[Attachment], parts: Sequence[Set]) -> Set:
        """Return what must arrive at *receivers*, of whose senders' packets *parts* are."""
        each = [self._memo.of(("at", self._name(a)), partial(self._for, a)) for a in receivers]
        return self._any(parts) & self._any(each) & self._routed & self._kept

    def _add(self, allow: Allow, to: dict[str, list[Set]]) -> None:
        """Add to what may be sent to each what one line lets pass, and the replies to it."""
        senders = [a for a in self._everybody if allow.lets(a)]
        targets = [a for a in self._everybody if allow.reaches(a)]
        every = [self.plan.service[name] for name in allow.services]
        services = tuple((each.protocol, each.ports) for each in every)
        kinds = self._memo.of(("services", services), partial(self._services, allow))
        request, reply = (
            self._memo.of(
                (way, services, tuple(map(self._name, some))), partial(self._by, some, kind)
            )
            for way, some, kind in zip("><", (senders, targets), kinds, strict=True)
        )
        for target in targets:
            to[target.id].append(request)
        for sender in senders:
            to[sender.id].append(reply)

    def _by(self, some: Iterable[Attachment], kind: Set) -> Set:
        """Return the packets of one *kind* that *some* send in their own names."""
        return self._any_of(some) & kind

    def _unchanged_but(self, fields: Collection[str]) -> Set:
        """Return all packets that are as they were sent, but for *fields*."""
        return self._layout.unchanged(f for f in self._layout.copied if f not in fields)

    def _services(self, allow: Allow) -> tuple[Set, Set]:
        """Return the packets of a line's services: requests, and replies to them."""
        layout = self._layout
        there = back = layout.engine.false
        for name in allow.services:
            service = self.plan.service[name]
            kind = layout.equals("ip_proto", service.protocol.value)
            opening = layout.equals("phase", _NEW)
            if service.protocol is Protocol.TCP:  # SYN alone (RFC 9293, 3.5)
                opening = opening & layout.equals("tcp_flags_nxm", TCP_SYN, _OPENING)
            state = opening | layout.equals("phase", _ESTABLISHED)
            if service.protocol is Protocol.ICMP:  # its type stands in place of a source port
                there = there | kind & state & layout.equals("tp_src", ECHO)
                answer = layout.equals("tp_src", _ECHO_REPLY)
                back = back | kind & layout.equals("phase", _REPLY) & answer
                continue
            for ports in service.ports:
                there = there | kind & state & self._between("tp_dst", ports.first, ports.last)
                source = self._between("tp_src", ports.first, ports.last)
                back = back | kind & layout.equals("phase", _REPLY) & source
        return there, back

    def _between(self, field: str, first: int, last: int) -> Set:
        """Return all packets whose *field* is *first* to *last*."""
        engine, at_least, at_most = self._layout.engine, None, None
        at_least = at_most = engine.true
        for place, number in sorted(self._layout.bits(field, Part.SENT)):
            bit = engine.var(number)
            at_least = bit & at_least if first >> place & 1 else bit | at_least
            at_most = ~bit | at_most if last >> place & 1 else ~bit & at_most
        return at_least & at_most

    def _name(self, attachment: Attachment) -> int:
        """Return what stands for all that a packet shows of *attachment*."""
        return self._names[attachment.id]

    def _any_of(self, some: Iterable[Attachment]) -> Set:
        return self._any(
            [self._memo.of(("from", self._name(a)), partial(self._sent_by, a)) for a in some]
        )

    def _any(self, some: Sequence[Set]) -> Set:
        """Return the union of *some*, half by half: where one has changed, few halves have."""
        if not some[1:]:
            return some[0] if some else self._layout.engine.false
        middle = len(some) // 2
        one, two = self._any(some[:middle]), self._any(some[middle:])
        return self._memo.of(("any", one, two), lambda: one | two)

    def _sent(self, field: str, value: int, mask: int = -1) -> Set:
        return self._layout.equals(field, value, mask, Part.SENT)

    def _sent_by(self, sender: Attachment) -> Set:
        """Return what *sender* sends in its own name to the router: whole, alive, under its tag."""
        return (
            self._sent("source", self._number[sender.at])
            & self._sent("eth_src", mac_number(sender.mac))
            & self._sent("ipv4_src", int(sender.ip))
            & self._sent("eth_type", ETH_IPV4)
            & self._sent("vlan_vid", tag_of(sender))
            & self._sent("eth_dst", self._router)
            & self._sent("ip_frag", 0)
            & ~self._sent("nw_ttl", 0, 0xFE)
        )

    def _for(self, target: Attachment) -> Set:
        """Return all packets that are for *target*, of anybody else, where they leave for it."""
        own, layout = int(target.ip), self._layout
        return (
            self._sent("ipv4_dst", own)
            & ~self._sent("ipv4_src", own)
            & layout.equals("eth_dst", mac_number(target.mac))
            & layout.equals("vlan_vid", tag_of(target))
            & layout.equals("out_port", target.at.port)
        )

    def _by_router(self) -> Set:
        """Return all packets whose TTL is one less than sent, from the router's own address."""
        layout, out = self._layout, self._layout.engine.false
        for ttl in range(1, 256):
            out = out | layout.equals("nw_ttl", ttl, -1, Part.SENT) & layout.equals(
                "nw_ttl", ttl - 1
            )
        return out & layout.equals("eth_src", self._router)

    def _arp(self, asker: Attachment) -> Set:
        """Return honest requests of *asker* for another address of its subnet, as answered."""
        layout, network = self._layout, self.plan.subnet(asker)
        mac, own = mac_number(asker.mac), int(asker.ip)
        asked = (
            self._sent("source", self._number[asker.at])
            & self._sent("eth_src", mac)
            & self._sent("eth_type", ETH_ARP)
            & self._sent("vlan_vid", tag_of(asker))
            & self._sent("arp_op", ARP_REQUEST)
            & self._sent("arp_sha", mac)
            & self._sent("arp_spa", own)
            & self._sent("arp_tpa", int(network.network_address), int(network.netmask))
            & ~self._sent("arp_tpa", own)
        )
        answer = (
            layout.equals("eth_src", self._router)
            & layout.equals("eth_dst", mac)
            & layout.equals("arp_op", ARP_REPLY)
            & layout.equals("arp_sha", self._router)
            & layout.equals("arp_tha", mac)
            & layout.equals("arp_tpa", own)
            & layout.equals("out_port", asker.at.port)
        )
        return asked & answer & self._asked_for & self._answer_kept

    def _asked(self, asker: Attachment) -> Hashable:
        """Return all that the answers to *asker* depend on."""
        return "arp", self._name(asker), self.plan.subnet(asker), self._router

    @property
    def _asked_for(self) -> Set:
        """All answers that come from the address that was asked for."""
        layout = self._layout
        pairs = zip(layout.bits("arp_tpa", Part.SENT), layout.bits("arp_spa"), strict=True)
        out = layout.engine.true
        for (_, asked), (_, answers) in pairs:
            out = layout.same(asked, answers) & out
        return out


def _all(some: Mapping[tuple[Set, ...], list[Attachment]]) -> list[Attachment]:
    return [a for receivers in some.values() for a in receivers]
