"""What an event tried, pair by pair: who asked for whom while it happened, and what became of it.

A run makes a case of each. Nothing is judged here: a pair that was not sent to proves nothing, and
what it means for the whole event is the trial's word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from scenarios.events.stream_selection import Stream, StreamTarget, turn_of
from scenarios.events.streams import Heard, Streams
from sekisho.evidence.verdict import Verdict

ARRIVE, DROP = "arrive", "drop"


@dataclass(frozen=True, slots=True)
class Tried:
    """One pair, in one repeat of one event.

    Attributes:
        source: Attachment that sent, or whose device was to pass it on.
        target: Attachment that was asked for.
        expect: ``drop`` or ``arrive``.
        arrived: How much of it the target heard.
        elsewhere: How much of it was seen where it must not be.
        port: What was asked for; 0 where it has none.
        words: What it was.
        is_stuck: Whether it was heard no more when the event was over.
    """

    source: str
    target: str
    expect: str
    sent: int
    arrived: int
    elsewhere: int = 0
    proto: str = "tcp"
    port: int = 0
    words: str = ""
    is_stuck: bool = False

    @property
    def has_leaked(self) -> bool:
        """Whether something was seen of what must die."""
        return self.expect == DROP and self.arrived + self.elsewhere > 0


@dataclass(frozen=True, slots=True)
class During:
    """What became of the event as a whole, for the cases of its pairs.

    Attributes:
        event: Its id.
        verdict: As in the trial's outcome.
        control: Number of the case of the permitted stream that ran beside.
        heard: How much of the permitted streams was heard.
    """

    event: str
    verdict: str
    reason: str
    control: str
    heard: int

    def judged(self, tried: Tried) -> tuple[Verdict, str]:
        """Return what became of a pair, and why; nothing sent is inconclusive."""
        if tried.has_leaked:
            return Verdict.LEAK, f"{tried.words}: seen while {self.event}"
        if tried.expect == ARRIVE and tried.is_stuck and self.verdict != "inconclusive":
            return Verdict.OVERBLOCK, f"{tried.words}: never came back"
        if self.verdict == "inconclusive":
            return Verdict.INCONCLUSIVE, self.reason
        if not tried.sent or (tried.expect == ARRIVE and not tried.arrived):
            return Verdict.INCONCLUSIVE, f"{tried.words}: nothing was sent, or nothing heard"
        return Verdict.PASS, ""


def of_streams(
    streams: Streams, revoked: Mapping[int, int], until_ns: int, stuck: Collection[str]
) -> Iterator[Tried]:
    """Yield every pair that *streams* have tried.

    Args:
        streams: They are over.
        revoked: From when on a permitted stream was forbidden, by its number.
        until_ns: When it was permitted again.
        stuck: Words of the streams that were not heard again.
    """
    for number, stream in streams.streams.items():
        heard = streams.heard[number]
        if stream.is_forbidden:
            yield from _forbidden(stream, heard)
        elif number in revoked:
            yield from _revoked(stream, heard, revoked[number], until_ns)
        else:
            yield _permitted(stream, heard, is_stuck=stream.words in stuck)


def _forbidden(stream: Stream, heard: Heard) -> Iterator[Tried]:
    """One a target; a stream that sent nothing says so of the first."""
    sent = Counter(_asked(stream, token)[0] for token in heard.sent)
    ports = dict(reversed(stream.asks))
    at_target, elsewhere = Counter[str](), Counter[str]()
    for token, place in heard.elsewhere:
        target = _asked(stream, token)[0]
        (at_target if place == target else elsewhere)[target] += 1
    targets = [t for t in dict.fromkeys(t for t, _ in stream.asks) if t]
    for target in [t for t in targets if sent[t]] or targets[:1]:
        yield Tried(
            source=stream.source.id,
            target=target,
            expect=DROP,
            sent=sent[target],
            arrived=at_target[target],
            elsewhere=elsewhere[target],
            proto=stream.proto,
            port=ports[target],
            words=stream.words,
        )


def _asked(stream: Stream, token: int) -> tuple[str, int]:
    return stream.asks[turn_of(token) % len(stream.asks)] if stream.asks else ("", 0)


def _revoked(stream: Stream, heard: Heard, after_ns: int, until_ns: int) -> Iterator[Tried]:
    """What was sent before it was forbidden, and from then on until it was permitted again.

    With its cable out it cannot be sent at all: then only the first is told.
    """
    arrived = {token: at for at, token in heard.arrived}
    before = [token for token, at in heard.sent.items() if at <= after_ns]
    late = [token for token, at in heard.sent.items() if after_ns < at < until_ns]
    both = (
        (ARRIVE, before, sum(token in arrived for token in before), 0),
        (DROP, late, sum(after_ns < arrived.get(t, 0) < until_ns for t in late),
         len(heard.elsewhere)),
    )  # fmt: skip
    for expect, sent, came, elsewhere in both:
        if sent or elsewhere:
            yield Tried(
                source=stream.source.id,
                target=stream.to,
                expect=expect,
                sent=len(sent),
                arrived=came,
                elsewhere=elsewhere,
                proto=stream.proto,
                port=_port(stream),
                words=stream.words,
            )


def _permitted(stream: Stream, heard: Heard, *, is_stuck: bool) -> Tried:
    return Tried(
        source=stream.source.id,
        target=stream.to,
        expect=ARRIVE,
        sent=heard.count,
        arrived=len(heard.arrived),
        elsewhere=len(heard.elsewhere),
        proto=stream.proto,
        port=_port(stream),
        words=stream.words,
        is_stuck=is_stuck,
    )


def _port(stream: Stream) -> int:
    return stream.asks[0][1] if stream.asks else 0


def after_the_end(stream_target: StreamTarget, *, is_alive: bool) -> Tried:
    """Return the try of an open conversation that said one more byte when it must be dead."""
    return Tried(
        source=stream_target.permitted.id,
        target=stream_target.target.id,
        expect=DROP,
        sent=1,
        arrived=int(is_alive),
        port=stream_target.port,
        words=f"an open conversation of {stream_target.permitted.id} "
        f"with {stream_target.target.id} goes on",
    )
