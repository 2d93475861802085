"""A stopwatch for moved ports: frames of two identities, sent and heard by a process of its own.

Knows which port of a plan is worth moving, and what to send from it meanwhile; what was heard comes
back as times, and nothing is judged.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any

from scenarios.capture.packet_io import Wire
from scenarios.events.stream_selection import Stream, StreamBuilder, StreamTarget
from scenarios.events.streams import Heard, Streams
from scenarios.probes.frames import Fields
from sekisho.errors import SekishoError
from sekisho.model import Attachment, Plan, Protocol
from sekisho.packet.packet import TCP_SYN
from sekisho.policy.evaluate import Policy
from sekisho.resegment.validation import RefusedError, plan_moves
from topologies.town import Town

_RUN = 0x5E4B
_SPORT = 40001


@dataclass(frozen=True, slots=True)
class MeasuredMove:
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
    before: StreamTarget
    after: StreamTarget


def measured_move(plan: Plan) -> MeasuredMove:
    """Find a port whose move takes something away and leaves something else.

    Raises:
        SekishoError: The plan has none.
    """
    policy = Policy(plan)
    for a in plan.attachments:
        for zone in plan.zones:
            try:
                (move,) = plan_moves(plan, [str(a.at)], zone.id)
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
                return MeasuredMove(str(a.at), zone.id, a, new, lost, kept)
    raise SekishoError(f"{plan.path}: no port to move")


def _open(policy: Policy, who: Attachment, unlike: Attachment | None) -> StreamTarget | None:
    """Something over TCP on another switch that *who* may open, and *unlike* may not."""
    for b in policy.plan.attachments:
        if b.at.switch == who.at.switch or b.device == who.device:
            continue
        for name in b.services:
            service = policy.plan.service[name]
            if service.protocol is not Protocol.TCP:
                continue
            edge = service.edges()[0]
            found = policy.permission(who, b, service.protocol, edge)
            if found and not (unlike and policy.permission(unlike, b, service.protocol, edge)):
                return StreamTarget(who, who, b, service.protocol, edge, found[0].id)
    return None


class Earshot(Wire):
    """The wire of a few attachments alone: what a stopwatch needs, and no more."""

    def __init__(self, town: Town, names: set[str]) -> None:
        super().__init__(town)
        self._names = names

    def __enter__(self) -> Earshot:
        for position, attachment in enumerate(self._town.plan.attachments):
            if attachment.id in self._names:
                self._open_host(position, attachment, slots=1 << 14)
        return self


def streams(
    plan: Plan, here: MeasuredMove, length: int, others_wanted: int
) -> tuple[list[Stream], list[Stream]]:
    """Return the moved port's two streams, and those of at most *others_wanted* other ports."""
    maker, policy = StreamBuilder(plan, run=_RUN, length=length), Policy(plan)
    own = [
        _talking(maker, plan, here.old, here.old, here.before),
        _talking(maker, plan, here.old, here.new, here.after),
    ]
    others: list[Stream] = []
    near = [a for a in plan.attachments if a.at.switch == here.old.at.switch]
    for a in [*near, *plan.attachments]:
        stream_target = _open(policy, a, None) if a.registered and a.at != here.old.at else None
        if (
            stream_target
            and a.id not in {s.source.id for s in others}
            and len(others) < others_wanted
        ):
            others.append(_talking(maker, plan, a, a, stream_target))
    return own, others


def _talking(
    maker: StreamBuilder,
    plan: Plan,
    speaker: Attachment,
    who: Attachment,
    stream_target: StreamTarget,
) -> Stream:
    """A stream of one conversation, as a call is: from *speaker*, in the name of *who*."""
    target = stream_target.target
    fields = Fields(
        plan.router_mac, who.mac, who.ip, target.ip, _SPORT, stream_target.port, TCP_SYN
    )
    words = f"{who.id} to {target.id} tcp/{stream_target.port}"
    return maker.raw(speaker, "tcp", fields, words=words, to=target.id)


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
