"""Ports are moved to another network, many at once: what they had ends, everybody else goes on."""

from __future__ import annotations

import time

from scenarios.events.stream_selection import StreamTarget, stream_targets
from scenarios.events.trial import Event, EventTrial
from sekisho.model import Label, Plan
from sekisho.model.pools import pools
from sekisho.policy.evaluate import Policy
from sekisho.resegment.protocol import (
    ChangeAnswer,
    ChangeRequest,
    UndoRequest,
    change_answer_of,
)
from sekisho.resegment.validation import RefusedError, plan_moves
from topologies.control_server import guarded

_HOLD_S = 1.0


def elsewhere(plan: Plan, stream_target: StreamTarget) -> str:
    """Return a network that the permitted one's port can be moved to, where it may no longer.

    Empty where there is none.
    """
    policy = Policy(plan)
    for pool in pools(plan):
        if pool.switch != stream_target.permitted.at.switch:
            continue
        may = any(
            a.source == pool.source
            and policy.permission(
                a, stream_target.target, stream_target.protocol, stream_target.port
            )
            for a in plan.attachments
        )
        if not may and _movable(plan, [str(stream_target.permitted.at)], pool.zone):
            return pool.zone
    return ""


def _movable(plan: Plan, ports: list[str], to: str) -> list[str]:
    """Return those of *ports* that may be moved to the network *to*."""
    out = []
    for port in ports:
        try:
            plan_moves(plan, [port], to)
        except RefusedError:
            continue
        out.append(port)
    return out


def batch(plan: Plan) -> tuple[list[str], str]:
    """Return every port that can be moved together with the first stream target's, and whereto."""
    to = elsewhere(plan, stream_targets(plan)[0])
    ports = dict.fromkeys(str(a.at) for a in plan.attachments)
    return _movable(plan, list(ports), to), to


def _play(trial: EventTrial) -> None:
    ports, to = batch(trial.plan)
    began = time.time_ns()
    asked = ChangeRequest(tuple(ports), to, by="chaos")
    done = change_answer_of(guarded(trial.town, asked.to_wire()))
    at = time.time_ns()
    assert isinstance(done, ChangeAnswer)  # no dry run
    trial.zero(began, f"{len(ports)} ports were asked to move to {to}")
    for stream in trial.base:
        if not stream.is_forbidden and str(stream.source.at) in ports:
            trial.revoked(stream, at)
    took_ms = (at - began) / 1e6
    trial.note(
        f"ポート{len(ports)}個、規則{done.rules}件、確認まで{took_ms:.1f}ミリ秒",
        f"{len(ports)} ports, {done.rules} rules, {took_ms:.1f} ms to acknowledge",
    )
    time.sleep(_HOLD_S)
    trial.given_back(time.time_ns())
    undo = UndoRequest(done.number, by="chaos")
    back = change_answer_of(guarded(trial.town, undo.to_wire()))
    if not (isinstance(back, ChangeAnswer) and back.is_in_force):
        trial.broken(Label("ポートが元に戻らなかった", "the ports did not come back"))


def _skip(plan: Plan) -> Label | None:
    found = stream_targets(plan)
    if not found or not elsewhere(plan, found[0]):
        return Label(
            "許可の外へ移せるポートがない",
            "no port of the town can be moved out of what it may open",
        )
    return None


EVENTS = [
    Event(
        "ports-moved",
        Label("系統変更(多数のポートを一度に)", "Many ports moved at once"),
        "RT-03",
        _play,
        skip=_skip,
    ),
]
