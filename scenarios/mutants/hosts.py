"""Faults of hosts: one forwards, one has another's address, a server answers what is not its own.

What a switch lets nobody reach does no harm: then the fault must be shown to be alive, by frames
put on the host's own cable past every switch, and what it sends must die. That is *equivalent*,
decided on the wire, with the rule that masks it.
"""

from __future__ import annotations

import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from scenarios.mutants.harness import (
    EQUIVALENT,
    INCONCLUSIVE,
    KILLED,
    Mutant,
    MutantResult,
    MutationHarness,
)
from scenarios.probes.frames import Fields, build, frame_number, tokens
from sekisho.model import Attachment, CellKind, Plan, Protocol
from sekisho.policy.matrix import matrix
from topologies.network.netns import in_netns

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_CONNECT_S, _IP_S = 0.5, 10.0
_RUN, _NUMBER = 0x5EC15A0, 1  # of the tokens sent here
_DHCP_SERVER, _DHCP_CLIENT = 67, 68  # RFC 2131, 4.1
_ALL, _EVERYBODY = IPv4Address("255.255.255.255"), "ff:ff:ff:ff:ff:ff"
_MOST = 3  # devices that forward, at most


@dataclass(frozen=True, slots=True)
class Sight:
    """Where frames of ours were seen, after the ones that were put on a cable by hand.

    Attributes:
        left: Copies that left the host.
        elsewhere: Where any copy was seen beyond the host itself.
        dropped: Which dropping rules counted copies meanwhile.
    """

    left: int
    elsewhere: tuple[str, ...]
    dropped: str


def mutants(plan: Plan) -> list[Mutant]:
    """Return the faults of hosts that this plan has hosts for."""
    servers = [a for a in plan.attachments if a.registered and a.services]
    legged = [d.attachments[0] for d in plan.devices if len(d.attachments) > 1]
    relays = list({a.device: a for a in (*legged[:1], *servers)}.values())[:_MOST]
    out = [_forwarding(relay) for relay in relays]
    pair = _allowed_and_not(plan)
    if pair is not None:
        out.append(_second_address(*pair))
    guests = [a for a in plan.attachments if not a.services]
    if servers and guests:
        out.append(_rogue_server(servers[0], guests[-1]))
    return out


def _seen(harness: MutationHarness, at: Attachment) -> Sight:
    left, elsewhere = 0, Counter[str]()
    for place, copy in harness.wire.heard():
        if frame_number(_RUN, copy.data) == _NUMBER:
            if place.name == at.id and place.kind == "attachment":
                left += copy.outgoing
            else:
                elsewhere[place.name] += 1
    counted = harness.session._count().rise
    words = ", ".join(f"{point} {n}" for point, n in sorted(counted.items()) if n > 0)
    return Sight(left, tuple(sorted(elsewhere)), words)


def _put(harness: MutationHarness, at: Attachment, fields: Fields) -> None:
    """Put one frame on the last cable to a host, past every switch."""
    for _ in harness.wire.heard():
        pass
    harness.session.rebase()
    (frame,) = build("udp", [fields], tokens(_RUN, [_NUMBER]))
    harness.wire.inject([(harness.plan.attachments.index(at), frame)])
    harness.wire.settle()


def _verdict(sight: Sight, alive: str) -> MutantResult:
    if sight.elsewhere:
        return MutantResult(KILLED, "relay", f"leak: seen at {', '.join(sight.elsewhere[:4])}", 1)
    if not sight.left:
        return MutantResult(INCONCLUSIVE, "relay", f"the fault is not alive: {alive} nothing", 1)
    how = f"{alive} {sight.left} frames, and they died: {sight.dropped}"
    return MutantResult(EQUIVALENT, "the wire", how, 1)


def _forwarding(relay: Attachment) -> Mutant:
    """A shared device forwards what is not its own."""

    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        with in_netns(harness.town.pid(relay)):
            before = _FORWARDING.read_text()
            _FORWARDING.write_text("1")
        try:
            yield
        finally:
            with in_netns(harness.town.pid(relay)):
                _FORWARDING.write_text(before)

    def tried(harness: MutationHarness) -> MutantResult:
        told = harness.gate_and_talk(harness.suite(None), None)
        if told is not None:
            return told
        others = [a for a in harness.plan.attachments if a.device != relay.device]
        fields = Fields(
            eth_dst=relay.mac,
            eth_src=harness.plan.router_mac,
            ip_src=others[0].ip,
            ip_dst=others[-1].ip,
            sport=40000,
            dport=443,
        )
        _put(harness, relay, fields)
        return _verdict(_seen(harness, relay), f"{relay.device} forwarded")

    ids = ("M-32", "M09", "M10")
    return Mutant(ids, "host", relay.device, "the kernel forwards IP", planted, tried)


def _allowed_and_not(plan: Plan) -> tuple[Attachment, Attachment, Attachment] | None:
    """One who may open a TCP service of a target, one who may not, and the target."""
    cells = matrix(plan)
    for target in plan.attachments:
        if not any(plan.service[n].protocol is Protocol.TCP for n in target.services):
            continue
        own = [a for a in plan.attachments if a.registered and a.device != target.device]
        may = [a for a in own if cells[a.source, target.destination].kind is CellKind.ALLOW]
        not_ = [a for a in own if cells[a.source, target.destination].kind is CellKind.DENY]
        if may and not_:
            return may[0], not_[0], target
    return None


def _second_address(may: Attachment, not_: Attachment, target: Attachment) -> Mutant:
    """Somebody gives his own host the address of somebody who may, and opens a real connection."""

    def ip(harness: MutationHarness, word: str) -> None:
        name = harness.town.interface(not_)
        with in_netns(harness.town.pid(not_)):
            words = ["ip", "addr", word, f"{may.ip}/32", "dev", name]
            subprocess.run(words, check=True, timeout=_IP_S)

    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        ip(harness, "add")
        try:
            yield
        finally:
            ip(harness, "del")

    def tried(harness: MutationHarness) -> MutantResult:
        names = target.services
        services = (harness.plan.service[name] for name in names)
        port = next(s.edges()[0] for s in services if s.protocol is Protocol.TCP)
        harness.session.rebase()
        if _connects(harness, not_, may.ip, (str(target.ip), port)):
            return MutantResult(
                KILLED, "exchange", f"leak: {not_.id} opened {target.id} tcp/{port}", 1
            )
        counted = harness.session._count().rise
        dropped = ", ".join(f"{p} {n}" for p, n in sorted(counted.items()) if n > 0)
        if not dropped:
            return MutantResult(INCONCLUSIVE, "exchange", "no rule counted what was sent", 1)
        return MutantResult(EQUIVALENT, "the wire", f"what it sends dies: {dropped}", 1)

    words = f"it has the address of {may.id} too"
    return Mutant(("M14",), "host", not_.id, words, planted, tried)


def _connects(
    harness: MutationHarness, at: Attachment, ip: IPv4Address, to: tuple[str, int]
) -> bool:
    with in_netns(harness.town.pid(at)):
        client = socket.socket()
    with client:
        name = harness.town.interface(at).encode()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        client.bind((str(ip), 0))
        client.settimeout(_CONNECT_S)
        return client.connect_ex(to) == 0


def _rogue_server(server: Attachment, guest: Attachment) -> Mutant:
    """A server inside answers the DHCP requests of guests."""
    listening: list[socket.socket] = []

    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        with in_netns(harness.town.pid(server)):
            listening[:] = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
        with listening[0] as own:
            name = harness.town.interface(server).encode()
            own.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            own.settimeout(_CONNECT_S)
            own.bind(("", _DHCP_SERVER))
            yield

    def tried(harness: MutationHarness) -> MutantResult:
        asking = Fields(
            _EVERYBODY, guest.mac, IPv4Address(0), _ALL, sport=_DHCP_CLIENT, dport=_DHCP_SERVER
        )
        (frame,) = build("udp", [asking], tokens(_RUN, [_NUMBER]))
        harness.wire.send([(harness.plan.attachments.index(guest), frame)])
        harness.wire.settle()
        if _asked(listening[0]):
            return MutantResult(
                KILLED, "BM-07", f"leak: {server.id} heard a guest's DHCP request", 1
            )
        _put(harness, server, asking)  # and now past the switches: is it alive?
        if not (said := _asked(listening[0])):
            return MutantResult(
                INCONCLUSIVE, "BM-07", "the server does not hear what is put on its cable", 1
            )
        listening[0].sendto(said, (str(_ALL), _DHCP_CLIENT))
        harness.wire.settle()
        return _verdict(_seen(harness, server), "the server answered")

    words = f"it answers DHCP requests such as those of {guest.id}"
    return Mutant(("M18",), "host", server.id, words, planted, tried)


def _asked(listening: socket.socket) -> bytes:
    try:
        return listening.recv(2048)
    except TimeoutError:
        return b""
