"""The POLICY table: every permission of the plan, and the drop of every cell.

The table is the same on every switch but for the connection-tracking zone, and for permissions
between two named devices at one switch: their packets never leave it, whichever lines break, and
named devices are not moved, so such a permission stands there alone. Part of the compiler: must
not consult `sekisho.policy.evaluate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model import ECHO, Allow, Attachment, Plan, PortRange, Protocol
from sekisho.openflow.pipeline import SOURCE_D, SOURCE_S, TARGET_D, TARGET_S, Numbers, Table
from sekisho.openflow.rules import (
    CT_EST,
    CT_INVALID,
    CT_NEW,
    CT_REL,
    CT_REPLY,
    CT_TRACKED,
    Cookie,
    Kind,
    Rule,
    drop_rule,
    match,
)
from sekisho.packet.packet import ETH_IPV4, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN

_ONE = 0xFF
_ECHO_REPLY = 0  # RFC 792
_ANY_CT = CT_NEW | CT_EST | CT_REL | CT_REPLY | CT_INVALID | CT_TRACKED
_OPENING = (TCP_SYN, TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)  # SYN alone: RFC 9293, 3.5
_IP = {"eth_type": ETH_IPV4}


#: A rule, and the one switch that it stands on; None where it stands on every one.
Placed = tuple[str | None, Rule]


def policy_rules(plan: Plan, numbers: Numbers) -> Iterator[Placed]:
    """Yield the whole policy, with zone 0 in place of a switch's own tracking zone."""
    for clause in plan.clauses:
        for allow in clause.allows:
            for source in allow.sources:
                yield from _permission(plan, numbers, allow, source, numbers.clause[clause.id])
    for s in numbers.source.values():
        for d in numbers.destination.values():
            cell = (s << SOURCE_S | d << TARGET_D, _ONE << SOURCE_S | _ONE << TARGET_D)
            yield None, drop_rule(Table.POLICY, 100, Cookie(Kind.DROP_CELL, s, d), metadata=cell)
    yield None, drop_rule(Table.POLICY, 0, Cookie(Kind.DROP_FORWARD, 0, Table.POLICY))


def _permission(
    plan: Plan, numbers: Numbers, allow: Allow, source: str, clause: int
) -> Iterator[Placed]:
    """Rules of one allowed direction: open, continue, and the replies that live and die with it."""
    s, d = numbers.source[source], numbers.destination[allow.destination]
    for sender in _only(plan, allow.only_from, source):
        for target in _only(plan, allow.only_to, None):
            place = _one_switch(sender, target)
            ends = (int(sender.ip) if sender else None, int(target.ip) if target else None)
            for service_id in allow.services:
                service = plan.service[service_id]
                for ports in service.ports:
                    for value, mask in port_masks(ports):
                        for rule in _conversation(
                            (s, d), service.protocol, (value, mask), ends, clause
                        ):
                            yield place, rule


def _one_switch(sender: Attachment | None, target: Attachment | None) -> str | None:
    """The switch that both named ends stand at, if there is one."""
    if sender is None or target is None or sender.at.switch != target.at.switch:
        return None
    return sender.at.switch


def _only(plan: Plan, ids: tuple[str, ...], source: str | None) -> Iterator[Attachment | None]:
    """Those that a permission is limited to, or one None when it is not limited."""
    if not ids:
        yield None
    for name in ids:
        attachment = plan.attachment[name]
        if source is None or attachment.source == source:
            yield attachment


def _conversation(
    cell: tuple[int, int],
    protocol: Protocol,
    port: tuple[int, int],
    ends: tuple[int | None, int | None],
    clause: int,
) -> Iterator[Rule]:
    s, d = cell
    asks, answers = _at_port(protocol, port)
    there: dict[str, int | tuple[int, int]] = {
        "metadata": (s << SOURCE_S | d << TARGET_D, _ONE << SOURCE_S | _ONE << TARGET_D),
        "ip_proto": protocol.value,
        **asks,
        **_IP,
        **_ends("ipv4_src", ends[0], "ipv4_dst", ends[1]),
    }
    back: dict[str, int | tuple[int, int]] = {
        "metadata": (d << SOURCE_D | s << TARGET_S, _ONE << SOURCE_D | _ONE << TARGET_S),
        "ip_proto": protocol.value,
        **answers,
        **_IP,
        **_ends("ipv4_dst", ends[0], "ipv4_src", ends[1]),
    }
    opening = {"tcp_flags_nxm": _OPENING} if protocol is Protocol.TCP else {}
    for rule_kind, fields, state in (
        (Kind.OPEN, {**there, **opening}, CT_TRACKED | CT_NEW),
        (Kind.CONTINUE, there, CT_TRACKED | CT_EST),
        (Kind.REPLY, back, CT_TRACKED | CT_EST | CT_REPLY),
    ):
        yield Rule(
            Table.POLICY,
            200,
            match(ct_state=(state, _ANY_CT), **fields),
            int(Cookie(rule_kind, clause, s, d)),
            goto=Table.SHARE if rule_kind is Kind.OPEN else Table.FORWARDING,
        )


def _at_port(
    protocol: Protocol, port: tuple[int, int]
) -> tuple[dict[str, int | tuple[int, int]], dict[str, int | tuple[int, int]]]:
    """What tells a packet to a service, and one from it."""
    if protocol is Protocol.ICMP:
        return {"icmpv4_type": ECHO}, {"icmpv4_type": _ECHO_REPLY}
    return {f"{protocol.word}_dst": port}, {f"{protocol.word}_src": port}


def _ends(
    name_a: str, a: int | None, name_b: str, b: int | None
) -> dict[str, int | tuple[int, int]]:
    return {name: ip for name, ip in ((name_a, a), (name_b, b)) if ip is not None}


def inner_ports(ports: PortRange) -> Iterator[int]:
    """Yield one port for each mask of a range, but for its first and last port."""
    for value, _ in port_masks(ports):
        if ports.first < value < ports.last:
            yield value


def port_masks(ports: PortRange) -> Iterator[tuple[int, int]]:
    """Split a port range into the fewest (value, mask) pairs, aligned powers of two."""
    first, end = ports.first, ports.last + 1
    while first < end:
        size = first & -first or 1 << 16
        while size > end - first:
            size >>= 1
        yield first, 0xFFFF & ~(size - 1)
        first += size
