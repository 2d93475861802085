"""Through the shared thing: a captured device carries on what reaches it, on every leg.

While somebody uses the device as he may, it forwards (the kernel's own forwarding is switched
on, and its settings are read back before and after) and sends on to everybody whom it may not
open itself: in its own name, and with the user's addresses left as they were, as a router or a
bridge between its legs would. All of that must die; what the plan permits the device itself is
not sent, and is the business of ``sekisho plan relays``.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scenarios.events.choose import Stream, Trio
from scenarios.events.scene import Event, Scene
from scenarios.frames import Fields
from sekisho.flow import TCP_SYN
from sekisho.model import Attachment, Device, Label, Plan, Protocol
from sekisho.policy import Policy
from topologies.inside import inside

_HOLD_S, _CONNECT_S = 0.8, 0.3
_TRIED = 4  # real connections that a captured device attempts
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def user_of(plan: Plan, device: Device) -> Trio | None:
    """Return the first who may open something on *device*, and what."""
    policy = Policy(plan)
    for leg in device.attachments:
        for name in device.services:
            service = plan.service[name]
            port = service.edges()[0]
            for a in plan.attachments:
                found = policy.permission(a, leg, service.protocol, port)
                if found and a.registered and leg.registered and a.device != device.id:
                    return Trio(a, leg, leg, service.protocol, port, found[0].id)
    return None


def beyond(plan: Plan, leg: Attachment) -> list[tuple[Attachment, int]]:
    """Return, one a class, whom *leg* may not open, with a TCP port that answers."""
    policy, out = Policy(plan), dict[str, tuple[Attachment, int]]()
    for b in plan.attachments:
        for name in plan.device[b.device].services:
            service = plan.service[name]
            port = service.edges()[0]
            may = policy.permission(leg, b, service.protocol, port)
            if service.protocol is Protocol.TCP and not may and b.device != leg.device:
                out.setdefault(b.destination, (b, port))
    return list(out.values())


def _streams(device: Device) -> Callable[[Scene], Sequence[Stream]]:
    def extra(scene: Scene) -> list[Stream]:
        use = user_of(scene.plan, device)
        assert use is not None
        out = [scene.maker.opening(use.permitted, use, to=use.target.id)]
        for leg in device.attachments:
            targets = beyond(scene.plan, leg)
            for who, words in ((leg, "in its own name"), (use.permitted, "unchanged")):
                each = [
                    Fields(scene.plan.router_mac, leg.mac, who.ip, b.ip, 0, port, TCP_SYN)
                    for b, port in targets
                ]
                if each:
                    name = f"{leg.id} sends on {words}"
                    out.append(scene.maker.mixed(leg, "tcp", each, words=name))
        return out

    return extra


def _play(device: Device) -> Callable[[Scene], None]:
    def play(scene: Scene) -> None:
        before = _forwarding(scene, device, "1")
        try:
            scene.zero(time.time_ns(), f"{device.id} reads back ip_forward=1")
            for leg in device.attachments:
                for b, port in beyond(scene.plan, leg)[:_TRIED]:
                    if _connects(scene, leg, b, port):
                        scene.leak(f"{leg.id} has opened {b.id} tcp/{port}")
            time.sleep(_HOLD_S)
        finally:
            if _forwarding(scene, device, before) != "1":
                scene.broken("forwarding was not on to the end")

    return play


def _forwarding(scene: Scene, device: Device, value: str) -> str:
    """Set the kernel's forwarding on *device*, prove it, and return what it was."""
    with inside(scene.town.pid(device.attachments[0])):
        before = _FORWARDING.read_text().strip()
        _FORWARDING.write_text(value)
        if _FORWARDING.read_text().strip() != value:
            scene.broken(f"{device.id} does not take ip_forward={value}")
    return before


def _connects(scene: Scene, leg: Attachment, b: Attachment, port: int) -> bool:
    """Try to open a real connection from *leg*, as a proxy on it would."""
    with inside(scene.town.pid(leg)):
        client = socket.socket()
    with client:
        name = scene.town.interface(leg).encode()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        client.settimeout(_CONNECT_S)
        return client.connect_ex((str(b.ip), port)) == 0


def events(plan: Plan) -> list[Event]:
    """Return one event for each device that others may use."""
    return [
        Event(
            f"relay:{d.id}",
            Label(f"中継に使われる {d.label.ja}", f"Captured and relaying: {d.label.en}"),
            "FX-01 FX-02 PR-02 B4-02",
            _play(d),
            _streams(d),
        )
        for d in plan.devices
        if d.services and user_of(plan, d) is not None
    ]
