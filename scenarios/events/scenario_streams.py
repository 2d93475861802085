"""A situation under an event: its own forbidden streams, beside those that every event has.

Each stream leaves one attachment of the situation's source classes and tries, in turn, one target
of each of its destination classes that the policy denies it. A few run at a time, others in the
next repeat; what never came to its turn is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios.events.stream_selection import Stream, StreamTarget, target_between
from scenarios.events.trial import EventTrial
from scenarios.probes.context import packet
from scenarios.probes.frames import Fields
from scenarios.suites.scenarios import Chosen
from sekisho.model import Attachment, Plan, Protocol
from sekisho.model.states import is_state
from sekisho.packet.packet import TCP_SYN, Decision
from sekisho.policy.evaluate import Policy

AT_ONCE = 4
_ENDS = "permission-ends"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attachment of a situation, and whom it must not reach."""

    source: Attachment
    fields: tuple[Fields, ...]
    targets: tuple[str, ...]


def attempts(chosen: Chosen, plan: Plan) -> list[Attempt]:
    """Return one attempt of every source class at every site, in the order of the plan."""
    policy, out, seen = Policy(plan), list[Attempt](), set[tuple[str, str]]()
    for source in plan.attachments:
        key = (source.source, source.site)
        if key in seen:
            continue
        seen.add(key)
        denied = _denied(chosen, plan, policy, source)
        if denied:
            fields, targets = zip(*denied, strict=True)
            out.append(Attempt(source, fields, targets))
    return out


def _denied(
    chosen: Chosen, plan: Plan, policy: Policy, source: Attachment
) -> list[tuple[Fields, str]]:
    """The first target of each destination class that the policy denies to *source*."""
    out: dict[str, tuple[Fields, str]] = {}
    for target in plan.attachments:
        is_own = chosen.part.covers(source, target)
        if not is_own or not source.is_apart(target) or target.destination in out:
            continue
        port = _port(plan, target)
        fields = Fields(plan.router_mac, source.mac, source.ip, target.ip, 0, port, TCP_SYN)
        ruling = policy.ruling(packet("tcp", fields._replace(sport=20000), source.at, source.tag))
        if ruling.verdict is Decision.DENY:
            out[target.destination] = (fields, target.id)
    return list(out.values())


def _port(plan: Plan, target: Attachment) -> int:
    """A port that the target really answers on, if it has one."""
    services = (plan.service[name] for name in target.services)
    return next((s.edges()[0] for s in services if s.protocol is Protocol.TCP), 443)


class Situated:
    """Puts the streams of the situations that play *event* into a trial, repeat by repeat."""

    def __init__(self, trial: EventTrial, chosen: tuple[Chosen, ...]) -> None:
        self._trial = trial
        self._base, self._trios = tuple(trial.base), tuple(trial.stream_targets)
        self._attempts = {each.situation.id: (each, attempts(each, trial.plan)) for each in chosen}
        self._streams: dict[tuple[str, str], Stream] = {}
        self._used: dict[str, set[str]] = {name: set() for name in self._attempts}

    def begin(self, event: str, repeat: int) -> None:
        """Let the streams whose turn it is run through the next trial of *event*."""
        trial = self._trial
        trial.base, trial.stream_targets = list(self._base), list(self._trios)
        for chosen, found in self._attempts.values():
            if not is_state(event, chosen.situation.events) or not found:
                continue
            if event == _ENDS and (stream_target := _permitted(chosen, trial.plan)) is not None:
                trial.stream_targets = [stream_target]
                trial.base = trial.maker.of_target(stream_target)
        trial.base += self.streams(event, repeat)

    def streams(self, event: str, repeat: int) -> list[Stream]:
        """Return the streams of all situations whose turn it is in a trial of *event*."""
        out = []
        for name, (chosen, found) in self._attempts.items():
            if not is_state(event, chosen.situation.events) or not found:
                continue
            first = (repeat - 1) * AT_ONCE
            turn = [found[(first + n) % len(found)] for n in range(min(AT_ONCE, len(found)))]
            out += [self._stream(name, attempt) for attempt in turn]
        return out

    def _stream(self, name: str, attempt: Attempt) -> Stream:
        key = (name, attempt.source.id)
        self._used[name].add(attempt.source.id)
        if key not in self._streams:
            words = f"{name}: {attempt.source.id} to {' '.join(attempt.targets)}"
            self._streams[key] = self._trial.maker.mixed(
                attempt.source, "tcp", list(attempt.fields), words=words
            )
        return self._streams[key]

    def account(self) -> list[dict[str, Any]]:
        """Say of each situation which events are its own, and what of it was sent."""
        return [
            {
                "id": name,
                "ja": chosen.situation.intent.ja,
                "en": chosen.situation.intent.en,
                "requirements": list(chosen.situation.requirements),
                "states": list(chosen.situation.events),
                "sent_from": sorted(self._used[name]),
                "not_sent_from": sorted({a.source.id for a in found} - self._used[name]),
            }
            for name, (chosen, found) in self._attempts.items()
        ]


def _permitted(chosen: Chosen, plan: Plan) -> StreamTarget | None:
    """Somebody of the situation who may, and somebody else at the same site who may not."""
    return target_between(plan, chosen.part.covers)
