"""Flood the tracker of a town from one station: ``python -m tests.live.flooded PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_flood`; prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from scenarios.capture import packet_io
from scenarios.capture.packet_io import Wire
from scenarios.suites.services import exchanges
from scenarios.suites.tracker_flood import Flooded, flood, flooder
from sekisho.model import Protocol
from sekisho.model.tracking import SHARE, share_zones, zone_limits
from sekisho.openflow.rules import Cookie, Kind
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.town import LENIENT_GUARD, Town

_LIMIT_S = 60.0
_LITTLE = SHARE // 2  # room of a whole switch, as if nobody had a share


def main() -> None:
    """Boot; flood as it is, then without shares in a small tracker, and print what came of it."""
    plan, folder = load(Path(sys.argv[1])), Path(sys.argv[2])
    by = flooder(plan)
    assert by is not None
    with Town(plan, folder=folder, work=WORK, guard=LENIENT_GUARD) as town:
        town.await_in_force()
        limits = zone_limits(plan)
        with Wire(town) as wire:
            out = {"as it is": _said(flood(town, wire, by)), "dropped": _dropped(town, by)}
            town.ovs.flush_conntrack()
            out["late reader"] = _late(town, wire)
            town.ovs.flush_conntrack()
            lifted = {zone: 0 for zone in share_zones(plan).values()}
            small = {switch.dpid: _LITTLE for switch in plan.switches}
            town.ovs.limit_conversations(limits | lifted | small)
            out["no share"] = _said(flood(town, wire, by))
            town.ovs.flush_conntrack()
            town.ovs.limit_conversations(limits)
            town.ovs.restart_switches()
            out["limits after a restart"] = _limits(town)
            out["limits"] = {str(zone): most for zone, most in limits.items()}
    print(json.dumps(out))  # noqa: T201  # this is a program


def _said(flooded: Flooded) -> dict[str, Any]:
    troubles = [o.trouble for o in flooded.others if o.trouble]
    return {**flooded.account(), "doubt": flooded.doubt, "troubles": troubles}


def _late(town: Town, wire: Wire) -> dict[str, Any]:
    """Flood over TCP, whose conversations cost most copies, while the reader's thread never runs.

    On a machine that others use it may be as late as that.
    """
    usual, packet_io._DRAIN_S = packet_io._DRAIN_S, 10 * _LIMIT_S
    by = next(e for e in exchanges(town.plan) if e.service.protocol is Protocol.TCP)
    flooded = flood(town, wire, by)
    packet_io._DRAIN_S = usual
    heard = sum(1 for _ in wire.heard())
    return {**_said(flooded), "lost copies": sum(wire.dropped.values()), "heard": heard}


def _dropped(town: Town, by: Any) -> int:
    """How many packets the flooder's own switch has dropped for want of a share."""
    switch = by.source.at.switch
    cookie = int(Cookie(Kind.DROP_SHARE))
    town.ovs.settle()
    dump = town.ovs.flows(switch, f"cookie={cookie:#x}/-1")
    return int(dump.partition("n_packets=")[2].partition(",")[0])


def _limits(town: Town) -> dict[str, int]:
    said = town.ovs.appctl("dpctl/ct-get-limits")
    zones = [line for line in said.splitlines() if line.startswith("zone=")]
    parts = [dict(part.split("=") for part in line.split(",")) for line in zones]
    return {part["zone"]: int(part["limit"]) for part in parts}


if __name__ == "__main__":
    main()
