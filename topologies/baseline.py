"""What a bench compares with: plain Mininet's start, its pings, and one time-out a probe.

Runs inside namespaces of its own (`sekisho.runtime.namespaces`), once for each of two questions::

    python -m topologies.baseline start PLAN --folder RUN          how long plain Mininet needs
    python -m topologies.baseline wait  PLAN --folder RUN --probes FILE  what waiting costs

It knows nothing of probes and verdicts; which connections are forbidden is in FILE.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from mininet.log import setLogLevel  # type: ignore[import-untyped]  # Mininet has no types
from mininet.net import Mininet  # type: ignore[import-untyped]
from mininet.node import OVSSwitch  # type: ignore[import-untyped]
from mininet.topo import Topo  # type: ignore[import-untyped]

from sekisho.errors import SekishoError
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.network.netns import in_netns
from topologies.network.sysctl import quiet_machine
from topologies.ovs.daemon import OpenVSwitch
from topologies.town import Town

TIMEOUT_S = 1  # of a ping and of a connection; Mininet's own default is what ping takes: 10 s


#: A learning switch; its spanning tree keeps the plan's redundant lines from looping.
_SWITCH = partial(OVSSwitch, datapath="user", failMode="standalone", stp=True)


def plain(plan: Plan) -> Any:
    """Return the plan's hosts, switches and cables as a Mininet topology, nothing configured."""
    topo = Topo()
    for number, name in enumerate((*plan.switch, *(air.id for air in plan.airs)), 1):
        topo.addSwitch(name, dpid=f"{number:016x}")
    for air in plan.airs:
        topo.addLink(air.id, air.at.switch)
    for device in plan.devices:
        topo.addHost(device.id)
    for attachment in plan.attachments:
        topo.addLink(attachment.device, attachment.air or attachment.at.switch)
    for link in plan.links:
        topo.addLink(link.a.switch, link.b.switch)
    return topo


def started(plan: Plan, folder: Path) -> dict[str, Any]:
    """Start *plan* as Mininet would; return the seconds from ``Mininet()`` to started."""
    quiet_machine()
    setLogLevel("warning")
    (folder / "log").mkdir(parents=True, exist_ok=True)
    with OpenVSwitch(WORK / "plain", folder / "log"):
        began = time.monotonic()
        net = Mininet(topo=plain(plan), switch=_SWITCH, controller=None)
        net.start()
        seconds = time.monotonic() - began
        return {
            "start_s": seconds,
            "hosts": len(net.hosts),
            "switches": len(net.switches),
            "links": len(net.links),
        }  # hosts and interfaces end with the namespace


def waited(
    plan: Plan, folder: Path, probes: list[tuple[str, str, int]], *, pairs: int, seed: int
) -> dict[str, Any]:
    """Measure pings and connections in the guarded town.

    Args:
        plan: The town.
        folder: The run folder.
        probes: Forbidden connections: attachment, address, TCP port.
        pairs: Pairs of hosts to ping, each in both directions.
        seed: Which pairs.
    """
    with Town(plan, folder=folder, work=WORK) as town:
        town.await_in_force()
        hosts = town.net.hosts
        chosen = random.Random(seed).sample(_pairs(len(hosts)), min(pairs, len(_pairs(len(hosts)))))
        for position in {position for pair in chosen for position in pair}:
            hosts[position].wake()  # a shell is started once, not for every ping
        began = time.monotonic()
        for a, b in chosen:
            town.net.ping([hosts[a], hosts[b]], timeout=str(TIMEOUT_S))
        ping_s = time.monotonic() - began
        began = time.monotonic()
        answered = sum(_answers(town, *probe) for probe in probes)
        return {
            "pings": 2 * len(chosen),
            "ping_s": ping_s,
            "all_pings": 2 * len(_pairs(len(hosts))),
            "probes": len(probes),
            "probe_s": time.monotonic() - began,
            "answered": answered,
        }


def _pairs(number: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(number) for b in range(a + 1, number)]


def _answers(town: Town, sender: str, address: str, port: int) -> bool:
    """Try one connection as a test in a loop would, with a time-out of its own."""
    attachment = town.plan.attachment[sender]
    with in_netns(town.pid(attachment)), socket.socket() as out:
        out.bind((str(attachment.ip), 0))
        out.settimeout(TIMEOUT_S)
        try:
            out.connect((address, port))
        except OSError:
            return False
        return True


def main() -> int:
    """Read the command line, measure, and say it in one JSON line on standard output."""
    parser = argparse.ArgumentParser(prog="python -m topologies.baseline", description=__doc__)
    parser.add_argument("what", choices=("start", "wait"))
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--probes", type=Path)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    try:
        plan = load(args.plan)
        if args.what == "start":
            facts = started(plan, args.folder)
        else:
            probes = json.loads(args.probes.read_text())
            facts = waited(plan, args.folder, probes, pairs=args.pairs, seed=args.seed)
    except SekishoError as error:
        _say(error=str(error), exit=error.exit_code)
        return error.exit_code
    _say(end=True, exit=0, **facts)
    return 0


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
