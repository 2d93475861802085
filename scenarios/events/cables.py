"""Cables are pulled and put into other people's ports: real ones, as a cleaner does it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from scenarios.events.stream_selection import Stream, StreamTarget, spoofed, stream_targets
from scenarios.events.trial import Event, EventTrial
from sekisho.model import Attachment, Label, Plan, PortRef
from topologies.network.interface_names import switch_interface

_HOLD_S = 1.0
_STRANGER = "02:ba:d0:00:00:01"


def _another(trial: EventTrial) -> Attachment:
    """Return a device on a cable that no stream needs; of the same class, if there is one."""
    stream_target = trial.stream_targets[0]
    busy = {s.source.id for s in trial.base} | {t.target.id for t in trial.stream_targets}
    free = [a for a in trial.plan.attachments if not a.air and a.id not in busy]
    return next((a for a in free if a.source == stream_target.permitted.source), free[0])


def _swapped(trial: EventTrial) -> list[Stream]:
    """What a swapped device says: as itself, and with an address that nobody has seen."""
    stream_target, other = trial.stream_targets[0], _another(trial)
    return [
        trial.maker.opening(other, stream_target, posing=posing)
        for posing in (
            None,
            replace(other, mac=_STRANGER),
            replace(stream_target.permitted, mac=_STRANGER),
            spoofed(other, stream_target.permitted, what="ip"),
        )
    ]


@contextmanager
def _moved(trial: EventTrial, cable: str, home: PortRef, to: PortRef, out: str) -> Iterator[int]:
    """Pull two cables, and put one of them into the other's port, until the block ends.

    Args:
        trial: The trial.
        cable: The end that moves; *home* is its own port.
        home: Where it belongs.
        to: The port that it moves to.
        out: The end that belongs there, and lies loose meanwhile.
    """
    ovs = trial.town.ovs
    trial.ip("link", "set", out, "down")
    ovs.del_port(out)
    ovs.del_port(cable)
    ovs.plug(cable, to.switch, to.port)
    try:
        yield time.time_ns()
    finally:
        ovs.del_port(cable)
        ovs.plug(cable, home.switch, home.port)
        ovs.plug(out, to.switch, to.port)
        trial.ip("link", "set", out, "up")


def _revoke(trial: EventTrial, at: int, *who: str) -> None:
    """Say that no permitted stream from or to *who* is permitted any more."""
    for stream in trial.base:
        if stream.to and {stream.source.id, stream.to} & set(who):
            trial.revoked(stream, at)


def _swap(trial: EventTrial) -> None:
    stream_target, other, town = trial.stream_targets[0], _another(trial), trial.town
    ends = town.switch_side(other), town.switch_side(stream_target.permitted)
    with _moved(trial, ends[0], other.at, stream_target.permitted.at, ends[1]) as at:
        trial.zero(
            at,
            f"{other.id}'s cable is in {stream_target.permitted.at}, "
            f"{stream_target.permitted.id}'s out",
        )
        _revoke(trial, at, stream_target.permitted.id)
        trial.speak("cable-swapped")
        time.sleep(_HOLD_S)
        trial.stop_streams("cable-swapped")
        trial.given_back(time.time_ns())


def _air_pair(plan: Plan) -> tuple[Attachment, Attachment, StreamTarget] | None:
    """A station, somebody on a cable who is let in where it is not, and the stream target."""
    for stream_target in stream_targets(plan):
        stations = [a for a in plan.attachments if a.medium == "air" and a.registered]
        station = next((a for a in stations if a.site == stream_target.target.site), None) or next(
            iter(stations), None
        )
        if station is not None and not stream_target.permitted.air:
            return station, stream_target.permitted, stream_target
    return None


def _air_streams(trial: EventTrial) -> list[Stream]:
    """What stations say: as themselves, and halfway as the one whose port their air is in."""
    pair = _air_pair(trial.plan)
    assert pair is not None
    station, wired, stream_target = pair
    out = []
    for a in (a for a in trial.plan.attachments if a.air == station.air):
        out += [
            trial.maker.opening(a, stream_target),
            trial.maker.opening(a, _to_other(stream_target)),
        ]
        for what in ("mac", "ip"):
            out.append(trial.maker.opening(a, stream_target, posing=spoofed(a, wired, what=what)))
            target = spoofed(a, stream_target.target, what=what)
            out.append(trial.maker.opening(a, _to_other(stream_target), posing=target))
    return out


def _air_moved(trial: EventTrial) -> None:
    """The access point's cable goes into the permitted one's port, and then the target's."""
    pair = _air_pair(trial.plan)
    assert pair is not None
    station, wired, stream_target = pair
    uplink, town = switch_interface(station.at), trial.town
    own, its = town.switch_side(wired), town.switch_side(stream_target.target)
    with _moved(trial, uplink, station.at, wired.at, own) as at:
        trial.zero(at, f"{station.air}'s cable is in {wired.at}")
        _revoke(trial, at, wired.id)
        trial.speak("ap-in-wired-port")
        time.sleep(_HOLD_S)
        with _moved(trial, uplink, wired.at, stream_target.target.at, its) as then:
            _revoke(trial, then, stream_target.target.id)
            trial.note(
                f"続いて {stream_target.target.id} の口 {stream_target.target.at} へ",
                f"then in {stream_target.target.at}, where {stream_target.target.id} belongs",
            )
            time.sleep(_HOLD_S)
            trial.stop_streams("ap-in-wired-port")
            trial.given_back(time.time_ns())


def _wired_moved(trial: EventTrial) -> None:
    """The permitted one's cable goes into the access point's port."""
    pair = _air_pair(trial.plan)
    assert pair is not None
    station, wired, _ = pair
    own, uplink = trial.town.switch_side(wired), switch_interface(station.at)
    with _moved(trial, own, wired.at, station.at, uplink) as at:
        trial.zero(at, f"{wired.id}'s cable is in the port of {station.air}, {station.at}")
        _revoke(trial, at, wired.id)
        trial.speak("wired-in-ap-port")
        time.sleep(_HOLD_S)
        trial.stop_streams("wired-in-ap-port")
        trial.given_back(time.time_ns())


def _to_other(stream_target: StreamTarget) -> StreamTarget:
    """The same towards the permitted one."""
    return replace(stream_target, target=stream_target.permitted)


def _wired_in_air_port(trial: EventTrial) -> list[Stream]:
    """What a wired device says there: as itself, and halfway as a station."""
    pair = _air_pair(trial.plan)
    assert pair is not None
    station, wired, stream_target = pair
    halves = [spoofed(wired, station, what=what) for what in ("mac", "ip")]
    return [trial.maker.opening(wired, stream_target, posing=who) for who in (None, *halves)]


def _no_air(plan: Plan) -> Label | None:
    if _air_pair(plan):
        return None
    return Label("計画に無線のアクセスポイントがない", "the plan has no access point")


def _no_spare(plan: Plan) -> Label | None:
    found = stream_targets(plan)
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
