"""What a run has met of its town's rules, written to ``coverage.json``.

Rules by the switches' own counters (`sekisho.coverage`); the edges of ports and networks by what
was sent on either side of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import orjson

from scenarios.gate import Window
from sekisho.coverage import cover
from sekisho.dumps import FlowLine
from sekisho.evidence import Case, Verdict, write_atomically
from sekisho.model import Plan, Protocol, Service

_LAST_PORT = 65535


def write_coverage(
    folder: Path,
    plan: Plan,
    tables: Mapping[str, list[FlowLine]],
    sent: Iterable[Window],
    cases: Iterable[Case],
) -> None:
    """Write what the windows *sent*, and judged as *cases*, have met of *tables*."""
    void = {case.case for case in cases if case.verdict is Verdict.VOID}
    total, both, one_sided = port_edges(plan, sent, void)
    data = {
        "schema": 1,
        **asdict(cover(plan, tables)),
        "port_edges": total,
        "port_edges_both": both,
        "port_edges_one_sided": one_sided,
    }
    write_atomically(folder / "coverage.json", orjson.dumps(data, option=orjson.OPT_INDENT_2))


def port_edges(plan: Plan, sent: Iterable[Window], void: set[str]) -> tuple[int, int, list[str]]:
    """Count the edges of the ranges of ports that somebody offers, and those tried on both sides.

    An edge is tried where frames to the port itself and to the one beyond it were sent to somebody
    who offers the service, and could be judged: not in a case of *void*.
    """
    tried: set[tuple[str, str, int]] = set()
    for window in sent:
        hosts = {
            case.number: case.target.device
            for case in window.cases
            if case.probe == "service" and case.name not in void
        }
        tried |= {
            (hosts[frame.case], frame.shape, frame.fields.dport)
            for frame in window.frames
            if frame.case in hosts
        }
    total, both, one_sided = 0, 0, []
    for service, inside, outside in _edges(plan):
        total += 1
        proto = "tcp" if service.protocol is Protocol.TCP else "udp"
        offering = [device.id for device in plan.devices if service.id in device.services]
        if all(any((d, proto, port) in tried for d in offering) for port in (inside, outside)):
            both += 1
        else:
            one_sided.append(f"{service.id} {proto}/{inside}-{outside}")
    return total, both, one_sided


def _edges(plan: Plan) -> Iterator[tuple[Service, int, int]]:
    """Yield the service, the port inside and the port outside of every edge."""
    for service in plan.services:
        devices = [device for device in plan.devices if service.id in device.services]
        for own in service.ports if devices else ():
            for inside, outside in ((own.first, own.first - 1), (own.last, own.last + 1)):
                if 0 < outside <= _LAST_PORT:
                    yield service, inside, outside
