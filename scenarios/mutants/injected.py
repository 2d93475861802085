"""Frames that somebody puts on a cable while a run goes on: late, without a token, elsewhere.

What a faulty or hostile device on the way would do, done with raw sockets in the running town: a
forbidden frame is held back and comes out later; an error quotes it; its head comes out alone; an
answer tells a MAC address; something comes in that nobody sent.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from scenarios.capture.packet_io import Wire
from scenarios.mutants.planting import Plant, Planted, Subject, subjects
from scenarios.probes.frames import MAGIC
from sekisho.model import Plan
from sekisho.packet.packet import ETH_IPV4
from topologies.network.interface_names import switch_interface, uplink
from topologies.network.netns import in_netns
from topologies.town import Town

_ALL = 0x0003  # ETH_P_ALL, linux/if_ether.h
_MOST = 8  # frames that are treated so
_QUIET_S = 0.05

#: Makes of a frame that was overheard what is put on the cable instead; empty: nothing.
Made = Callable[[bytes], bytes]


def faults(plan: Plan) -> Iterator[Planted]:
    """Yield what may be injected, for the gravest subjects of *plan*."""
    for subject in subjects(plan)[:2]:
        yield from _late(plan, subject)
        yield from _unmarked(plan, subject)
    yield from _strange(plan)


def _late(plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Forbidden frames that come out whole, at once or later, at their target or elsewhere."""
    others = [a for a in plan.attachments if a.device not in (subject.source.device,
                                                              subject.target.device)]  # fmt: skip
    for delay_s in (0.0, 0.1, 0.6, 1.5):
        plant = _overheard(subject, lambda frame: frame, at=subject.target.id, delay_s=delay_s)
        words = f"frames of {subject.source.id} come to their target {delay_s:g} s later"
        yield Planted("N-19", "wire", subject.target.id, words, plant)
    for place in [a.id for a in others[:2]]:
        plant = _overheard(subject, lambda frame: frame, at=place, delay_s=0.6)
        words = f"frames of {subject.source.id} for {subject.target.id} come out 0.6 s later"
        yield Planted("N-20", "wire", place, words, plant)
    for link in plan.links[:2]:
        name = switch_interface(link.a)
        plant = _overheard(subject, lambda frame: frame, at=name, delay_s=0.6, is_port=True)
        words = f"forbidden frames of {subject.source.id} are on the line 0.6 s later"
        yield Planted("N-20", "wire", name, words, plant)
    for air in plan.airs[:1]:
        plant = _overheard(
            subject, lambda frame: frame, at=uplink(air.id), delay_s=0.3, is_port=True
        )
        words = f"forbidden frames of {subject.source.id} are on the cable of an access point"
        yield Planted("N-20", "wire", air.id, words, plant)


def _unmarked(plan: Plan, subject: Subject) -> Iterator[Planted]:
    """What gives a forbidden frame away without its token."""
    source, target = subject.source, subject.target
    for words, made, place in (
        ("an ICMP error quotes 28 bytes", _quoting, source.id),
        ("an ICMP error quotes 28 bytes to a third", _quoting, _third(plan, subject)),
        ("only the headers come", _cut, target.id),
        ("it comes in a tunnel, cut before its token", _tunnelled, target.id),
        ("a server answers it", _answering, source.id),
        ("a server resets it", _resetting, source.id),
    ):
        for delay_s in (0.0, 0.6):
            plant = _overheard(subject, made, at=place, delay_s=delay_s)
            text = f"{words}, {delay_s:g} s later ({source.id} to {target.id})"
            yield Planted("N-21", "wire", place, text, plant)


def _strange(plan: Plan) -> Iterator[Planted]:
    """Frames that nobody sent."""
    for attachment in plan.attachments[:2]:
        mac = bytes.fromhex(attachment.mac.replace(":", ""))
        nobody = b"\x02\x00\x00\x00\x00\x99"
        other = plan.attachments[-1]
        theirs = bytes.fromhex(other.mac.replace(":", ""))
        claim = b"\x00\x01\x08\x00\x06\x04\x00\x02" + theirs + other.ip.packed
        for words, frame in (
            ("a datagram that nobody sent",
             mac + nobody + b"\x08\x00" + _ip(other.ip.packed, attachment.ip.packed, 17)
             + b"\x12\x34\x00\x35\x00\x0c\x00\x00data"),
            ("an ARP reply that tells a MAC address",
             mac + theirs + b"\x08\x06" + claim + mac + attachment.ip.packed),
            ("a frame of a protocol that nobody speaks", mac + nobody + b"\x88\xcc" + b"lldp" * 9),
            ("a router advertisement", b"\x33\x33\x00\x00\x00\x01" + nobody + b"\x86\xdd" + b"`"
             + bytes(47)),
            ("a broadcast", b"\xff" * 6 + nobody + b"\x08\x00"
             + _ip(other.ip.packed, b"\xff" * 4, 17) + b"\x00\x43\x00\x44\x00\x08\x00\x00"),
        ):  # fmt: skip
            plant = _sent_once(attachment.id, frame)
            yield Planted("N-22", "wire", attachment.id, f"{words} comes in", plant)


def _third(plan: Plan, subject: Subject) -> str:
    own = (subject.source.device, subject.target.device)
    return next((a.id for a in plan.attachments if a.device not in own), subject.source.id)


def _overheard(
    subject: Subject, made: Made, *, at: str, delay_s: float, is_port: bool = False
) -> Plant:
    """Overhear frames on their way out of a host, and put what is made of them on a cable."""

    @contextmanager
    def planted(town: Town, _wire: Wire) -> Iterator[None]:
        source, stop = subject.source, threading.Event()
        with in_netns(town.pid(source)):
            capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL))
            capture.bind((town.interface(source), 0))
        name = at if is_port else town.switch_side(town.plan.attachment[at])
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind((name, 0))
        capture.settimeout(_QUIET_S)
        work = threading.Thread(
            target=_relay, args=((capture, sender), subject, made, delay_s, stop)
        )
        work.start()
        try:
            yield
        finally:
            stop.set()
            work.join()
            capture.close()
            sender.close()

    return planted


def _relay(
    ends: tuple[socket.socket, socket.socket],
    subject: Subject,
    made: Made,
    delay_s: float,
    stop: threading.Event,
) -> None:
    """Put the first forbidden frames on the other cable, each after its time."""
    capture, sender = ends
    due: list[tuple[float, bytes]] = []
    taken = 0
    wanted = subject.source.ip.packed + subject.target.ip.packed
    while not stop.is_set() or due:
        with suppress(TimeoutError, OSError):
            frame, address = capture.recvfrom(2048)
            is_out = address[2] == socket.PACKET_OUTGOING
            is_meant = frame[12:14] == ETH_IPV4.to_bytes(2, "big") and frame[26:34] == wanted
            if is_out and is_meant and MAGIC in frame and taken < _MOST and not stop.is_set():
                taken += 1
                due.append((time.monotonic() + delay_s, made(frame)))
        while due and due[0][0] <= time.monotonic():
            data = due.pop(0)[1]
            if data:
                with suppress(OSError):
                    sender.send(data)


def _sent_once(place: str, frame: bytes) -> Plant:
    """Put a frame on the cable of an attachment, a moment after the run has begun."""

    @contextmanager
    def planted(town: Town, _wire: Wire) -> Iterator[None]:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind((town.switch_side(town.plan.attachment[place]), 0))
        timer = threading.Timer(0.5, lambda: sender.send(frame))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            sender.close()

    return planted


def _ip(source: bytes, target: bytes, protocol: int, length: int = 32) -> bytes:
    """An IPv4 header without options, its checksum left to whoever looks (RFC 791, 3.1)."""
    head = b"\x45\x00" + length.to_bytes(2, "big") + b"\x00\x07\x00\x00\x40"
    return head + bytes([protocol]) + b"\x00\x00" + source + target


def _turned(frame: bytes) -> bytes:
    """The Ethernet header of an answer."""
    return frame[6:12] + frame[:6] + frame[12:14]


def _quoting(frame: bytes) -> bytes:
    """Port unreachable, with the header and eight bytes more, as RFC 792 has it."""
    quote = frame[14:42]
    head = _ip(frame[30:34], frame[26:30], 1, 20 + 8 + len(quote))
    return _turned(frame) + head + b"\x03\x0d\x00\x00\x00\x00\x00\x00" + quote


def _cut(frame: bytes) -> bytes:
    """The headers alone."""
    return frame[:54]


def _tunnelled(frame: bytes) -> bytes:
    """The head of the frame inside of another datagram."""
    inner = frame[14:44]
    return frame[:14] + _ip(frame[26:30], frame[30:34], 4, 20 + len(inner)) + inner


def _answering(frame: bytes) -> bytes:
    """SYN and ACK from the other end, or an answering datagram."""
    ports = frame[36:38] + frame[34:36]
    head = _ip(frame[30:34], frame[26:30], frame[23], 40)
    return _turned(frame) + head + ports + bytes(8) + b"\x50\x12\x20\x00" + bytes(4)


def _resetting(frame: bytes) -> bytes:
    """RST and ACK from the other end."""
    ports = frame[36:38] + frame[34:36]
    head = _ip(frame[30:34], frame[26:30], 6, 40)
    return _turned(frame) + head + ports + bytes(8) + b"\x50\x14\x00\x00" + bytes(4)
