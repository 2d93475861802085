"""A reference switch: runs rule values on one packet, slowly and plainly.

It knows the OpenFlow semantics that the compiler uses (OpenFlow 1.3.5, 5.3-5.12, and the
connection tracking of ovs-actions(7)) and nothing about plans or policies, so that tests can
compare what compiled tables *do* with what a plan *means*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass

from sekisho.errors import RuleError
from sekisho.model import ECHO, Plan, PortRef, Protocol
from sekisho.openflow.rules import (
    CT_EST,
    CT_INVALID,
    CT_NEW,
    CT_REPLY,
    CT_TRACKED,
    IN_PORT,
    VLAN_PRESENT,
    WIDTHS,
    DecTtl,
    Match,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Track,
)
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ConnState, Packet

_CT_STATE = {
    ConnState.NEW: CT_TRACKED | CT_NEW,
    ConnState.ESTABLISHED: CT_TRACKED | CT_EST,
    ConnState.REPLY: CT_TRACKED | CT_EST | CT_REPLY,
    ConnState.INVALID: CT_TRACKED | CT_INVALID,
}
_MAX_HOPS = 32
_FEW = 8  # rules that are tried one by one as fast as they are parted
_ECHO_REPLY, _TIMESTAMP = 0, 13  # ICMP types, the second for all that are no echo; RFC 792

Headers = dict[str, int]
_Wanted = tuple[Rule, dict[str, int]]  # a rule, and the fields of which it asks for one value


@dataclass(frozen=True, slots=True)
class Hop:
    """What one switch did: where the packet left, or the rule that ended its way.

    Attributes:
        out: Ports it left by, with the headers it had there.
        path: Rules that matched, in order.
    """

    out: tuple[tuple[int, tuple[tuple[str, int], ...]], ...]
    path: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the whole fabric did with a packet.

    Attributes:
        delivered: Edge ports it left by, with its headers there.
        dropped: (switch id, last rule) of every place where a copy died.
        switches: Ids of the switches it met, in order.
        path: (switch id, rule) of every rule that matched, in order.
    """

    delivered: tuple[tuple[PortRef, tuple[tuple[str, int], ...]], ...]
    dropped: tuple[tuple[str, Rule | None], ...]
    switches: tuple[str, ...]
    path: tuple[tuple[str, Rule], ...]


def headers(packet: Packet) -> Headers:
    """Return the match fields of *packet*, with absent layers absent."""
    out: Headers = {
        "in_port": packet.at.port,
        "metadata": 0,
        "reg0": 0,
        "ct_state": 0,
        "ct_mark": 0,
        "eth_src": int(packet.eth_src.replace(":", ""), 16),
        "eth_dst": int(packet.eth_dst.replace(":", ""), 16),
        "eth_type": packet.eth_type,
        "vlan_vid": VLAN_PRESENT | packet.vlan if packet.tagged else 0,
    }
    if packet.eth_type == ETH_IPV4:
        assert packet.ip_src is not None and packet.ip_dst is not None
        out |= {"ipv4_src": int(packet.ip_src), "ipv4_dst": int(packet.ip_dst)}
        out |= {"ip_proto": packet.ip_proto, "nw_ttl": packet.ttl, "ip_frag": int(packet.fragment)}
        if packet.protocol is Protocol.TCP:
            out |= {"tcp_src": packet.sport, "tcp_dst": packet.dport}
            out["tcp_flags_nxm"] = packet.tcp_flags
        elif packet.protocol is Protocol.UDP:
            out |= {"udp_src": packet.sport, "udp_dst": packet.dport}
        elif packet.protocol is Protocol.ICMP:
            other = _ECHO_REPLY if packet.sport == ECHO else _TIMESTAMP
            out["icmpv4_type"] = ECHO if packet.dport == ECHO else other
    elif packet.eth_type == ETH_ARP:
        assert packet.arp_spa is not None and packet.arp_tpa is not None
        out |= {"arp_op": packet.arp_op, "arp_spa": int(packet.arp_spa), "arp_tha": 0}
        out |= {"arp_tpa": int(packet.arp_tpa)}
        out["arp_sha"] = int(packet.arp_sha.replace(":", ""), 16)
    return out


def matches(match: Match, fields: Mapping[str, int]) -> bool:
    """Tell whether *fields* satisfy *match*; a field that a packet lacks never matches."""
    return all(name in fields and fields[name] & mask == value for name, value, mask in match)


class _Table:
    """The rules of one table, the highest priority first, parted by one field after another.

    A rule that asks for another value is not tried. The field is the one that leaves the fewest.
    """

    def __init__(self, rules: list[_Wanted], parted: frozenset[str] = frozenset()) -> None:
        self._rules, self._parted = rules, parted
        self._by_value: dict[int | None, _Table] = {}
        self._field = self._best() if len(rules) > _FEW else ""
        self._values = {fields.get(self._field) for _, fields in rules}

    def _best(self) -> str:
        """Return the field that leaves the fewest rules; empty where none leaves fewer."""
        names = {name for _, fields in self._rules for name in fields} - self._parted
        left = {
            name: _left([fields.get(name) for _, fields in self._rules]) for name in sorted(names)
        }
        best = min(left, key=lambda name: left[name], default="")
        return best if best and left[best] < len(self._rules) else ""

    def hit(self, fields: Mapping[str, int]) -> Rule | None:
        """Return the rule that a packet with *fields* meets; None where there is none."""
        if not self._field:
            return next((rule for rule, _ in self._rules if matches(rule.match, fields)), None)
        value = fields.get(self._field)
        value = value if value in self._values else None
        if value not in self._by_value:
            some = [one for one in self._rules if one[1].get(self._field) in (None, value)]
            self._by_value[value] = _Table(some, self._parted | {self._field})
        return self._by_value[value].hit(fields)


def _wanted(rule: Rule) -> _Wanted:
    return rule, {name: v for name, v, mask in rule.match if mask == (1 << WIDTHS[name]) - 1}


def _left(values: list[int | None]) -> int:
    """Return how many rules are tried at most, where they ask for these *values* of a field."""
    counted = Counter(values)
    return counted.pop(None, 0) + max(counted.values(), default=0)


class Switch:
    """One switch's tables, ready to be asked.

    Args:
        rules: Of all tables.
        full: Zones of connection tracking that have no room for another conversation.
    """

    def __init__(self, rules: tuple[Rule, ...], full: Container[int] = ()) -> None:
        self._full = full
        tables: dict[int, list[_Wanted]] = {}
        for rule in sorted(rules, key=lambda r: -r.priority):
            tables.setdefault(rule.table, []).append(_wanted(rule))
        self._tables = {number: _Table(own) for number, own in tables.items()}

    def run(self, fields: Headers, phase: ConnState | int) -> Hop:
        """Run one packet from table 0; *phase* is what connection tracking will say of it.

        It may be said in the tracker's own bits (``ct_state``), too.
        """
        fields = dict(fields)
        out: list[tuple[int, tuple[tuple[str, int], ...]]] = []
        path: list[Rule] = []
        table: int | None = 0
        while table is not None:
            rule = self._tables[table].hit(fields) if table in self._tables else None
            if rule is None:  # OpenFlow 1.3.5, 5.4: a table miss without a rule drops
                break
            path.append(rule)
            table = self._apply(rule, fields, out, phase)
        return Hop(tuple(out), tuple(path))

    def _apply(
        self,
        rule: Rule,
        fields: Headers,
        out: list[tuple[int, tuple[tuple[str, int], ...]]],
        phase: ConnState | int,
    ) -> int | None:
        goto = rule.goto
        for action in rule.actions:
            match action:
                case Output(port):
                    if port != fields["in_port"]:  # never where it came in, OpenFlow 1.3.5, 7.2.5
                        port = fields["in_port"] if port == IN_PORT else port
                        out.append((port, tuple(sorted(fields.items()))))
                case SetField(field, value):
                    fields[field] = value
                case Move(source, target, bits, source_bit):
                    _move(fields, source, target, bits, source_bit)
                case PushVlan():
                    fields["vlan_vid"] = VLAN_PRESENT
                case PopVlan():
                    fields["vlan_vid"] = 0
                case DecTtl():
                    if fields["nw_ttl"] <= 1:  # it dies here, ovs-actions(7) "dec_ttl"
                        return None
                    fields["nw_ttl"] -= 1
                case Track(zone, table, _, mark):
                    fields["ct_mark"] = 0 if zone in self._full else mark
                    if table >= 0:
                        fields["ct_state"] = phase if isinstance(phase, int) else _CT_STATE[phase]
                        goto = table
                case _:
                    raise RuleError(f"action {action!r} is not modelled")
        if rule.metadata is not None:
            value, mask = rule.metadata
            fields["metadata"] = fields["metadata"] & ~mask | value
        return goto


def _move(fields: Headers, source: str, target: str, bits: int, source_bit: int) -> None:
    mask = (1 << bits) - 1
    if bits > WIDTHS[target]:
        raise RuleError(f"{bits} bits do not fit {target}")
    fields[target] = fields[target] & ~mask | fields[source] >> source_bit & mask


class Fabric:
    """All switches of a plan with their rules and the links between them.

    Args:
        plan: The town.
        rules: By switch.
        full: Zones of connection tracking that have no room for another conversation.
    """

    def __init__(
        self, plan: Plan, rules: Mapping[str, tuple[Rule, ...]], full: Container[int] = ()
    ) -> None:
        self._switches = {name: Switch(own, full) for name, own in rules.items()}
        self._peer = {link.a: link.b for link in plan.links}
        self._peer |= {link.b: link.a for link in plan.links}

    def send(self, packet: Packet) -> Outcome:
        """Let *packet* in at its edge port and follow every copy to its end."""
        delivered: list[tuple[PortRef, tuple[tuple[str, int], ...]]] = []
        dropped: list[tuple[str, Rule | None]] = []
        met: list[str] = []
        path: list[tuple[str, Rule]] = []
        queue = [(packet.at, headers(packet))]
        while queue:
            at, fields = queue.pop(0)
            if len(met) >= _MAX_HOPS:
                raise RuleError(f"a packet from {packet.at} is still under way after {met}")
            met.append(at.switch)
            fields = {
                **fields,
                "in_port": at.port,
                "metadata": 0,
                "reg0": 0,
                "ct_state": 0,
                "ct_mark": 0,
            }
            hop = self._switches[at.switch].run(fields, packet.phase)
            path += [(at.switch, rule) for rule in hop.path]
            if not hop.out:
                dropped.append((at.switch, hop.path[-1] if hop.path else None))
            for port, left in hop.out:
                leaving = PortRef(at.switch, port)
                if leaving in self._peer:
                    queue.append((self._peer[leaving], dict(left)))
                else:
                    delivered.append((leaving, left))
        return Outcome(tuple(delivered), tuple(dropped), tuple(met), tuple(path))
