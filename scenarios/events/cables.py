"""Cables are pulled and put into other people's ports: real ones, as a cleaner does it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from scenarios.events.stream_selection import Stream, Trio, half_posing, trios
from scenarios.events.trial import Event, Scene
from sekisho.model import Attachment, Label, Plan, PortRef
from topologies.network.interface_names import switch_interface

_HOLD_S = 1.0
_STRANGER = "02:ba:d0:00:00:01"


def _another(scene: Scene) -> Attachment:
    """Return a device on a cable that no stream needs; of the same class, if there is one."""
    trio = scene.trios[0]
    busy = {s.source.id for s in scene.base} | {t.target.id for t in scene.trios}
    free = [a for a in scene.plan.attachments if not a.air and a.id not in busy]
    return next((a for a in free if a.source == trio.permitted.source), free[0])


def _swapped(scene: Scene) -> list[Stream]:
    """What a swapped device says: as itself, and with an address that nobody has seen."""
    trio, other = scene.trios[0], _another(scene)
    return [
        scene.maker.opening(other, trio, posing=posing)
        for posing in (
            None,
            replace(other, mac=_STRANGER),
            replace(trio.permitted, mac=_STRANGER),
            half_posing(other, trio.permitted, what="ip"),
        )
    ]


@contextmanager
def _moved(scene: Scene, cable: str, home: PortRef, to: PortRef, out: str) -> Iterator[int]:
    """Pull two cables, and put one of them into the other's port, until the block ends.

    Args:
        scene: The scene.
        cable: The end that moves; *home* is its own port.
        home: Where it belongs.
        to: The port that it moves to.
        out: The end that belongs there, and lies loose meanwhile.
    """
    ovs = scene.town.ovs
    scene.ip("link", "set", out, "down")
    ovs.unplug(out)
    ovs.unplug(cable)
    ovs.plug(cable, to.switch, to.port)
    try:
        yield time.time_ns()
    finally:
        ovs.unplug(cable)
        ovs.plug(cable, home.switch, home.port)
        ovs.plug(out, to.switch, to.port)
        scene.ip("link", "set", out, "up")


def _revoke(scene: Scene, at: int, *who: str) -> None:
    """Say that no permitted stream from or to *who* is permitted any more."""
    for stream in scene.base:
        if stream.to and {stream.source.id, stream.to} & set(who):
            scene.revoked(stream, at)


def _swap(scene: Scene) -> None:
    trio, other, town = scene.trios[0], _another(scene), scene.town
    ends = town.switch_side(other), town.switch_side(trio.permitted)
    with _moved(scene, ends[0], other.at, trio.permitted.at, ends[1]) as at:
        scene.zero(at, f"{other.id}'s cable is in {trio.permitted.at}, {trio.permitted.id}'s out")
        _revoke(scene, at, trio.permitted.id)
        scene.speak("cable-swapped")
        time.sleep(_HOLD_S)
        scene.hush("cable-swapped")
        scene.given_back(time.time_ns())


def _air_pair(plan: Plan) -> tuple[Attachment, Attachment, Trio] | None:
    """A station, somebody on a cable who is let in where the station is not, and the trio."""
    for trio in trios(plan):
        stations = [a for a in plan.attachments if a.medium == "air" and a.registered]
        station = next((a for a in stations if a.site == trio.target.site), None) or next(
            iter(stations), None
        )
        if station is not None and not trio.permitted.air:
            return station, trio.permitted, trio
    return None


def _air_streams(scene: Scene) -> list[Stream]:
    """What stations say: as themselves, and halfway as the one whose port their air is in."""
    pair = _air_pair(scene.plan)
    assert pair is not None
    station, wired, trio = pair
    out = []
    for a in (a for a in scene.plan.attachments if a.air == station.air):
        out += [scene.maker.opening(a, trio), scene.maker.opening(a, _to_other(trio))]
        for what in ("mac", "ip"):
            out.append(scene.maker.opening(a, trio, posing=half_posing(a, wired, what=what)))
            target = half_posing(a, trio.target, what=what)
            out.append(scene.maker.opening(a, _to_other(trio), posing=target))
    return out


def _air_moved(scene: Scene) -> None:
    """The access point's cable goes into the permitted one's port, and then the target's."""
    pair = _air_pair(scene.plan)
    assert pair is not None
    station, wired, trio = pair
    uplink, town = switch_interface(station.at), scene.town
    own, its = town.switch_side(wired), town.switch_side(trio.target)
    with _moved(scene, uplink, station.at, wired.at, own) as at:
        scene.zero(at, f"{station.air}'s cable is in {wired.at}")
        _revoke(scene, at, wired.id)
        scene.speak("ap-in-wired-port")
        time.sleep(_HOLD_S)
        with _moved(scene, uplink, wired.at, trio.target.at, its) as then:
            _revoke(scene, then, trio.target.id)
            scene.note(
                f"続いて {trio.target.id} の口 {trio.target.at} へ",
                f"then in {trio.target.at}, where {trio.target.id} belongs",
            )
            time.sleep(_HOLD_S)
            scene.hush("ap-in-wired-port")
            scene.given_back(time.time_ns())


def _wired_moved(scene: Scene) -> None:
    """The permitted one's cable goes into the access point's port."""
    pair = _air_pair(scene.plan)
    assert pair is not None
    station, wired, _ = pair
    own, uplink = scene.town.switch_side(wired), switch_interface(station.at)
    with _moved(scene, own, wired.at, station.at, uplink) as at:
        scene.zero(at, f"{wired.id}'s cable is in the port of {station.air}, {station.at}")
        _revoke(scene, at, wired.id)
        scene.speak("wired-in-ap-port")
        time.sleep(_HOLD_S)
        scene.hush("wired-in-ap-port")
        scene.given_back(time.time_ns())


def _to_other(trio: Trio) -> Trio:
    """The same towards the permitted one."""
    return replace(trio, target=trio.permitted)


def _wired_in_air_port(scene: Scene) -> list[Stream]:
    """What a wired device says there: as itself, and halfway as a station."""
    pair = _air_pair(scene.plan)
    assert pair is not None
    station, wired, trio = pair
    halves = [half_posing(wired, station, what=what) for what in ("mac", "ip")]
    return [scene.maker.opening(wired, trio, posing=who) for who in (None, *halves)]


def _no_air(plan: Plan) -> Label | None:
    if _air_pair(plan):
        return None
    return Label("計画に無線のアクセスポイントがない", "the plan has no access point")


def _no_spare(plan: Plan) -> Label | None:
    found = trios(plan)
    busy = {a.id for t in found for a in (t.permitted, t.forbidden, t.target)}
    spare = any(not a.air and a.id not in busy for a in plan.attachments)
    is_wired = bool(found) and not found[0].permitted.air
    if spare and is_wired:
        return None
    return Label("差し替えられる線がない", "no cable can be swapped")


EVENTS = (
    Event(
        "cable-swapped", Label("差し替え(別の機器)", "Another PC in its place"), "WL-05 MN-02",
        _swap, _swapped, _no_spare, True,
    ),
    Event(
        "ap-in-wired-port", Label("APの線を有線の口へ", "An access point's cable in a wired port"),
        "WL-02", _air_moved, _air_streams, _no_air, True,
    ),
    Event(
        "wired-in-ap-port", Label("有線の線をAPの口へ", "A wired cable in an access point's port"),
        "WL-02", _wired_moved, _wired_in_air_port, _no_air, True,
    ),
)  # fmt: skip
