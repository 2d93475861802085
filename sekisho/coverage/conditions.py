"""Whether the conditions of the rules that were met were seen false too, and why the others not.

Pure: takes the switches' dumps with their counters, and packets of which it is proved how far they
came. A condition was seen false where a packet came to its table with another value: then another
rule of the table was met whose value excludes it, or a judged packet had such a value. What is
left over cannot be false, and the tables themselves say why; or else it is listed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sekisho.evidence.unmet import UnmetReason
from sekisho.model import Plan
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.match_fields import excludes, within
from sekisho.openflow.pipeline import Table
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, Packet

Tables = Mapping[str, list[FlowLine]]


class Proof(NamedTuple):
    """A packet that is proved to have come to some tables of the switch that it names.

    Attributes:
        only: The one field of it that is known; empty where all are.
    """

    tables: tuple[int, ...]
    packet: Packet
    only: str = ""


#: Why a rule cannot be met; empty where nothing says so.
Why = Callable[[str, FlowLine], UnmetReason | None]


_FLAG = re.compile(r"([+-])([a-z]+)")
_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16}  # RFC 9293, 3.1
_NAMES = {1: "ip icmp", 6: "ip tcp", 17: "ip udp"}  # IANA protocol numbers
_OF_IP = {"nw_src": "ip_src", "nw_dst": "ip_dst", "nw_ttl": "ttl"}
_OF_PORTS = {"tp_src": "sport", "tp_dst": "dport"}
_OF_ARP = {"arp_op": "arp_op", "arp_sha": "arp_sha", "arp_spa": "arp_spa", "arp_tpa": "arp_tpa"}
_OF_ALL = {"dl_src": "eth_src", "dl_dst": "eth_dst"}


@dataclass(frozen=True, slots=True)
class ConditionCoverage:
    """What was seen of the conditions of rules that were met.

    Attributes:
        fields: How many there are.
        both: How many were seen false too, by counters or by judged packets.
        one_sided: How many cannot be false, by the reason.
        unshown: Those left over, as ``switch table: field=value``.
    """

    fields: int
    both: int
    one_sided: dict[UnmetReason, int]
    unshown: tuple[str, ...]


def sides(plan: Plan, tables: Tables, proved: Iterable[Proof], why: Why) -> ConditionCoverage:
    """Say what was seen of every condition of *tables*."""
    total, left = _by_counters(tables)
    surely, reasons = _Surely(plan, tables), Counter[UnmetReason]()
    for place, values in left.items():
        for condition in list(values):
            if reason := surely.why(*place, *condition):
                reasons[reason] += values.pop(condition)
    _by_packets({place: values for place, values in left.items() if values}, proved)
    unshown: list[str] = []
    for (switch, table), values in sorted(left.items()):
        rules = [line for line in tables[switch] if line.table == table]
        for (name, value), count in sorted(values.items()):
            others = [x for x in rules if excludes(value, x.match.get(name, value))]
            if others and all(not x.packets and why(switch, x) for x in others):
                reasons[UnmetReason.OTHERS] += count
            else:
                unshown += [f"{switch} table {table}: {name}={value}"] * count
    both = total - sum(reasons.values()) - len(unshown)
    return ConditionCoverage(total, both, dict(reasons.most_common()), tuple(unshown))


#: How many rules of (switch, table) ask for (field, value).
_Left = dict[tuple[str, int], Counter[tuple[str, str]]]


def _by_counters(tables: Tables) -> tuple[int, _Left]:
    """Count the conditions of rules that were met, and keep those that no other such rule excludes.

    A condition was seen false where another rule of the same table was met whose value in the same
    field excludes it: that packet came here and was something else.
    """
    total, left = 0, _Left()
    for switch, lines in tables.items():
        by_table: dict[int, list[Mapping[str, str]]] = defaultdict(list)
        for line in lines:
            if line.packets:
                by_table[line.table].append(line.match)
        for table, rules in by_table.items():
            asked = Counter(each for rule in rules for each in rule.items())
            values: dict[str, set[str]] = defaultdict(set)
            for name, value in asked:
                values[name].add(value)
            total += asked.total()
            left[switch, table] = Counter(
                {
                    (name, value): count
                    for (name, value), count in asked.items()
                    if not any(excludes(value, other) for other in values[name] - {value})
                }
            )
    return total, left


def _by_packets(left: _Left, proved: Iterable[Proof]) -> None:
    """Strike out of *left* what was false of a packet that is proved to have come to the table."""
    for reached, packet, only in proved:
        if not left:
            return
        for table in reached:
            place = packet.at.switch, table
            known = [c for c in left.get(place, ()) if only in ("", c[0])]
            for condition in [c for c in known if is_false(*c, packet)]:
                del left[place][condition]
            if place in left and not left[place]:
                del left[place]


def is_false(name: str, value: str, packet: Packet) -> bool:
    """Tell whether *packet* has another value than *value* in the field *name*; in doubt, not."""
    if packet.tagged:
        return False  # its tag hides what is behind
    if name == "vlan_tci":
        return True
    protocol = _protocol(packet)
    if name == "protocol":
        return excludes(value, protocol)
    if name == "tcp_flags":
        return protocol == "ip tcp" and _other_flags(value, packet.tcp_flags)
    if name == "nw_frag":
        return protocol.startswith("ip") and not packet.fragment
    fields = dict(_OF_ALL)
    fields |= _OF_ARP if protocol == "arp" else {}
    fields |= _OF_IP if protocol.startswith("ip") else {}
    has_ports = protocol in ("ip tcp", "ip udp") and not packet.fragment
    fields |= _OF_PORTS if has_ports else {}
    return name in fields and excludes(value, str(getattr(packet, fields[name])))


def _protocol(packet: Packet) -> str:
    if packet.eth_type == ETH_IPV4:
        return _NAMES.get(packet.ip_proto, "ip other")
    return "arp" if packet.eth_type == ETH_ARP else "other"


def _other_flags(value: str, flags: int) -> bool:
    asked = _FLAG.findall(value)
    return any(bool(flags & _FLAGS[name]) != (sign == "+") for sign, name in asked)


class _Surely:
    """Knows what every packet has that comes to a table, by the rules that lead there."""

    def __init__(self, plan: Plan, tables: Tables) -> None:
        self._leading: dict[tuple[str, int], list[FlowLine]] = defaultdict(list)
        self._sending: dict[tuple[str, int], list[FlowLine]] = defaultdict(list)
        self._asking: dict[tuple[str, int, str, str], list[FlowLine]] = defaultdict(list)
        self._known: dict[tuple[str, int, str, str], bool] = {}
        ends = [(link.a, link.b) for link in plan.links]
        self._peer = {(a.switch, a.port): b for x, y in ends for a, b in ((x, y), (y, x))}
        for switch, lines in tables.items():
            for line in lines:
                for table in line.leads_to:
                    self._leading[switch, table].append(line)
                for port in line.outputs:
                    self._sending[switch, port].append(line)
                if line.packets:
                    for name, value in line.match.items():
                        self._asking[switch, line.table, name, value].append(line)

    def why(self, switch: str, table: int, name: str, value: str) -> UnmetReason | None:
        """Return why no packet in *table* of *switch* has another value; empty where one may."""
        if (table, name) == (Table.COUNTED, "ct_mark"):
            return UnmetReason.FULL
        if table:
            return UnmetReason.ALWAYS if self._is_sure(switch, table, name, value) else None
        asking = self._asking[switch, table, name, value]
        is_sure = all(self._comes_in(switch, line, name, value) for line in asking)
        return UnmetReason.LINES if asking and is_sure else None

    def _comes_in(self, switch: str, line: FlowLine, name: str, value: str) -> bool:
        """Whether all that comes in at the port that *line* asks for has the value."""
        port = line.match.get("in_port", "")
        peer = self._peer.get((switch, int(port))) if port.isdigit() else None
        if peer is None:
            return False
        sent = self._sending[peer.switch, peer.port]
        return bool(sent) and all(self._has(peer.switch, line, name, value) for line in sent)

    def _is_sure(self, switch: str, table: int, name: str, value: str) -> bool:
        key = switch, table, name, value
        if key not in self._known:
            leading = self._leading[switch, table]
            self._known[key] = bool(leading) and all(
                self._has(switch, line, name, value) for line in leading
            )
        return self._known[key]

    def _has(self, switch: str, line: FlowLine, name: str, value: str) -> bool:
        """Whether *line* asks for the value itself, or every rule that leads to it does."""
        own = line.match.get(name)
        if own is not None and within(own, value):
            return True
        return bool(line.table) and self._is_sure(switch, line.table, name, value)
