"""What a run has met of its town's rules, written to ``coverage.json``.

Rules by the switches' own counters (`sekisho.coverage.rules`); the edges of ports and networks by
what was sent on either side of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from pathlib import Path

import orjson

from scenarios.probes.context import packet
from scenarios.probes.windows import CasePlan, Window
from sekisho.coverage.conditions import Proof
from sekisho.coverage.paths import ways
from sekisho.coverage.rules import cover
from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from sekisho.model import Plan, PortRef, Protocol, Service
from sekisho.model.pools import edges, pools
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.pipeline import Table, way
from sekisho.packet.packet import ETH_IPV4, TCP_ACK, Packet, Reason

_LAST_PORT = 65535
_WAY_OF_ARP = (Table.ADMISSION, Table.ARP)
_WAY_OF_IP = way(Table.ADMISSION)
#: Reasons are keys, by their codes.
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
#: The table of the rule that drops for each reason: where a packet that it counted came to.
_LAST = {
    **dict.fromkeys(Reason, Table.ADMISSION),
    Reason.ARP_TARGET: Table.ARP,
    **dict.fromkeys((Reason.FRAGMENT, Reason.TTL, Reason.GROUP, Reason.NEXT_HOP), Table.ROUTER),
    Reason.DESTINATION: Table.DESTINATION,
    Reason.CELL: Table.POLICY,
    Reason.SHARE: Table.COUNTED,
    Reason.FORWARD: Table.FORWARDING,
}


def write_coverage(
    folder: Path,
    plan: Plan,
    tables: Mapping[str, list[FlowLine]],
    sent: Iterable[Window],
    cases: Iterable[Mapping[str, str]],
) -> None:
    """Write what the windows *sent*, and judged as *cases*, have met of *tables*.

    Of *cases*, lines of a file of cases, none is held.
    """
    windows, undecided, passed = list(sent), set[str](), set[str]()
    talks: set[tuple[str, str]] = set()
    for case in cases:
        verdict = Verdict(case["verdict"])
        if verdict is Verdict.INCONCLUSIVE:
            undecided.add(case["case"])
        elif verdict is Verdict.PASS:
            passed.add(case["case"])
            if (case["probe"], case["proto"]) == ("exchange", "tcp"):
                talks.add((case["src"], case["dst"]))
    proofs = chain(proved(windows, passed), answered(plan, talks))
    data = {"schema": SCHEMA, **asdict(cover(plan, tables, proofs))}
    for kind, found in (
        ("port", port_edges(plan, windows, undecided)),
        ("prefix", prefix_edges(plan, windows, undecided)),
    ):
        keys = (f"{kind}_edges", f"{kind}_edges_both", f"{kind}_edges_one_sided")
        data |= dict(zip(keys, found, strict=True))
    write_atomically(folder / "coverage.json", orjson.dumps(data, option=_OPTIONS))


def port_edges(
    plan: Plan, sent: Iterable[Window], undecided: set[str]
) -> tuple[int, int, list[str]]:
    """Count the edges of the ranges of ports that somebody offers, and those tried on both sides.

    An edge is tried where frames to the port itself and to the one beyond it were sent to somebody
    who offers the service, and could be judged: not in a case of *undecided*.
    """
    tried: set[tuple[str, str, int]] = set()
    for window in sent:
        hosts = {
            case.number: case.target.device
            for case in window.cases
            if case.probe == "service" and case.name not in undecided
        }
        tried |= {
            (hosts[frame.case], frame.shape, frame.fields.dport)
            for frame in window.frames
            if frame.case in hosts
        }
    total, both, one_sided = 0, 0, []
    for service, inside, outside in _edges(plan):
        total += 1
        proto = service.protocol.word
        offering = [device.id for device in plan.devices if service.id in device.services]
        if all(any((d, proto, port) in tried for d in offering) for port in (inside, outside)):
            both += 1
        else:
            one_sided.append(f"{service.id} {proto}/{inside}-{outside}")
    return total, both, one_sided


def proved(sent: Iterable[Window], passed: set[str]) -> Iterator[Proof]:
    """Yield the packets of the cases *passed*, and the tables of its switch that each came to.

    What must die was counted by the very rule that the policy names, so it came to that table; what
    must arrive came through all of them.
    """
    for window in sent:
        cases = {c.number: (c, _reached(c)) for c in window.cases if c.name in passed}
        for frame in window.frames:
            if frame.case in cases and frame.shape != "raw":
                case, tables = cases[frame.case]
                yield Proof(tables, packet(frame.shape, frame.fields, case.source.at, case.tag))


def answered(plan: Plan, talks: Iterable[tuple[str, str]]) -> Iterator[Proof]:
    """Yield a segment of every TCP conversation that was held, at each switch on the way.

    Of *talks*, ids of who asked and who answered. After the first, every segment has an ACK
    (RFC 9293, 3.1).
    """
    passed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for there in ways(plan).passes.values():
        for switch, asks, asked in there:
            passed[asks, asked].add(switch)
    for a, b in talks:
        source, target = plan.attachment[a], plan.attachment[b]
        for switch in passed[str(source.ip), str(target.ip)]:
            segment = Packet(
                at=PortRef(switch, 0),
                eth_type=ETH_IPV4,
                ip_proto=Protocol.TCP.value,
                tcp_flags=TCP_ACK,
                eth_src=source.mac,
                eth_dst=plan.router_mac,
            )
            yield Proof((Table.POLICY,), segment, only="tcp_flags")


def _reached(case: CasePlan) -> tuple[int, ...]:
    if case.drop is not None and case.also:
        return ()  # one of several rules
    if case.drop is None:
        return _WAY_OF_ARP if case.proto == "arp" else _WAY_OF_IP
    last = _LAST[Reason(case.drop.reason)]
    way = _WAY_OF_ARP if last is Table.ARP else _WAY_OF_IP
    return way[: way.index(last) + 1]


def prefix_edges(
    plan: Plan, sent: Iterable[Window], undecided: set[str]
) -> tuple[int, int, list[str]]:
    """Count the edges of the prefixes that switches ask for, and those tried on both sides there.

    At each switch with terminals: the networks whose ARP it answers, by questions of a terminal of
    that network; and the blocks kept for ports that may be moved, by datagrams of anybody.
    """
    tried: set[tuple[str, str, IPv4Address]] = set()
    for window in sent:
        sources = {
            case.number: case.source
            for case in window.cases
            if case.probe in ("arp-ask", "nobody") and case.name not in undecided
        }
        for frame in window.frames:
            if frame.case in sources:
                own = sources[frame.case]
                net = str(plan.subnet(own)) if frame.shape == "arp" else ""
                tried.add((own.at.switch, net, frame.fields.ip_dst))
    total, both, one_sided = 0, 0, []
    for switch, net, prefix, inside, outside in _prefixes(plan):
        total += 1
        if all((switch, net, address) in tried for address in (inside, outside)):
            both += 1
        else:
            one_sided.append(f"{switch} {'arp' if net else 'ip'} {prefix}: {inside} {outside}")
    return total, both, one_sided


def _prefixes(plan: Plan) -> Iterator[tuple[str, str, IPv4Network, IPv4Address, IPv4Address]]:
    """Yield the switch, the asker's network (of ARP), the prefix, and both sides of each edge."""
    here = [a for a in plan.attachments if a.registered]
    asked = {(a.at.switch, plan.subnet(a)) for a in here}
    blocks = {(a.at.switch, pool.network) for a in here for pool in pools(plan)}
    for is_arp, prefixes in ((True, asked), (False, blocks)):
        for switch, prefix in sorted(prefixes):
            for inside, outside in edges(prefix):
                yield switch, str(prefix) if is_arp else "", prefix, inside, outside


def _edges(plan: Plan) -> Iterator[tuple[Service, int, int]]:
    """Yield the service, the port inside and the port outside of every edge."""
    for service in plan.services:
        devices = [device for device in plan.devices if service.id in device.services]
        for own in service.ports if devices and service.has_ports else ():
            for inside, outside in ((own.first, own.first - 1), (own.last, own.last + 1)):
                if 0 < outside <= _LAST_PORT:
                    yield service, inside, outside
