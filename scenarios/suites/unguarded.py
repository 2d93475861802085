"""A town whose controller is dead for the time of a block: its switches go on by themselves.

A switch that would fail open does so after three probes unanswered (ovs-vswitchd.conf.db(5),
fail_mode, inactivity_probe): they are made shorter, and waited for before anything is tried.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGKILL

from scenarios.capture.packet_io import Wire
from sekisho.errors import LabError
from topologies.town import Town

STATE = "controller-dead"
#: A probe every second, and longer than three of them.
PROBE_MS, DEAD_S = 1000, 4.5
_FACT_S, _POLL_S = 60.0, 0.05


@contextmanager
def unguarded(town: Town, wire: Wire) -> Iterator[None]:
    """Kill the controller of *town*, and start it again after the block.

    Raises:
        LabError: A switch was still connected before or after the block, or it did not come back.
    """
    set_probes(town, str(PROBE_MS))
    town.end("controller", how=SIGKILL)
    try:
        with wire.draining():
            time.sleep(DEAD_S)
        _see_it_dead(town)
        yield
        _see_it_dead(town)
    finally:
        set_probes(town, "[]")
        before = len(town.facts())
        with wire.draining():
            town.start_guard()
            town.wait_for("listening", timeout_s=_FACT_S, after=before)
            for switch in town.plan.switches:
                town.ovs.reconnect_controller(switch.id)
            town.wait_for("town-in-force", timeout_s=_FACT_S, after=before)
            town.ovs.cache.follow()


def set_probes(town: Town, interval_ms: str) -> None:
    """Let every switch ask for its controller at this interval; ``[]`` for its own."""
    ovs = town.ovs
    for known in ovs.run("ovs-vsctl", "--bare", "--columns=_uuid", "list", "Controller").split():
        ovs.run("ovs-vsctl", "set", "Controller", known, f"inactivity_probe={interval_ms}")


def _see_it_dead(town: Town) -> None:
    """Ask every switch whether somebody commands it.

    Raises:
        LabError: Somebody does.
    """
    words = ("ovs-vsctl", "--bare", "--columns=is_connected", "list", "Controller")
    deadline = time.monotonic() + _FACT_S
    while "true" in town.ovs.run(*words).split():
        if time.monotonic() > deadline:
            raise LabError("the controller was killed, and a switch is still connected to one")
        time.sleep(_POLL_S)
