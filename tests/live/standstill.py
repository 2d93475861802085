"""A switch that stands still for a moment: ``python -m tests.live.standstill PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_wire`: nearly a burst is sent twice
while ``ovs-vswitchd`` is stopped. Prints what a frame takes of a socket meanwhile, and what
became of all of them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from scenarios.capture.packet_io import Wire
from scenarios.capture.places import Place
from scenarios.probes.frames import Fields, build, frame_number, tokens
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.network import queue_depth
from topologies.ovs.datapath import Datapath
from topologies.town import Town

_STILL_S = 1.0
_PASSED_ON_S = 0.05  # the kernel has put every frame into a socket by then
_RUN = 7


def stood(town: Town, wire: Wire) -> dict[str, Any]:
    """Send twice to a switch that stands still, and return what was heard and when that ended."""
    plan, target = town.plan, town.plan.attachment["www.lan"]
    once = wire.pace.burst - 1
    outgoing = []
    marks = tokens(_RUN, range(2 * once))
    for n, mark in enumerate(marks):  # from two ports in turns, so that neither is full
        source = plan.attachment[("nb.wired", "nb.wireless")[n % 2]]
        ends = (plan.router_mac, source.mac, source.ip, target.ip)
        (frame,) = build("tcp", [Fields(*ends, 20000 + n, 80, 2)], [mark])
        outgoing.append((plan.attachments.index(source), frame))
    switch = town.ovs.pids()[-1]
    before = wire.lost()
    os.kill(switch, signal.SIGSTOP)
    threading.Timer(_STILL_S, os.kill, (switch, signal.SIGCONT)).start()
    ended, waiting = [], []
    began = time.monotonic()
    for half in (outgoing[:once], outgoing[once:]):
        wire.send(half)
        ended.append(time.monotonic() - began)
        time.sleep(_PASSED_ON_S)
        waiting.append(queue_depth.waiting_bytes())
    wire.settle()
    at = Place("attachment", target.id)
    copies = [copy.data for place, copy in wire.heard() if place == at and not copy.outgoing]
    return {
        "sent": len(outgoing),
        "heard": sum(frame_number(_RUN, data) is not None for data in copies),
        "each_bytes": waiting[0] / once,
        "allowed_bytes": _allowed(town, wire),
        "lost": dict(wire.lost() - before),
        "waited": [seconds >= _STILL_S for seconds in ended],
    }


def _allowed(town: Town, wire: Wire) -> float:
    """Return how many bytes of a socket the pace allows for a frame."""
    if town.ovs.datapath is Datapath.KERNEL:
        return queue_depth.QUESTION_BYTES
    return (queue_depth.room() - wire.pace.full_bytes) / wire.pace.burst


def main() -> None:
    """Boot the town, stop its switch for a moment, and print what was told."""
    with Town(load(Path(sys.argv[1])), folder=Path(sys.argv[2]), work=WORK) as town:
        town.await_in_force()
        with Wire(town) as wire:
            print(json.dumps(stood(town, wire)))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
