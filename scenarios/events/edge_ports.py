"""What happens at the edge: notebooks undock, somebody poses as somebody else, or as a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

from scenarios.events.stream_selection import Stream, spoofed, stream_targets, twin
from scenarios.events.trial import NEVER_BEGAN, Event, EventTrial
from scenarios.events.tried import after_the_end
from scenarios.probes.frames import Fields
from sekisho.model import Attachment, Label, Plan, Protocol
from sekisho.packet.packet import ARP_REPLY, TCP_ACK

_FLAPS = 50
_HOLD_S = 1.0
_PSH_ACK = TCP_ACK | 0x08  # RFC 9293, 3.1
_EVERYBODY = "ff:ff:ff:ff:ff:ff"


def _neighbour(trial: EventTrial) -> Attachment:
    """Return somebody at a port of the first stream target's switch whom no stream needs."""
    busy = {s.source.at for s in trial.base} | {t.target.at for t in trial.stream_targets}
    here = trial.stream_targets[0].permitted.at.switch
    free = [a for a in trial.plan.attachments if a.at not in busy]
    return next((a for a in free if a.at.switch == here), free[0])


def _flap(trial: EventTrial) -> None:
    side = trial.town.switch_side(_neighbour(trial))
    at = trial.ip("link", "set", side, "down")
    trial.zero(at, f"{side} is down")
    for _ in range(_FLAPS - 1):
        trial.ip("link", "set", side, "up")
        trial.ip("link", "set", side, "down")
    trial.ip("link", "set", side, "up")


def _posing_streams(trial: EventTrial, *, flags: Sequence[int]) -> list[Stream]:
    """The first stream target's device from its other interface: as itself, and as its twin."""
    stream_target = trial.stream_targets[0]
    own = twin(trial.plan, stream_target)
    streams = []
    for what in ("mac", "ip", "both"):
        posing = spoofed(own, stream_target.permitted, what=what)
        streams += [
            trial.maker.opening(own, stream_target, posing=posing, flags=f)
            for f in flags
            if stream_target.protocol is Protocol.TCP or f == flags[0]
        ]
    return [*streams, trial.maker.opening(own, stream_target)]


def _undock(trial: EventTrial) -> None:
    """The wire is pulled from under an open conversation; the other interface tries to go on."""
    stream_target = trial.stream_targets[0]
    side = trial.town.switch_side(stream_target.permitted)
    with trial.conversation(stream_target) as conn:
        if not conn.answers():
            trial.broken(NEVER_BEGAN)
        at = trial.ip("link", "set", side, "down")
        try:
            trial.zero(at, f"{side} is down")
            for stream in trial.base:
                if stream.source == stream_target.permitted and stream.to:
                    trial.revoked(stream, at)
            trial.speak("undocked")
            time.sleep(_HOLD_S)
            is_alive = conn.answers()
            trial.tell(after_the_end(stream_target, is_alive=is_alive))
            if is_alive:
                trial.leak("the open conversation went on without its cable")
        finally:
            trial.given_back(time.time_ns())
            trial.ip("link", "set", side, "up")


def _stand(how: str) -> Callable[[EventTrial], None]:
    def play(trial: EventTrial) -> None:
        trial.zero(time.time_ns(), how)
        time.sleep(_HOLD_S)

    return play


def _rogue_dhcp(trial: EventTrial) -> list[Stream]:
    out = []
    for stream_target in trial.stream_targets:
        source, ip = stream_target.forbidden, stream_target.forbidden.ip
        offer = Fields(_EVERYBODY, source.mac, ip, IPv4Address("255.255.255.255"), 67, 68)
        words = f"{source.id} offers addresses"  # RFC 2131, 4.1
        out.append(trial.maker.raw(source, "udp", offer, words=words))
    return out


def _rogue_gateway(trial: EventTrial) -> list[Stream]:
    """Announcements in the gateway's name, as a reply and as a request (RFC 5227, 3)."""
    out = []
    for stream_target in trial.stream_targets:
        source = stream_target.forbidden
        gateway = trial.plan.gateway(source)
        for operation in (ARP_REPLY, 1):
            fields = Fields(_EVERYBODY, source.mac, gateway, gateway, 0, 0, operation)
            words = f"{source.id} announces {gateway}, operation {operation}"
            out.append(trial.maker.raw(source, "arp", fields, words=words))
    return out


def _no_twin(plan: Plan) -> Label | None:
    first = next(iter(stream_targets(plan)), None)
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
