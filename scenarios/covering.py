"""What a run has met of its town's rules, written to ``coverage.json``.

Rules by the switches' own counters (`sekisho.coverage`); the edges of ports and networks by what
was sent on either side of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import orjson

from sekisho.coverage import cover
from sekisho.dumps import FlowLine
from sekisho.evidence import Case, Verdict, write_atomically
from sekisho.model import Plan, Protocol

_LAST_PORT = 65535


def write_coverage(
    folder: Path, plan: Plan, tables: Mapping[str, list[FlowLine]], cases: Iterable[Case]
) -> None:
    """Write what *cases* have met of *tables*."""
    total, both, one_sided = port_edges(plan, cases)
    data = {
        "schema": 1,
        **asdict(cover(plan, tables)),
        "port_edges": total,
        "port_edges_both": both,
        "port_edges_one_sided": one_sided,
    }
    write_atomically(folder / "coverage.json", orjson.dumps(data, option=orjson.OPT_INDENT_2))


def port_edges(plan: Plan, cases: Iterable[Case]) -> tuple[int, int, list[str]]:
    """Count the edges of the ranges of ports that somebody offers, and those tried on both sides.

    An edge is tried where frames to the port itself and to the one beyond it were sent to somebody
    who offers the service, and could be judged.
    """
    tried: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in cases:
        if case.probe == "service" and case.verdict is not Verdict.VOID:
            tried[case.dst_host, case.proto].update(case.ports.split())
    total, both, one_sided = 0, 0, []
    for service in plan.services:
        proto = "tcp" if service.protocol is Protocol.TCP else "udp"
        offered = [d.id for d in plan.devices if service.id in d.services]
        ports = set().union(*(tried[host, proto] for host in offered))
        for own in service.ports if offered else ():
            for inside, outside in ((own.first, own.first - 1), (own.last, own.last + 1)):
                if not 0 < outside <= _LAST_PORT:
                    continue
                total += 1
                if {str(inside), str(outside)} <= ports:
                    both += 1
                else:
                    one_sided.append(f"{service.id} {proto}/{inside}-{outside}")
    return total, both, one_sided
