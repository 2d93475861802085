"""Streams that run through an event: a thread that sends, a thread that hears, and the count.

Knows the wire and the clock. Which stream must arrive is said by the stream; nothing is judged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

from scenarios.capture.packet_io import Wire
from scenarios.capture.places import Place
from scenarios.capture.rx_ring import CapturedCopy
from scenarios.events.stream_selection import Stream, stream_of
from scenarios.probes.frames import frame_number
from sekisho.model import Plan
from topologies.ovs.daemon import OPENFLOW_PORT

_PERIOD_S = 0.001
_LATE_S = 0.05  # a sender that is this late does not try to catch up
_LISTEN_S = 0.1
_FIN_OR_RST = 0x05  # RFC 9293, 3.1
_MS = 1_000_000


@dataclass(slots=True)
class Heard:
    """What became of one stream: kernel times in nanoseconds since the epoch.

    Attributes:
        carried: How many frames somebody else has sent on: a bridge, or a kernel that forwards.
    """

    count: int = 0
    sent: dict[int, int] = field(default_factory=dict)
    arrived: list[tuple[int, int]] = field(default_factory=list)
    elsewhere: list[tuple[int, str]] = field(default_factory=list)
    carried: int = 0


class Streams:
    """Send the streams, and hear them, for the time of the block.

    Args:
        wire: The town's senders and captures.
        plan: The town.
        streams: What is sent.
        run: 32-bit number of this run, in every token.
        kinds: How many streams share a thousand frames a second.
    """

    def __init__(
        self, wire: Wire, plan: Plan, streams: Sequence[Stream], *, run: int, kinds: int
    ) -> None:
        self._wire, self._plan, self._run = wire, plan, run
        self._period_s = _PERIOD_S * kinds
        self.streams = {s.number: s for s in streams}
        self.heard = {s.number: Heard() for s in streams}
        self.closed_at_ns: list[int] = []
        self._position = {a.id: n for n, a in enumerate(plan.attachments)}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._active = set(self.streams)
        self.trouble = ""

    def __enter__(self) -> Streams:
        for _ in self._wire.heard():
            pass
        for work in (self._send, self._listen):
            thread = threading.Thread(target=self._safely, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        with suppress(OSError):
            self._wire.settle()
        self._hear()

    def pause(self, number: int) -> None:
        """Let a stream fall silent."""
        self._active.discard(number)

    def resume(self, number: int) -> None:
        """Let a stream speak (again)."""
        self._active.add(number)

    def _safely(self, work: object) -> None:
        try:
            assert callable(work)
            work()
        except (OSError, ValueError) as error:
            self.trouble = str(error)

    def _send(self) -> None:
        at = {s.number: self._position[s.source.id] for s in self.streams.values()}
        turn, due = 0, time.monotonic()
        while not self._stop.is_set():
            for stream in self.streams.values():
                if stream.number not in self._active:
                    continue
                frame = stream.frames[turn % len(stream.frames)]
                with suppress(OSError):  # its cable is out
                    self._wire.send_now(at[stream.number], frame, is_injected=stream.injected)
            turn, due = turn + 1, due + self._period_s
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            elif wait < -_LATE_S:
                due = time.monotonic()

    def _listen(self) -> None:
        while not self._stop.wait(_LISTEN_S):
            self._hear()

    def _hear(self) -> None:
        for place, copy in self._wire.heard():
            if place.kind == "channel":
                self._note_close(copy)
            number = frame_number(self._run, copy.data)
            if number is not None and stream_of(number) in self.streams:
                self._note(number, place, copy)

    def _note(self, number: int, place: Place, copy: CapturedCopy) -> None:
        stream = self.streams[stream_of(number)]
        heard = self.heard[stream.number]
        is_origin = place.name == stream.source.id and copy.outgoing != stream.injected
        if place.kind == "attachment" and copy.outgoing and not is_origin:
            heard.carried += 1
        elif place.kind == "attachment" and is_origin:
            heard.count += 1
            heard.sent[number] = copy.at_ns
        elif place.name == stream.to:
            heard.arrived.append((copy.at_ns, number))
        elif not self._is_on_its_way(stream, place, copy):
            heard.elsewhere.append((number, place.name))

    def _is_on_its_way(self, stream: Stream, place: Place, copy: CapturedCopy) -> bool:
        """Tell whether a copy is where its stream passes: a forbidden one its own air alone.

        What is put on a device's cable to be carried further may leave by any of its legs.
        """
        if place.kind == "air" and not copy.outgoing and place.name in self._airs(stream):
            return True
        return not stream.is_forbidden and place.kind in ("link", "air")

    def _airs(self, stream: Stream) -> set[str]:
        if not stream.injected:
            return {stream.source.air}
        device = stream.source.device
        return {a.air for a in self._plan.attachments if a.device == device}

    def _note_close(self, copy: CapturedCopy) -> None:
        data = copy.data
        if len(data) < 54 or data[12:14] != b"\x08\x00" or data[23] != 6:
            return
        is_guards = int.from_bytes(data[34:36], "big") == OPENFLOW_PORT
        if is_guards and data[47] & _FIN_OR_RST:
            self.closed_at_ns.append(copy.at_ns)

    def longest_gap_ms(self, number: int) -> float:
        """Return the longest time between two arrivals of a stream."""
        return _longest(sorted(at for at, _ in self.heard[number].arrived))

    def back_ms(self, number: int, since_ns: int) -> float:
        """Return how long after *since_ns* the first frame arrived that followed a lost one.

        0 where nothing was lost from then on, or nothing ever arrived again.
        """
        heard = self.heard[number]
        arrived = {token: at for at, token in heard.arrived}
        later = sorted((at, token) for token, at in heard.sent.items() if at >= since_ns)
        lost = next((at for at, token in later if token not in arrived), None)
        if lost is None:
            return 0.0
        back = (arrived[token] for at, token in later if at > lost and token in arrived)
        return round((next(back, since_ns) - since_ns) / _MS, 3)

    def sender_pause_ms(self, number: int) -> float:
        """Return the longest time that the sender itself was silent."""
        return _longest(sorted(self.heard[number].sent.values()))


def _longest(times: list[int]) -> float:
    return max((b - a for a, b in pairwise(times)), default=0) / _MS
