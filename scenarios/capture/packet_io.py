"""Raw sockets of a run, wherever a frame can come out (`scenarios.capture.places`).

One process holds them all: a socket keeps the network namespace that it was made in. Frames are
sent no faster than the switches take them: an Open vSwitch port that was sent more than fits its
socket would lose frames before any rule saw them, so the sender watches how full those sockets
are (``/proc/net/packet``) and waits. Meanwhile it reads every ring that is half full: so many
frames as there are may be sent at once, and none overflows.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType

from scenarios.capture.places import CHANNEL, Place, link_place
from scenarios.capture.rx_ring import CapturedCopy, Ring
from sekisho.errors import LabError
from sekisho.model import Attachment
from topologies.network import queue_depth
from topologies.network.interface_names import switch_interface, uplink
from topologies.network.interfaces import strangers
from topologies.network.netns import in_netns
from topologies.town import Town

HOST_SLOTS = 1 << 10
_LINK_SLOTS, _LOCAL_SLOTS = 1 << 12, 1 << 8
# A segment on the loopback holds up to 64 KiB, and packets that a switch hands over lie behind
# each other in it: a slot must hold all of it.
_CHANNEL_SLOTS, _CHANNEL_BYTES = 1024, 1 << 17
_LOOK_EVERY = 4  # bursts between two looks at how full the rings are: less than half of the least
# So much from one port between two looks; the kernel counts a frame's own memory, not its length.
_ONE_PORT_BYTES, _OVERHEAD_BYTES = 96 * 1024, 1024
_DRAIN_S = 0.01
# The kernel waits a grace period for every packet socket it closes; many wait together.
_CLOSERS = 64
_STUCK_S = 20.0
_QUIET_S = 0.15  # longer than any frame takes through five switches
_ASK_S = 0.02  # between two questions whether a quiet time is over


@dataclass(frozen=True, slots=True)
class Bare:
    """The cable of an attachment behind whoever sets its tag: what is sent here gets none.

    Attributes:
        position: Of the attachment in the plan.
    """

    position: int


#: By what a frame is sent: an attachment's own cable, by its position in the plan, or a bare one.
Sender = int | Bare


class Wire:
    """Open every socket of *town*; close them with the ``with`` block.

    Args:
        town: Whose hosts and lines are listened to.
        host_slots: How many frames the capture of a host holds between two looks at it.
    """

    def __init__(self, town: Town, *, host_slots: int = HOST_SLOTS) -> None:
        self._town, self._host_slots = town, host_slots
        self.rings: dict[Place, Ring] = {}
        self._senders: dict[Sender, socket.socket] = {}
        self._cables: dict[Sender, socket.socket] = {}
        self._taps: dict[str, socket.socket] = {}  # on both ends of cables between bridges
        self._kept: list[tuple[Place, CapturedCopy]] = []  # read while frames were sent
        self._reading = threading.Lock()  # a ring has one reader at a time
        self._planned: tuple[Place, ...] = ()
        self.pace = queue_depth.pace(town.ovs.datapath, queue_depth.room())

    def __enter__(self) -> Wire:
        with ExitStack() as undo:
            undo.callback(self.close)
            for position, attachment in enumerate(self._town.plan.attachments):
                self._open(position, attachment)
            self._open_fabric()
            self._open_strangers()
            self._planned = tuple(self.rings)
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every ring and socket."""
        parts = [*self.rings.values(), *self._senders.values(), *self._cables.values()]
        parts += self._taps.values()
        with ThreadPoolExecutor(_CLOSERS) as pool:
            list(pool.map(lambda part: part.close(), parts))
        self.rings.clear()

    def _open_fabric(self) -> None:
        """Listen at everything that is not a host: lines, access points, LOCAL ports, channel."""
        plan = self._town.plan
        for link in plan.links:
            one, other = switch_interface(link.a), switch_interface(link.b)
            self.rings[link_place(link)] = Ring(one, slots=_LINK_SLOTS)
            self._taps |= {one: _sender(one), other: _sender(other)}
        for air in plan.airs:
            one, other = switch_interface(air.at), uplink(air.id)
            self.rings[Place("air", air.id)] = Ring(one, slots=_LINK_SLOTS)
            self._taps |= {one: _sender(one), other: _sender(other)}
        for name in [s.id for s in plan.switches] + [air.id for air in plan.airs]:
            self.rings[Place("local", name)] = Ring(name, slots=_LOCAL_SLOTS)
        self.rings[Place("channel", CHANNEL)] = Ring(
            "lo", slots=_CHANNEL_SLOTS, slot_bytes=_CHANNEL_BYTES, is_loopback=True
        )

    def _open_strangers(self) -> None:
        """Listen at every interface that exists and is in no plan."""
        for name, pid in strangers(self._town):
            place = Place("stranger", name)
            if pid is None:
                self.rings[place] = Ring(name.partition(": ")[2], slots=HOST_SLOTS)
                continue
            with in_netns(pid):
                self.rings[place] = Ring(name.partition(": ")[2], slots=HOST_SLOTS)

    def _open(self, position: int, attachment: Attachment) -> None:
        self._open_host(position, attachment)
        self._cables[position] = _sender(self._town.switch_side(attachment))
        if attachment.tag:  # past whoever sets its tag: see `scenarios.probes.tags`
            self._senders[Bare(position)] = _sender(uplink(attachment.air))

    def _open_host(self, position: int, attachment: Attachment, slots: int = 0) -> None:
        name = self._town.interface(attachment)
        with in_netns(self._town.pid(attachment)):
            self.rings[Place("attachment", attachment.id)] = Ring(
                name, slots=slots or self._host_slots
            )
            self._senders[position] = _sender(name)

    def send(self, frames: Sequence[tuple[Sender, bytes]]) -> None:
        """Send (attachment position, frame) pairs in order.

        Raises:
            LabError: A switch does not take frames any more.
        """
        self._send(self._senders, frames)

    def send_in_turns(self, frames: Sequence[tuple[Sender, bytes]]) -> None:
        """Send in an order that holds among senders, too: each turn waits for the one before.

        A switch takes what waits at its ports port by port, so an answer could come before what
        it answers.

        Raises:
            LabError: A switch does not take frames any more.
        """
        for _, turn in groupby(frames, key=lambda each: each[0]):
            self._send(self._senders, list(turn))
            self._throttle(full_bytes=0)

    def send_in_step(self, frames: Sequence[tuple[int, bytes]]) -> None:
        """Send, wait until the switches have taken all, and read what came of it.

        However late the reader's own thread is, no ring holds more than half of itself and what
        *frames* brought about.

        Raises:
            LabError: A switch does not take frames any more.
        """
        self._send(self._senders, frames)
        self._throttle(full_bytes=0)
        self._read_half_full()

    def inject(self, frames: Sequence[tuple[int, bytes]]) -> None:
        """Put frames on the last cable to an attachment, past every switch: to test its capture."""
        self._send(self._cables, frames)

    def send_now(self, source: int, frame: bytes, *, is_injected: bool = False) -> None:
        """Send one frame, whatever waits at the switches: for whoever keeps time.

        Raises:
            OSError: The cable is out.
        """
        (self._cables if is_injected else self._senders)[source].send(frame)

    def _send(
        self, sockets: dict[Sender, socket.socket], frames: Sequence[tuple[Sender, bytes]]
    ) -> None:
        taken, bursts = self.pace.burst, 0  # the call before may have left a burst of its own
        fill = Counter[Sender]()
        for source, frame in frames:
            if taken == self.pace.burst or fill[source] > _ONE_PORT_BYTES:
                self._throttle()
                taken, fill, bursts = 0, Counter[Sender](), bursts + 1
                if bursts % _LOOK_EVERY == 0:
                    self._read_half_full()
            with suppress(OSError):  # its cable is out: nobody will see it leaving
                sockets[source].send(frame)
            taken, fill[source] = taken + 1, fill[source] + len(frame) + _OVERHEAD_BYTES

    def tap(self, interface: str, frame: bytes) -> None:
        """Put a frame on the cable of a switch's or an access point's own end, if it is up."""
        with suppress(OSError):
            self._taps[interface].send(frame)

    @contextmanager
    def draining(self) -> Iterator[None]:
        """Read the rings, over and over, while the block makes hosts talk by themselves."""
        stop = threading.Event()

        def drain() -> None:
            while not stop.wait(_DRAIN_S):
                self._read_half_full()

        thread = threading.Thread(target=drain, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _read_half_full(self) -> None:
        """Read every ring that could overflow before the next look."""
        with self._reading:
            for place, ring in self.rings.items():
                if ring.is_half_full:
                    self._kept += [(place, copy) for copy in ring.drain()]

    def _throttle(self, full_bytes: int | None = None) -> None:
        deadline = time.monotonic() + _STUCK_S
        most = self.pace.full_bytes if full_bytes is None else full_bytes
        while queue_depth.waiting_bytes() > most:
            if time.monotonic() > deadline:
                raise LabError(f"the switches have not taken a frame for {_STUCK_S:.0f} s")
            time.sleep(0.0005)
            self._read_half_full()

    def settle(self, is_over: Callable[[], bool] | None = None) -> None:
        """Wait until nothing is on its way any more, and then one common quiet time.

        Where lines delay what they carry, silence is silence at both ends of that time.

        Args:
            is_over: Asked now and then; the quiet time ends early once it says so.
        """
        self._await_silence()
        _be_quiet(is_over)
        while self._town.has_real_lines and self._await_silence():
            _be_quiet(is_over)

    def _await_silence(self) -> bool:
        """Wait until nothing is on its way; tell whether anything was."""
        deadline, was_busy = time.monotonic() + _STUCK_S, False
        while queue_depth.waiting_bytes() or (
            self._town.has_real_lines and queue_depth.is_delayed()
        ):
            was_busy = True
            if time.monotonic() > deadline:
                raise LabError("the switches never fell silent")
            time.sleep(0.002)
            self._read_half_full()
        return was_busy

    def blind(self) -> list[str]:
        """Return the places that have no capture any more, or one that does not listen there."""
        return [
            place.name
            for place in self._planned
            if place not in self.rings or not self.rings[place].is_listening
        ]

    def lost(self) -> Counter[str]:
        """Return how many frames each line, and the machine itself, has lost so far."""
        return queue_depth.lost()

    def heard(self) -> Iterator[tuple[Place, CapturedCopy]]:
        """Yield every copy that any ring has caught since the last call."""
        with self._reading:
            kept, self._kept = self._kept, []
            for place, ring in self.rings.items():
                kept += [(place, copy) for copy in ring.drain()]
        yield from kept

    @property
    def dropped(self) -> dict[Place, int]:
        """How many copies the kernel could not store, for each ring that lost any."""
        return {place: ring.dropped for place, ring in self.rings.items() if ring.dropped}

    @property
    def captured(self) -> int:
        """How many copies all rings have stored so far."""
        return sum(ring.captured for ring in self.rings.values())


def _sender(interface: str) -> socket.socket:
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    out.bind((interface, 0))
    return out


def _be_quiet(is_over: Callable[[], bool] | None) -> None:
    """Let the quiet time pass, or as much of it as is needed."""
    until = time.monotonic() + _QUIET_S
    while (left := until - time.monotonic()) > 0:
        time.sleep(left if is_over is None else min(left, _ASK_S))
        if is_over is not None and is_over():
            return
