"""The trial of one event: the running town, its streams, and the moment that counts.

An event's ``play`` changes the town, says when time zero was and by which fact it is known, and
brings the town back; the streams run all the while. The outcome is counted here, once for all
events: what was sent, what leaked, how long the permitted stream was silent.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

from scenarios.capture.packet_io import Wire
from scenarios.events.stream_selection import Stream, StreamBuilder, StreamTarget, stream_targets
from scenarios.events.streams import Heard, Streams
from scenarios.events.tcp_session import Conversation
from scenarios.events.tried import Tried, of_streams
from sekisho.errors import LabError
from sekisho.model import Attachment, Label, Plan
from topologies.town import Town

_CALM_S = 0.5
_AFTER_S = 0.6
_BACK_S = 0.4  # the permitted stream must be heard this shortly before the end
_FACT_S = 60.0
_HUSH_S = 0.1
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a town.

    Attributes:
        play: Lets it happen and brings the town back.
        extra: Streams that run besides the stream targets' own; each permitted one must arrive.
        skip: Says why it cannot happen to this town; None where it can.
        starts_silent: Whether the extra streams begin only when `play` says so.
    """

    id: str
    label: Label
    requirements: str
    play: Callable[[EventTrial], None]
    extra: Callable[[EventTrial], Sequence[Stream]] = lambda trial: ()
    skip: Callable[[Plan], Label | None] = lambda plan: None
    starts_silent: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One repeat of one event; all times in milliseconds.

    Attributes:
        verdict: ``pass``, ``leak``, ``overblock`` (never came back), ``inconclusive``,
            ``skipped``.
        gap_ms: Longest silence of a permitted stream at its target.
        pause_ms: Longest silence of its sender: what the machine itself did.
        deny_ms: From time zero to the last arrival of what had become forbidden.
        allow_ms: From time zero until the permitted stream was heard again; 0: never lost.
    """

    event: str
    repeat: int
    verdict: str
    reason: str = ""
    leaked: int = 0
    forbidden_sent: int = 0
    permitted_sent: int = 0
    permitted_heard: int = 0
    gap_ms: float = 0.0
    pause_ms: float = 0.0
    deny_ms: float | None = None
    allow_ms: float | None = None
    zero: str = ""
    seen_at: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    notes_ja: tuple[str, ...] = ()
    reason_ja: str = ""


@dataclass(slots=True)
class _Zero:
    at_ns: int = 0
    how: str = ""
    revoked: dict[int, int] = field(default_factory=dict)
    given_back: int = 0
    leaks: list[str] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    notes: list[Label] = field(default_factory=list)
    broken: list[Label] = field(default_factory=list)


class EventTrial:
    """The town with its wire; one event after the other is played on it."""

    def __init__(self, town: Town, wire: Wire, *, run: int, length: int = 20000) -> None:
        self.town, self.plan, self.wire, self._run = town, town.plan, wire, run
        self.maker = StreamBuilder(town.plan, run=run, length=length)
        self.stream_targets: list[StreamTarget] = stream_targets(town.plan)
        if not self.stream_targets:
            raise LabError("no target has both somebody who may and somebody who must not")
        self.base = [
            stream
            for stream_target in self.stream_targets
            for stream in self.maker.of_target(stream_target)
        ]
        self._zero = _Zero()
        self._extra: dict[str, Sequence[Stream]] = {}
        self.streams: Streams | None = None
        self.tried: list[Tried] = []

    def stage(self, found: Sequence[StreamTarget], more: Sequence[Stream] = ()) -> None:
        """Let the stream targets *found*, and the streams *more*, play in what comes next."""
        self.stream_targets = list(found)
        self.base = [
            stream for stream_target in found for stream in self.maker.of_target(stream_target)
        ]
        self.base += more
        self._extra.clear()

    def run(self, event: Event, repeat: int) -> Outcome:
        """Play *event* once and count what became of the streams."""
        if event.id not in self._extra:
            self._extra[event.id] = event.extra(self)
        extra = self._extra[event.id]
        self._zero = _Zero()
        not_receiving = self._not_receiving()
        lost = sum(n for place, n in self.wire.dropped.items() if place.kind != "channel")
        trouble = ""
        streams = self.streams = Streams(
            self.wire,
            self.plan,
            [*self.base, *extra],
            run=self._run,
            kinds=len(self.stream_targets),
        )
        for stream in extra if event.starts_silent else ():
            streams.pause(stream.number)
        with streams:
            time.sleep(_CALM_S)
            try:
                event.play(self)
            except (LabError, OSError, subprocess.SubprocessError) as error:
                trouble = str(error)
            time.sleep(_AFTER_S)
            ended = time.time_ns()
        not_receiving |= self._not_receiving()
        lost = sum(n for p, n in self.wire.dropped.items() if p.kind != "channel") - lost
        doubts = [Label(why, why) for why in (trouble, streams.trouble) if why]
        doubts += [_lost(lost)] if lost else []
        doubts += [_not_heard(not_receiving)] if not_receiving else []
        self.town.ovs.flush_conntrack()
        return self._counted(event, repeat, streams, ended, doubts)

    def _not_receiving(self) -> set[str]:
        """Inject to every capture, and return those who did not hear it."""
        for _ in self.wire.heard():
            pass
        self.wire.inject([(n, _sentinel(a)) for n, a in enumerate(self.plan.attachments)])
        self.wire.settle()
        heard = {
            place.name
            for place, copy in self.wire.heard()
            if not copy.outgoing and _SENTINEL in copy.data
        }
        return {a.id for a in self.plan.attachments} - heard

    def _counted(
        self, event: Event, repeat: int, streams: Streams, ended: int, doubts: list[Label]
    ) -> Outcome:
        zero, leaks = self._zero, self._leaks(streams)
        permitted = [s for s in self._permitted(streams) if s.number not in zero.revoked]
        heard = [streams.heard[s.number] for s in permitted]
        forbidden = [streams.heard[n].count for n, s in streams.streams.items() if s.is_forbidden]
        gap = max((streams.longest_gap_ms(s.number) for s in permitted), default=0.0)
        pause = max((streams.sender_pause_ms(s.number) for s in permitted), default=0.0)
        is_idle = not all(h.count and h.arrived for h in heard) or not all(forbidden)
        doubts += [*zero.broken, *([_IDLE] if is_idle else [])]
        doubts += [_NO_ZERO] if not zero.at_ns and not doubts else []
        stuck = [s.words for s, h in zip(permitted, heard, strict=True) if _is_stuck(h)]
        if any(h.sent and max(h.sent.values()) < ended - _BACK_S * 1e9 for h in heard):
            doubts.append(_SILENT)
        whys = doubts or [_gone(words) for words in stuck]
        verdict = _verdict(leaks, doubts, stuck)
        tried = of_streams(streams, zero.revoked, zero.given_back or 1 << 63, stuck)
        self.tried = [*tried, *zero.tried]
        return Outcome(
            event=event.id,
            repeat=repeat,
            verdict=verdict,
            reason="; ".join(why.en for why in whys),
            reason_ja="、".join(why.ja for why in whys),
            leaked=len(leaks),
            forbidden_sent=sum(forbidden) + sum(self._sent_late(streams, n) for n in zero.revoked),
            permitted_sent=sum(h.count for h in heard),
            permitted_heard=sum(len(h.arrived) for h in heard),
            gap_ms=round(gap, 3),
            pause_ms=round(pause, 3),
            deny_ms=self._deny_ms(streams),
            allow_ms=max((streams.back_ms(s.number, zero.at_ns) for s in permitted), default=0.0),
            zero=zero.how,
            seen_at=tuple(sorted(set(leaks)))[:8],
            notes=tuple(note.en for note in zero.notes),
            notes_ja=tuple(note.ja for note in zero.notes),
        )

    def _permitted(self, streams: Streams) -> list[Stream]:
        return [s for s in streams.streams.values() if not s.is_forbidden]

    def _leaks(self, streams: Streams) -> list[str]:
        """Where each token was seen that must not have been, one entry a sight."""
        out = list(self._zero.leaks)
        until = self._zero.given_back or 1 << 63
        for number in streams.streams:
            heard = streams.heard[number]
            out += [place for _, place in heard.elsewhere]
            after = self._zero.revoked.get(number)
            if after is not None:
                to = streams.streams[number].to
                late = [
                    at
                    for at, token in heard.arrived
                    if after < at < until and heard.sent.get(token, 0) > after
                ]
                out += [to] * len(late)
        return out

    def _sent_late(self, streams: Streams, number: int) -> int:
        after, until = self._zero.revoked[number], self._zero.given_back or 1 << 63
        return sum(after < at < until for at in streams.heard[number].sent.values())

    def _deny_ms(self, streams: Streams) -> float | None:
        until = self._zero.given_back or 1 << 63
        last = [
            max((at for at, _ in streams.heard[n].arrived if at < until), default=0)
            for n in self._zero.revoked
        ]
        return round(max(0, max(last) - self._zero.at_ns) / _MS, 3) if last else None

    # What an event may say and ask.

    def zero(self, at_ns: int, how: str) -> None:
        """Say when it happened, and by which fact that is known; the first word counts."""
        if not self._zero.at_ns:
            self._zero.at_ns, self._zero.how = at_ns, how

    def revoked(self, stream: Stream, at_ns: int) -> None:
        """Say that a permitted stream is forbidden from *at_ns* on; the first word counts."""
        self._zero.revoked.setdefault(stream.number, at_ns)

    def given_back(self, at_ns: int) -> None:
        """Say that what was revoked is permitted again from *at_ns* on."""
        self._zero.given_back = at_ns

    def leak(self, text: str) -> None:
        """Say that something forbidden happened which no token shows."""
        self._zero.leaks.append(text)

    def tell(self, tried: Tried) -> None:
        """Say what became of a try that no token shows."""
        self._zero.tried.append(tried)

    def conversation(self, stream_target: StreamTarget) -> Conversation:
        """Open a real conversation of a stream target."""
        return Conversation(self.town, stream_target)

    def note(self, ja: str, en: str) -> None:
        """Write down what else was seen, in both languages."""
        self._zero.notes.append(Label(ja, en))

    def broken(self, words: Label) -> None:
        """Say that the event did not do what it should: the trial proves nothing."""
        self._zero.broken.append(words)

    def speak(self, event: str, *, injected: bool = False) -> None:
        """Let the extra streams of *event* begin: those that are sent, or those injected."""
        assert self.streams is not None
        for stream in self._extra[event]:
            if stream.injected == injected:
                self.streams.resume(stream.number)

    def carried(self, event: str, *, injected: bool) -> int:
        """Return how many frames of the extra streams somebody else has sent on so far."""
        assert self.streams is not None
        streams = [s for s in self._extra[event] if s.injected == injected]
        return sum(self.streams.heard[s.number].carried for s in streams)

    def stop_streams(self, event: str) -> None:
        """Let the forbidden extra streams of *event* end, and wait for the last of their frames."""
        assert self.streams is not None
        for stream in self._extra[event]:
            if stream.is_forbidden:
                self.streams.pause(stream.number)
        time.sleep(_HUSH_S)

    def closed(self, since_ns: int, *, timeout_s: float = 5.0) -> int:
        """Wait until the controller's side closes its connections on the wire; return when."""
        assert self.streams is not None
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = [at for at in self.streams.closed_at_ns if at >= since_ns]
            if found:
                return min(found)
            time.sleep(0.02)
        raise LabError("the controller's connections were not seen to close")

    def fact(self, name: str, before: int, *, timeout_s: float = _FACT_S) -> dict[str, Any]:
        """Wait for a fact that the controller states after fact number *before*."""
        return self.town.wait_for(name, timeout_s=timeout_s, after=before)

    def ip(self, *words: str) -> int:
        """Change a switch's own end of a cable; return when that was done."""
        self.town.ovs.run("ip", *words)
        return time.time_ns()


NEVER_BEGAN = Label("通信が始まらなかった", "the conversation never began")
_IDLE = Label("流れない通信があった", "a stream did not run")
_NO_ZERO = Label("事象の起きた時刻が分からない", "nobody said when it happened")
_SILENT = Label("送信が途中で止まった", "a sender fell silent before the end")


def _lost(copies: int) -> Label:
    return Label(f"記録が{copies}個を取りこぼした", f"{copies} copies were lost")


def _not_heard(not_receiving: Iterable[str]) -> Label:
    places = " ".join(sorted(not_receiving))
    return Label(f"受信できない場所がある: {places}", f"not heard at {places}")


def _gone(words: str) -> Label:
    return Label(f"復旧しなかった: {words}", f"never came back: {words}")


def _verdict(leaks: Sized, doubts: Sized, stuck: Sized) -> str:
    return "leak" if leaks else "inconclusive" if doubts else "overblock" if stuck else "pass"


def _is_stuck(heard: Heard) -> bool:
    """Tell whether a stream was sent to the end, and no longer heard."""
    return bool(heard.arrived) and (
        max(heard.sent.values()) - max(heard.arrived)[0] > _BACK_S * 1e9
    )


_SENTINEL = b"sekisho-sentinel"


def _sentinel(to: Attachment) -> bytes:
    """A frame that only tests a capture: local experimental EtherType (IEEE 802, 9.2.3)."""
    return b"\x02\xea\x00\x00\x00\x01\x02\xea\x00\x00\x00\x02\x88\xb5" + _SENTINEL + to.mac.encode()
