"""What happens at the edge: notebooks undock, somebody poses as somebody else, or as a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

from scenarios.events.stream_selection import Stream, half_posing, trios, twin
from scenarios.events.trial import NEVER_BEGAN, Event, Scene
from scenarios.events.tried import after_the_end
from scenarios.probes.frames import Fields
from sekisho.model import Attachment, Label, Plan, Protocol
from sekisho.packet.packet import ARP_REPLY, TCP_ACK

_FLAPS = 50
_HOLD_S = 1.0
_PSH_ACK = TCP_ACK | 0x08  # RFC 9293, 3.1
_EVERYBODY = "ff:ff:ff:ff:ff:ff"


def _neighbour(scene: Scene) -> Attachment:
    """Return somebody at a port of the first trio's switch whom no stream needs."""
    busy = {s.source.at for s in scene.base} | {t.target.at for t in scene.trios}
    here = scene.trios[0].permitted.at.switch
    free = [a for a in scene.plan.attachments if a.at not in busy]
    return next((a for a in free if a.at.switch == here), free[0])


def _flap(scene: Scene) -> None:
    side = scene.town.switch_side(_neighbour(scene))
    at = scene.ip("link", "set", side, "down")
    scene.zero(at, f"{side} is down")
    for _ in range(_FLAPS - 1):
        scene.ip("link", "set", side, "up")
        scene.ip("link", "set", side, "down")
    scene.ip("link", "set", side, "up")


def _posing_streams(scene: Scene, *, flags: Sequence[int]) -> list[Stream]:
    """The first trio's device from its other interface: as itself, and as its wired twin."""
    trio = scene.trios[0]
    own = twin(scene.plan, trio)
    streams = []
    for what in ("mac", "ip", "both"):
        posing = half_posing(own, trio.permitted, what=what)
        streams += [
            scene.maker.opening(own, trio, posing=posing, flags=f)
            for f in flags
            if trio.protocol is Protocol.TCP or f == flags[0]
        ]
    return [*streams, scene.maker.opening(own, trio)]


def _undock(scene: Scene) -> None:
    """The wire is pulled from under an open conversation; the other interface tries to go on."""
    trio = scene.trios[0]
    side = scene.town.switch_side(trio.permitted)
    with scene.conversation(trio) as talk:
        if not talk.answers():
            scene.broken(NEVER_BEGAN)
        at = scene.ip("link", "set", side, "down")
        try:
            scene.zero(at, f"{side} is down")
            for stream in scene.base:
                if stream.source == trio.permitted and stream.to:
                    scene.revoked(stream, at)
            scene.speak("undocked")
            time.sleep(_HOLD_S)
            is_alive = talk.answers()
            scene.tell(after_the_end(trio, is_alive=is_alive))
            if is_alive:
                scene.leak("the open conversation went on without its cable")
        finally:
            scene.given_back(time.time_ns())
            scene.ip("link", "set", side, "up")


def _stand(how: str) -> Callable[[Scene], None]:
    def play(scene: Scene) -> None:
        scene.zero(time.time_ns(), how)
        time.sleep(_HOLD_S)

    return play


def _rogue_dhcp(scene: Scene) -> list[Stream]:
    out = []
    for trio in scene.trios:
        source, ip = trio.forbidden, trio.forbidden.ip
        offer = Fields(_EVERYBODY, source.mac, ip, IPv4Address("255.255.255.255"), 67, 68)
        words = f"{source.id} offers addresses"  # RFC 2131, 4.1
        out.append(scene.maker.raw(source, "udp", offer, words=words))
    return out


def _rogue_gateway(scene: Scene) -> list[Stream]:
    """Announcements in the gateway's name, as a reply and as a request (RFC 5227, 3)."""
    out = []
    for trio in scene.trios:
        source = trio.forbidden
        gateway = scene.plan.gateway(source)
        for operation in (ARP_REPLY, 1):
            fields = Fields(_EVERYBODY, source.mac, gateway, gateway, 0, 0, operation)
            words = f"{source.id} announces {gateway}, operation {operation}"
            out.append(scene.maker.raw(source, "arp", fields, words=words))
    return out


def _no_twin(plan: Plan) -> Label | None:
    first = next(iter(trios(plan)), None)
    alone = first is None or len(plan.device[first.permitted.device].attachments) < 2
    if not alone:
        return None
    return Label("機器の接続口が一つしかない", "the device has one interface only")


EVENTS = (
    Event(
        "port-flapping", Label("ポートの断続50回", "An edge port flaps 50 times"), "RT-02",
        _flap,
    ),
    Event(
        "undocked", Label("通信中に有線を抜き無線へ", "Undocked with a session open, on to Wi-Fi"),
        "RT-03 MN-07", _undock, lambda s: _posing_streams(s, flags=(2, _PSH_ACK)), _no_twin, True,
    ),
    Event(
        "docked-and-wireless",
        Label("有線と無線の同時接続・なりすまし", "Docked and on Wi-Fi at once, posing"),
        "RT-06 MN-07", _stand("both interfaces are up"),
        lambda s: _posing_streams(s, flags=(2, _PSH_ACK)), _no_twin,
    ),
    Event(
        "rogue-dhcp", Label("偽のアドレス配布", "Rogue DHCP server"), "RT-04",
        _stand("offers enter at an edge port"), _rogue_dhcp,
    ),
    Event(
        "rogue-gateway", Label("偽のゲートウェイ", "Rogue gateway"), "RT-04",
        _stand("announcements enter at an edge port"), _rogue_gateway,
    ),
)  # fmt: skip
