"""Play one event with a fault planted: ``python -m tests.live.disturbed FAULT EVENT PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_events`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scenarios.events.streams import Streams
from scenarios.run.chaos import Order, run
from sekisho.openflow.flow_dump import flows
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.hosts.compromised import CompromisedHost
from topologies.ovs.datapath_cache import DatapathCache
from topologies.town import LENIENT_GUARD, OWN_GUARD, Town

_LATE_S = 0.2


def nothing(town: Town) -> None:
    """No fault at all."""


def register_open(town: Town) -> None:
    """The forbidden stream's source is admitted as the permitted one."""
    lines = [line for line in flows(town.ovs.flows("floor")) if line.table == 0]
    own = next(x for x in lines if x.text.startswith("priority=200,ip,in_port=2,"))
    wired = next(x for x in lines if x.text.startswith("priority=200,ip,in_port=1,"))
    match = ",".join(own.conditions)
    flow = f"table=0,priority=201,{match},actions={wired.actions}"
    town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", "add-flow", "floor", flow)


def relay_dead(town: Town) -> None:
    """The relay on a captured device ends as soon as it listens."""
    start = CompromisedHost._start_relay

    def ending(self: CompromisedHost) -> None:
        start(self)
        town.end("captured")

    CompromisedHost._start_relay = ending  # type: ignore[method-assign]


def muted(town: Town) -> None:
    """No stream is ever sent."""
    Streams._send = lambda self: None  # type: ignore[method-assign]


def remembering(town: Town) -> None:
    """Switches go on with what they remember after a town was said to be in force."""
    start = town.start_guard
    held = ExitStack()

    def holding(plan: Path | None = None, **words: Any) -> None:
        held.enter_context(town.ovs.cache.following()).hold()
        start(plan, **words)

    def early(self: DatapathCache) -> None:
        threading.Timer(_LATE_S, held.close).start()

    town.start_guard = holding  # type: ignore[method-assign]
    DatapathCache.follow = early  # type: ignore[method-assign]


def standalone(town: Town) -> None:
    """Switches that go on by themselves when the controller is away too long."""
    for switch in town.plan.switches:
        town.ovs.run("ovs-vsctl", "set-fail-mode", switch.id, "standalone")


_STRAY = ("add-br", "stray", "--", "set", "Bridge", "stray", "fail_mode=secure")


def _when_it_ends(town: Town, *words: str) -> None:
    """Run ``ovs-vsctl`` as the first trial ends."""
    forget = town.ovs.flush_conntrack

    def forgetting() -> None:
        town.ovs.flush_conntrack = forget  # type: ignore[method-assign]
        forget()
        town.ovs.run("ovs-vsctl", *words)

    town.ovs.flush_conntrack = forgetting  # type: ignore[method-assign]


def bridge_before(town: Town) -> None:
    """A bridge that no plan has is there when the first event begins, and gone when it ends."""
    town.ovs.run("ovs-vsctl", *_STRAY)
    _when_it_ends(town, "del-br", "stray")


def bridge_left(town: Town) -> None:
    """The same comes while an event is played, and nobody takes it away."""
    _when_it_ends(town, *_STRAY)


FAULTS: dict[str, Callable[[Town], None]] = {
    f.__name__: f
    for f in (
        *(nothing, register_open, remembering, standalone, relay_dead, muted),
        *(bridge_before, bridge_left),
    )
}


def main() -> None:
    """Run and end with the run's exit status."""
    fault, event, plan, folder = sys.argv[1:5]
    guard = OWN_GUARD if fault == "nothing" else LENIENT_GUARD
    order = Order(repeat=1, only=(event,), guard=guard)
    sys.exit(run(load(Path(plan)), Path(folder), order, work=WORK, meddle=FAULTS[fault]))


if __name__ == "__main__":
    main()
