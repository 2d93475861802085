"""Open vSwitch's trace beside the reference switch: ``python -m tests.live.traced PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_proof`, on one booted town. Packets that
open a conversation, or none, are built by the very Scapy line that a proof prints, and traced rule
by rule; prints as one JSON object how many there were, where the two do not agree, and how often
they would not with a fault in the tables of one.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import scapy.all

from scenarios.results.trace import outputs, rewritten, steps
from sekisho.compiler.tables import compile_town
from sekisho.model import Plan, PortRef
from sekisho.openflow.reference_switch import headers
from sekisho.packet.packet import ConnState
from sekisho.packet.packet import Packet as Header
from sekisho.plan import load
from sekisho.proof.fields import HEADER
from sekisho.proof.verdict import Packet
from sekisho.proof.witness import Walker
from sekisho.proof.words import scapy as line
from sekisho.runtime.namespaces import WORK
from tests.population import packet as drawn
from tests.population import places_of
from tests.test_meaning import FAULTS, changed
from topologies.town import Town

_PACKETS, _MOST_HOPS = 400, 8

#: A switch, the port where a packet comes in, the rules that it meets, and where it leaves.
Hop = tuple[str, int, list[tuple[int, int]], list[int]]


def packets(plan: Plan) -> list[Packet]:
    """Return a fixed population of packets that a fresh tracker calls new."""
    chance = random.Random(7)
    out: list[Packet] = []
    while len(out) < _PACKETS:
        header = drawn(places_of(plan), chance.choice)
        if header.phase is ConnState.NEW and not header.fragment:
            out.append(_packet(header))
    return out


def _packet(header: Header) -> Packet:
    found = headers(header)
    for kind in ("tcp", "udp"):
        for end in ("src", "dst"):
            if f"{kind}_{end}" in found:
                found[f"tp_{end}"] = found[f"{kind}_{end}"]
    sent = {field: found.get(field, 0) for field in HEADER}
    return Packet(header.at, sent, sent, 1, True)


def walked(walker: Walker, packet: Packet) -> list[Hop]:
    """Return the way by the reference switch."""
    return [
        (
            step.at.switch,
            step.at.port,
            [(rule.table, rule.cookie) for rule in step.rules],
            sorted(step.out),
        )
        for step in walker.way(packet).steps
    ]


def traced(town: Town, packet: Packet) -> list[Hop]:
    """Return the way as Open vSwitch traces it, switch by switch."""
    peer = {link.a: link.b for link in town.plan.links}
    peer |= {link.b: link.a for link in town.plan.links}
    frame = bytes(eval(line(packet), vars(scapy.all)))  # our own line
    out: list[Hop] = []
    waiting = [(packet.source, frame)]
    while waiting and len(out) < _MOST_HOPS:
        at, data = waiting.pop(0)
        trace = town.ovs.trace(at.switch, at.port, data)
        back = [at.port] if "IN_PORT" in trace else []
        ports = sorted({*outputs(trace), *back})
        out.append((at.switch, at.port, [(s.table, s.cookie) for s in steps(trace)], ports))
        ends = (peer.get(PortRef(at.switch, port)) for port in ports)
        waiting += [(end, rewritten(data, trace)) for end in ends if end is not None]
    return out


def main() -> None:
    """Boot, trace, and print."""
    plan = load(Path(sys.argv[1]))
    tables = compile_town(plan)
    walker, other = Walker(plan, tables), Walker(plan, changed(tables, FAULTS["any class opens"]))
    out = dict[str, Any](asked=0, rules=0, spoilt=0, differ=[])
    with Town(plan, folder=Path(sys.argv[2]), work=WORK) as town:
        town.await_in_force()
        for packet in packets(plan):
            ours, theirs = walked(walker, packet), traced(town, packet)
            out["asked"] += 1
            out["rules"] += sum(len(hop[2]) for hop in ours)
            out["spoilt"] += walked(other, packet) != theirs
            if ours != theirs:
                out["differ"].append([line(packet), str(packet.source), str(ours), str(theirs)])
    print(json.dumps(out))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
