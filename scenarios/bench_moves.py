"""``python -m scenarios.bench_moves PLAN --folder RUN``: ports moved while the town works.

Runs inside the namespaces of one run. A process of its own sends a thousand frames a second from
the port that is moved, in its old name and in its new one, and as many from other ports; the port
is moved to and fro over HTTP all the while. When a change was in force is read from the frames:
the last one of the old name that arrived, and the first one of the new.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from scenarios.events.choose import Maker, Stream, Trio
from scenarios.events.streams import Heard, Streams
from scenarios.frames import Fields
from scenarios.inspection import say
from scenarios.ring import Ring
from scenarios.wire import Place, Wire
from sekisho.errors import SekishoError
from sekisho.flow import TCP_SYN
from sekisho.model import Attachment, Plan, Protocol
from sekisho.plan import load
from sekisho.policy import Policy
from sekisho.resegment import RefusedError, asked
from topologies.inside import inside
from topologies.stage import Stage
from topologies.town import Town

_MS = 1_000_000
_OTHERS = 8  # ports besides the moved one, a thousand frames a second each
_EVERY_S = 0.08  # from one change to the next
_CALM_S = 1.0
_RUN = 0x5E4B
_SPORT = 40001
_START_S = 30.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What is moved, and what is asked for before and after.

    Attributes:
        port: The port.
        to: Where it goes.
        old: The terminal as the plan has it, and its new self.
        before: What only the old self may open.
        after: What only the new self may open, or the old one if it may as well.
    """

    port: str
    to: str
    old: Attachment
    new: Attachment
    before: Trio
    after: Trio


def ground(plan: Plan) -> Ground:
    """Find a port whose move takes something away and leaves something else.

    Raises:
        SekishoError: The plan has none.
    """
    policy = Policy(plan)
    for a in plan.attachments:
        for zone in plan.zones:
            try:
                (move,) = asked(plan, [str(a.at)], zone.id)
            except RefusedError:
                continue
            new = replace(
                a,
                zone=move.zone,
                source=move.source,
                destination=move.destination,
                ip=IPv4Address(move.ip),
            )
            lost = _open(policy, a, new)
            kept = _open(policy, new, None)
            if lost and kept and a.registered:
                return Ground(str(a.at), zone.id, a, new, lost, kept)
    raise SekishoError(f"{plan.path}: no port to move")


def _open(policy: Policy, who: Attachment, unlike: Attachment | None) -> Trio | None:
    """Something over TCP on another switch that *who* may open, and *unlike* may not."""
    for b in policy.plan.attachments:
        if b.at.switch == who.at.switch or b.device == who.device:
            continue
        for name in policy.plan.device[b.device].services:
            service = policy.plan.service[name]
            if service.protocol is not Protocol.TCP:
                continue
            edge = service.edges()[0]
            found = policy.permission(who, b, service.protocol, edge)
            if found and not (unlike and policy.permission(unlike, b, service.protocol, edge)):
                return Trio(who, who, b, service.protocol, edge, found[0].id)
    return None


class Earshot(Wire):
    """The wire of a few attachments alone: what a stopwatch needs, and no more."""

    def __init__(self, town: Town, names: set[str]) -> None:
        super().__init__(town)
        self._names = names
        self._mouths: dict[int, socket.socket] = {}

    def __enter__(self) -> Earshot:
        for position, a in enumerate(self._town.plan.attachments):
            if a.id in self._names:
                name = self._town.interface(a)
                with inside(self._town.pid(a)):
                    self.rings[Place("attachment", a.id)] = Ring(name, slots=1 << 14)
                    mouth = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
                mouth.bind((name, 0))
                self._mouths[position] = mouth
        return self

    def send(self, frames: Any) -> None:
        """Send without looking at the switches' sockets: some thousand frames a second fit."""
        for position, frame in frames:
            self._mouths[position].send(frame)


def streams(plan: Plan, here: Ground, length: int) -> tuple[list[Stream], list[Stream]]:
    """Return the moved port's two streams, and those of other ports."""
    maker, policy = Maker(plan, run=_RUN, length=length), Policy(plan)
    own = [
        _talking(maker, plan, here.old, here.old, here.before),
        _talking(maker, plan, here.old, here.new, here.after),
    ]
    others: list[Stream] = []
    near = [a for a in plan.attachments if a.at.switch == here.old.at.switch]
    for a in [*near, *plan.attachments]:
        trio = _open(policy, a, None) if a.registered and a.at != here.old.at else None
        if trio and a.id not in {s.source.id for s in others} and len(others) < _OTHERS:
            others.append(_talking(maker, plan, a, a, trio))
    return own, others


def _talking(maker: Maker, plan: Plan, mouth: Attachment, who: Attachment, trio: Trio) -> Stream:
    """A stream of one conversation, as a call is: from *mouth*, in the name of *who*."""
    target = trio.target
    fields = Fields(plan.router_mac, who.mac, who.ip, target.ip, _SPORT, trio.port, TCP_SYN)
    words = f"{who.id} to {target.id} tcp/{trio.port}"
    return maker.raw(mouth, "tcp", fields, words=words, to=target.id)


def watch(town: Town, own: list[Stream], others: list[Stream], pipe: tuple[int, int]) -> None:
    """Be the stopwatch: send and hear until told to stop, then say what was heard."""
    read, write = pipe
    every = [*own, *others]
    names = {s.source.id for s in every} | {s.to for s in every}
    with Earshot(town, names) as wire:
        sender = Streams(wire, town.plan, every, run=_RUN, kinds=1)
        with sender:
            os.write(write, b"{}\n")
            os.read(read, 1)
        told = {
            "own": [_told(sender.heard[s.number]) for s in own],
            "others": [_counted(sender.heard[s.number]) for s in others],
            "dropped": sum(wire.dropped.values()),
            "trouble": sender.trouble,
        }
    data = json.dumps(told).encode()
    os.write(write, str(len(data)).encode() + b"\n")
    while data:
        data = data[os.write(write, data) :]


def _told(heard: Heard) -> dict[str, Any]:
    return {"sent": heard.sent, "arrived": [[at, token] for at, token in heard.arrived]}


def _counted(heard: Heard) -> dict[str, int]:
    arrived = [token for _, token in heard.arrived]
    times = sorted(heard.sent.values())
    span = (times[-1] - times[0]) / 1e9 if len(times) > 1 else 1
    return {
        "sent": len(heard.sent),
        "lost": len(set(heard.sent) - set(arrived)),
        "twice": len(arrived) - len(set(arrived)),
        "rate": round(len(times) / span),
    }


class Stopwatch:
    """The process that sends and hears."""

    def __init__(self, town: Town, own: list[Stream], others: list[Stream]) -> None:
        down, up = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                watch(town, own, others, (down[0], up[1]))
            finally:
                os._exit(0)
        self._tell, self._hear = down[1], os.fdopen(up[0], "rb")
        self._hear.readline()

    def stop(self) -> dict[str, Any]:
        """End the streams and return what was heard."""
        os.write(self._tell, b"x")
        size = int(self._hear.readline())
        found: dict[str, Any] = json.loads(self._hear.read(size))
        os.waitpid(self.pid, 0)
        return found


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


def played(town: Town, here: Ground, count: int) -> dict[str, Any]:
    """Move the port to and fro *count* times, and return the figures."""
    length = int((count * (_EVERY_S + 0.1) + 2 * _CALM_S + 5) * 1000)
    own, others = streams(town.plan, here, length)
    clock = Stopwatch(town, own, others)
    calls: list[tuple[int, int]] = []
    touched = []
    stage = Stage(town)
    stage.open()
    with api(town) as desk:
        time.sleep(_CALM_S)
        number = 0
        for n in range(count):
            began = time.time_ns()
            if n % 2 == 0:
                done = desk.post("/api/changes", {"ports": [here.port], "to": here.to})
                number = int(done["number"])
            else:
                done = desk.post(f"/api/changes/{number}/undo", {})
            calls.append((began, time.time_ns()))
            touched.append(sum(map(sum, done["touched"].values())))
            time.sleep(_EVERY_S)
        time.sleep(_CALM_S)
    stage.check()
    heard = clock.stop()
    stage.close()
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
    return {
        "in_force_ms": spread(in_force),
        "answered_ms": spread(answered),
        "late": late,
        "silent": silent,
        "others": {
            "ports": len(heard["others"]),
            "rate": min(o["rate"] for o in heard["others"]),
            "sent": sum(o["sent"] for o in heard["others"]),
            "lost": sum(o["lost"] for o in heard["others"]),
            "twice": sum(o["twice"] for o in heard["others"]),
        },
        "dropped": heard["dropped"],
        "trouble": heard["trouble"],
    }


def spread(values: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and extremes, in the unit of *values*."""
    hundredths = quantiles(values, n=100, method="inclusive") if len(values) > 1 else values * 99
    return {
        "p50": round(median(values), 2),
        "p99": round(hundredths[98], 2),
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def main() -> int:
    """Read the command line, measure, say the figures."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench_moves", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    args = parser.parse_args()
    try:
        plan = load(args.plan)
        here = ground(plan)
        with Town(plan, folder=args.folder, work=Path("/run/sekisho")) as town:
            town.await_in_force()
            say(moves=played(town, here, args.count), exit=0, end=True)
    except SekishoError as error:
        say(error=str(error), exit=error.exit_code)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
