"""What is remembered of old rules: ``python -m tests.live.remembered PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_caches`: a port is moved to and fro
while it sends a thousand frames a second in its old name and in its new one; once as the product
does it, and once by somebody who acknowledges without having waited for the caches.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from scenarios.bench.moves import figures
from scenarios.bench.stopwatch import MeasuredMove, Stopwatch, measured_move, streams
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.control_server import guarded
from topologies.ovs.daemon import ALLOCATOR
from topologies.ovs.datapath_cache import Following
from topologies.town import Town

_CHANGES = 6
_CALM_S = 0.3
_LATE_S = 0.1  # so long the planted fault leaves what is remembered as it was
_LENGTH = 12_000


def moved(town: Town, here: MeasuredMove) -> dict[str, Any]:
    """Move the port to and fro, and return what the frames say."""
    own, others = streams(town.plan, here, _LENGTH, 2)
    clock = Stopwatch(town, own, others)
    time.sleep(_CALM_S)
    calls: list[tuple[int, int]] = []
    number = 0
    for n in range(_CHANGES):
        began = time.time_ns()
        request = {"op": "undo", "number": number} if n % 2 else _change(here)
        number = int(guarded(town, request)["number"])
        calls.append((began, time.time_ns()))
        time.sleep(_CALM_S)
    return figures(clock.stop(), calls)


def _change(here: MeasuredMove) -> dict[str, Any]:
    return {"op": "change", "ports": [here.port], "to": here.to, "by": "test"}


def plant() -> None:
    """Let a change be acknowledged while the revalidator still has to go through what it meant."""
    hold, let_go = Following.hold, Following.resume

    def once(following: Following) -> None:
        if following._door is None:
            hold(following)

    def late(following: Following) -> None:
        threading.Timer(_LATE_S, let_go, (following,)).start()

    Following.hold = once  # type: ignore[method-assign,assignment]
    Following.wait_for_round = lambda _: None  # type: ignore[method-assign,assignment]
    Following.resume = late  # type: ignore[method-assign,assignment]


def main() -> None:
    """Play both, and print them."""
    plan, folder = load(Path(sys.argv[1])), Path(sys.argv[2])
    with Town(plan, folder=folder, work=WORK) as town:
        town.await_in_force()
        maps = Path(f"/proc/{town.ovs.pids()[-1]}/maps").read_text("utf-8")
        out = {"allocator": ALLOCATOR in maps, "as it is": moved(town, measured_move(plan))}
        plant()
        out["planted"] = moved(town, measured_move(plan))
        time.sleep(2 * _LATE_S)
        town.check()
    sys.stdout.write(json.dumps(out))


if __name__ == "__main__":
    main()
