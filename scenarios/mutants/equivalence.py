"""Does a fault in the tables change anything? Decided by the reference switch, not guessed.

The whole fabric is run with and without the fault on packets that aim at the rules concerned: the
frames of the cases tried, in every phase of a conversation that could have been opened, and
packets made from the rules themselves, on both sides of every edge of their matches.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from sekisho.model import Attachment, Plan, Protocol
from sekisho.mutation.table_faults import Fault, Tables
from sekisho.openflow.pipeline import Numbers, Table
from sekisho.openflow.reference_switch import Fabric, Outcome
from sekisho.openflow.rules import CT_REL, WIDTHS, Cookie, Kind, Rule
from sekisho.packet.packet import ARP_REQUEST, TCP_ACK, TCP_SYN, ConnState, Packet

_INSIDE = frozenset({"metadata", "reg0", "ct_state", "in_port"})  # what no wire shows
_MOST_RULES, _MOST_ENDS, _MOST_PACKETS = 12, 4, 3000
_STRANGE_PORT = 61000
_MAC_BITS, _VLAN_ID = 48, 0xFFF  # the second: of a tag, IEEE 802.1Q, 9.6
#: What a rule may ask of a header, and the field of a packet that says it.
_FIELDS = {
    "eth_type": "eth_type",
    "eth_src": "eth_src",
    "eth_dst": "eth_dst",
    "ipv4_src": "ip_src",
    "ipv4_dst": "ip_dst",
    "ip_proto": "ip_proto",
    "nw_ttl": "ttl",
    "ip_frag": "fragment",
    "tcp_dst": "dport",
    "udp_dst": "dport",
    "tcp_src": "sport",
    "udp_src": "sport",
    "tcp_flags_nxm": "tcp_flags",
    "arp_op": "arp_op",
    "arp_sha": "arp_sha",
    "arp_spa": "arp_spa",
    "arp_tpa": "arp_tpa",
}
_PORTS = ("tcp_dst", "udp_dst", "tcp_src", "udp_src")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the reference switch says of a fault.

    Attributes:
        different: A packet that fares differently, in words; empty where none does.
        asked: How many packets were run through both fabrics.
        met: How many of them met a rule that the fault takes out or changes.
    """

    different: str
    asked: int
    met: int

    @property
    def words(self) -> str:
        """The decision in a few words."""
        if self.different:
            return f"nobody sends {self.different}"
        if not self.asked:
            return "nobody stands where the rule could be met"
        if not self.met:
            return f"no packet of {self.asked} comes to the rule (reference switch)"
        return f"none of {self.asked} packets fares differently, {self.met} met the rule"


def decide(plan: Plan, tables: Tables, fault: Fault, sent: Iterator[Packet]) -> Decision:
    """Compare the fabric with and without *fault*, on the packets *sent* and on aimed ones."""
    if any(_is_related(edit.rule) for edit in fault.edits):
        return Decision("an error message that belongs to a conversation", 0, 0)
    right, wrong = Fabric(plan, tables), Fabric(plan, fault.applied(tables))
    concerned = {(e.switch, r.key) for e in fault.edits for r in (e.remove, e.add) if r}
    packets = list(dict.fromkeys([*sent, *_aimed(plan, fault)]))
    if len(packets) > _MOST_PACKETS:
        packets = random.Random(1).sample(packets, _MOST_PACKETS)
    met = 0
    for number, packet in enumerate(packets, 1):
        before, after = right.send(packet), wrong.send(packet)
        path = (*before.path, *after.path)
        met += any((switch, rule.key) in concerned for switch, rule in path)
        if _fare(before) != _fare(after) and _can_be(plan, wrong, packet):
            return Decision(str(packet), number, met)
    return Decision("", len(packets), met)


def in_every_phase(packet: Packet, fault: Fault) -> Iterator[Packet]:
    """The packet as a connection tracker may see it, and on both sides of the rules' ports."""
    for phase in ConnState:
        yield packet._replace(phase=phase)
    for edit in fault.edits[:_MOST_RULES]:
        yield from _at_the_edges(packet, edit.rule)


def _is_related(rule: Rule) -> bool:
    """The reference switch knows no packets that the tracker calls related."""
    return any(name == "ct_state" and value & CT_REL for name, value, _ in rule.match)


def _fare(outcome: Outcome) -> tuple[object, ...]:
    ends = tuple((switch, rule.cookie if rule else 0) for switch, rule in outcome.dropped)
    arrived = tuple(
        (port, tuple(field for field in headers if field[0] not in _INSIDE))
        for port, headers in outcome.delivered
    )
    return arrived, ends


def _can_be(plan: Plan, fabric: Fabric, packet: Packet) -> bool:
    """Tell whether a conversation that *packet* says to belong to could have been opened."""
    if packet.phase in (ConnState.NEW, ConnState.INVALID) or packet.ip_src is None:
        return True
    opening = packet._replace(phase=ConnState.NEW, tcp_flags=TCP_SYN)
    if packet.phase is ConnState.REPLY:
        asker = next((a for a in plan.attachments if a.ip == packet.ip_dst), None)
        if asker is None:
            return False
        opening = opening._replace(
            at=asker.at,
            eth_src=asker.mac,
            ip_src=packet.ip_dst,
            ip_dst=packet.ip_src,
            sport=packet.dport,
            dport=packet.sport,
            tagged=asker.tag > 0,
            vlan=asker.tag,
        )
    return bool(fabric.send(opening).delivered)


def _aimed(plan: Plan, fault: Fault) -> Iterator[Packet]:
    """Packets of the terminals and services that the rules concerned are about."""
    for edit in fault.edits[:_MOST_RULES]:
        senders, targets = _ends(plan, edit.switch, edit.rule)
        for source in senders:
            for rule in (edit.remove, edit.add):
                if rule is not None:
                    yield from _meeting(_base(plan, source, source), rule)
            for target in targets:
                if source.device != target.device:
                    for packet in _between(plan, source, target):
                        yield from _at_the_edges(packet, edit.rule)
                        for phase in ConnState:
                            yield packet._replace(phase=phase)


def _ends(plan: Plan, switch: str, rule: Rule) -> tuple[list[Attachment], list[Attachment]]:
    """Who may send and who may receive what comes to *rule*, those at its switch first."""
    numbers, cookie = Numbers(plan), Cookie.parse(rule.cookie)
    own = sorted((a for a in plan.attachments if a.registered), key=lambda a: a.at.switch != switch)
    if cookie is None or rule.table != Table.POLICY or not cookie.b:
        here = [a for a in own if a.at.switch == switch]
        at_port = [a for a in here if cookie and cookie.a == a.at.port]
        return (at_port or here or own)[: 2 * _MOST_ENDS], own[:: max(1, len(own) // 8)]
    row, column = (cookie.a, cookie.b) if cookie.kind is Kind.DROP_CELL else (cookie.b, cookie.c)
    senders = [a for a in own if numbers.source[a.source] == row]
    targets = [a for a in own if numbers.destination[a.destination] == column]
    both = senders[:_MOST_ENDS] + targets[:_MOST_ENDS]  # a reply goes the other way
    return both, both


def _base(plan: Plan, source: Attachment, target: Attachment) -> Packet:
    return Packet(
        at=source.at,
        eth_src=source.mac,
        eth_dst=plan.router_mac,
        ip_src=source.ip,
        ip_dst=target.ip,
        ip_proto=Protocol.UDP.value,
        sport=_STRANGE_PORT,
        arp_sha=source.mac,
        arp_spa=source.ip,
        arp_tpa=target.ip,
        arp_op=ARP_REQUEST,
        tagged=source.tag > 0,
        vlan=source.tag,
    )


def _meeting(base: Packet, rule: Rule) -> Iterator[Packet]:
    """*base* with all that the rule asks of a header; first and last address of each prefix."""
    asked = {name: (value, mask) for name, value, mask in rule.match}
    for is_last in (False, True):
        out = base
        for name, field in _FIELDS.items():
            if name in asked:
                value, mask = asked[name]
                full = (1 << WIDTHS[name]) - 1
                out = out._replace(**{field: _header(name, value | ~mask & full * is_last)})
        if "vlan_vid" in asked:
            value, mask = asked["vlan_vid"]
            out = out._replace(tagged=True, vlan=(value | ~mask * is_last) & _VLAN_ID)
        for phase in ConnState:
            yield out._replace(phase=phase)


def _header(name: str, value: int) -> Any:
    if name in ("ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"):
        return IPv4Address(value)
    if WIDTHS[name] == _MAC_BITS:
        return value.to_bytes(6, "big").hex(":")
    return bool(value) if name == "ip_frag" else value


def _between(plan: Plan, source: Attachment, target: Attachment) -> Iterator[Packet]:
    base = _base(plan, source, target)
    for one in (target, source):
        for name in one.services:
            service = plan.service[name]
            for port in service.edges():
                to = base._replace(ip_proto=service.protocol.value, dport=port)
                if one is source:  # an answer from the service
                    to = to._replace(sport=port, dport=_STRANGE_PORT)
                yield to._replace(tcp_flags=TCP_SYN)
                if service.protocol is Protocol.TCP:
                    yield to._replace(tcp_flags=TCP_ACK)
    yield base._replace(ip_proto=Protocol.ICMP.value)  # no echo
    for protocol in (Protocol.TCP, Protocol.UDP):
        yield base._replace(ip_proto=protocol.value, dport=_STRANGE_PORT, tcp_flags=TCP_SYN)


def _at_the_edges(packet: Packet, rule: Rule) -> Iterator[Packet]:
    """The same packet on both sides of every port edge of the rule's match."""
    for name, value, mask in rule.match:
        if name not in _PORTS:
            continue
        last = value | ~mask & 0xFFFF
        for port in (value - 1, value, last, last + 1, value ^ 1):
            if 0 < port < 1 << 16 and name.endswith("dst"):
                yield packet._replace(dport=port)
            elif 0 < port < 1 << 16:
                yield packet._replace(sport=port)
