"""``python -m scenarios.bench.moves PLAN --folder RUN``: ports moved while the town works.

Runs inside the namespaces of one run. A process of its own sends a thousand frames a second from
the port that is moved, in its old name and in its new one, and as many from other ports; the port
is moved to and fro over HTTP all the while. When a change was in force is read from the frames:
the last one of the old name that arrived, and the first one of the new.
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from scenarios.bench.stopwatch import MeasuredMove, Stopwatch, measured_move, streams
from sekisho.errors import SekishoError
from sekisho.plan import load
from sekisho.runtime.child import ended
from topologies.control_server import ControlServer
from topologies.town import Town

_MS = 1_000_000
_EVERY_S = 0.08  # from one change to the next
_SLOWEST_S = 0.4  # so long may a change take on the average before frames run out
_CALM_S = 1.0
_START_S = 30.0
_OTHERS = 8
_RESTART_FRAMES = 30000


@contextmanager
def api(town: Town) -> Iterator[Api]:
    """Serve the town's interface on this namespace's own loopback."""
    token, port = secrets.token_urlsafe(16), 8470
    file = town.folder / "log" / "token"
    file.write_text(token)
    words = [sys.executable, "-m", "sekisho.web", str(town.folder), f"--port={port}"]
    with (town.folder / "log" / "web.log").open("wb") as out:
        process = subprocess.Popen([*words, f"--token-file={file}"], stdout=out, stderr=out)
    try:
        yield Api(port, token)
    finally:
        process.terminate()
        process.wait(10)


class Api:
    """One kept connection to the interface."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self._connection.connect()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer.

        Raises:
            SekishoError: It is not 200.
        """
        self._connection.request("POST", path, json.dumps(body), self._headers)
        response = self._connection.getresponse()
        data: dict[str, Any] = json.loads(response.read())
        if response.status != http.HTTPStatus.OK:
            raise SekishoError(f"{path}: {response.status} {data}")
        return data


def played(town: Town, here: MeasuredMove, count: int, others_wanted: int) -> dict[str, Any]:
    """Move the port to and fro *count* times, and return the figures."""
    length = int((count * (_EVERY_S + _SLOWEST_S) + 2 * _CALM_S) * 1000)
    own, others = streams(town.plan, here, length, others_wanted)
    clock = Stopwatch(town, own, others)
    calls: list[tuple[int, int]] = []
    touched = []
    stage = ControlServer(town)
    stage.open()
    with api(town) as town_client:
        time.sleep(_CALM_S)
        number = 0
        for n in range(count):
            began = time.time_ns()
            if n % 2 == 0:
                done = town_client.post("/api/changes", {"ports": [here.port], "to": here.to})
                number = int(done["number"])
            else:
                done = town_client.post(f"/api/changes/{number}/undo", {})
            calls.append((began, time.time_ns()))
            touched.append(sum(map(sum, done["touched"].values())))
            time.sleep(_EVERY_S)
        time.sleep(_CALM_S)
    stage.check()
    heard = clock.stop()
    stage.close()
    if max(len(one["sent"]) for one in heard["own"]) >= length:
        raise SekishoError("the frames ran out before the last change: the machine is too busy")
    return {**figures(heard, calls), "touched": max(touched), "changes": count}


def figures(heard: dict[str, Any], calls: list[tuple[int, int]]) -> dict[str, Any]:
    """Return what the frames say of each change: when it was in force, and what came late."""
    in_force, answered, late, silent = [], [], 0, 0
    ends = [began for began, _ in calls[1:]] + [calls[-1][1] + int(_EVERY_S * 1e9)]
    for n, ((began, acknowledged), end) in enumerate(zip(calls, ends, strict=True)):
        leaving, coming = heard["own"][n % 2], heard["own"][1 - n % 2]
        sent = {int(token): at for token, at in leaving["sent"].items()}
        died = [at for at, _ in leaving["arrived"] if began < at < end]
        late += sum(
            sent.get(t, 0) > acknowledged for at, t in leaving["arrived"] if at < end and at > began
        )
        alive = [at for at, _ in coming["arrived"] if began < at < end]
        if not alive:
            silent += 1
            continue
        in_force.append((max(max(died, default=began), min(alive)) - began) / _MS)
        answered.append((acknowledged - began) / _MS)
    if not in_force:
        raise SekishoError("no change came into force on the wire")
    return {
        "in_force_ms": spread(in_force),
        "answered_ms": spread(answered),
        "late": late,
        "silent": silent,
        "others": _sum(heard["others"]),
        "dropped": heard["dropped"],
        "trouble": heard["trouble"],
    }


def _sum(others: list[dict[str, int]]) -> dict[str, int]:
    """Add up what became of the other ports' frames."""
    found = {key: sum(o[key] for o in others) for key in ("sent", "lost", "twice")}
    return {**found, "ports": len(others), "rate": min(o["rate"] for o in others)}


def spread(values: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and extremes, in the unit of *values*."""
    hundredths = quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
    return {
        "p50": round(median(values), 2),
        "p99": round(hundredths[98], 2),
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def batch(town: Town, times: int) -> dict[str, Any]:
    """Move every desk at once, and back, and return how long each took."""
    ports = [str(a.at) for a in town.plan.attachments if a.id.startswith("d")]
    stage = ControlServer(town)
    stage.open()
    took, touched = [], 0
    with api(town) as town_client:
        for _ in range(times):
            began = time.monotonic()
            done = town_client.post("/api/changes", {"ports": ports, "to": "spare"})
            took.append((time.monotonic() - began) * 1000)
            touched = sum(map(sum, done["touched"].values()))
            began = time.monotonic()
            town_client.post(f"/api/changes/{done['number']}/undo", {})
            took.append((time.monotonic() - began) * 1000)
    stage.check()
    stage.close()
    return {"ports": len(ports), "batch_ms": spread(took), "touched": touched}


def restarted(town: Town, here: MeasuredMove, times: int) -> dict[str, Any]:
    """Kill the controller and start it again while everybody works; return what was lost."""
    own, others = streams(town.plan, here, times * _RESTART_FRAMES, _OTHERS)
    clock = Stopwatch(town, own[:1], others)
    for _ in range(times):
        before = len(town.facts())
        town.end("controller", how=signal.SIGKILL)
        town.start_guard()
        town.wait_for("town-in-force", timeout_s=60, after=before)
        time.sleep(_CALM_S)
    heard = clock.stop()
    return {"times": times, "others": _sum(heard["others"])}


def main() -> int:
    """Read the command line, measure, say the figures."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.moves", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--what", choices=("moves", "batch", "restart"), default="moves")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--others", type=int, default=_OTHERS, help="ports that work meanwhile")
    args = parser.parse_args()
    return ended(lambda: {"found": _measured(args)})


def _measured(args: argparse.Namespace) -> dict[str, Any]:
    plan = load(args.plan)
    with Town(plan, folder=args.folder, work=Path("/run/sekisho")) as town:
        town.await_in_force()
        if args.what == "batch":
            return batch(town, args.count)
        if args.what == "restart":
            return restarted(town, measured_move(plan), args.count)
        return played(town, measured_move(plan), args.count, args.others)


if __name__ == "__main__":
    sys.exit(main())
