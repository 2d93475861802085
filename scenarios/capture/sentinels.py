"""Frames that test the captures of a window: sentinels at every place, and twins of every shape.

A sentinel is put on the very cable that a capture listens at, before and after the frames of a
window, and must be heard exactly once: a capture that misses one could miss a leak. On the lines
between switches and on the cables to access points it goes in both directions, and dies at the
switch at the other end by a rule whose counter is known. The loopback of the controller's channel
takes a datagram. A bridge's LOCAL port is down, which is part of what is compared before and
after; there and at strangers' interfaces only the capture itself is looked at.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address

from scenarios.capture.observations import NOBODY, Observations, Outgoing
from scenarios.capture.packet_io import Wire
from scenarios.capture.places import CHANNEL, Place, link_place
from scenarios.probes.frames import Fields, build, tokens
from sekisho.judge.counters import Seen
from sekisho.model import Attachment, Plan, PortRef
from sekisho.packet.packet import DropPoint, Packet, Reason
from sekisho.policy.evaluate import Policy
from topologies.network.interface_names import switch_interface, uplink
from topologies.town import Town

#: Shapes whose twin is injected at each target of a window.
CONTROL_SHAPES = (
    "tcp",
    "tagged",
    "fragment",
    "udp",
    "icmp-echo",
    "icmp-timestamp",
    "icmp-redirect",
    "icmp-reply",
    "arp",
    "udp6-local",
    "udp6-ula",
    "ra",
    "other",
    "udp-ttl1",
    "udp-ttl0",
)
_CAPTURE_MAC = "02:ea:00:00:00:01"  # nobody's: the host's own stack ignores what is injected
_NOWHERE = IPv4Address("192.0.2.1")  # RFC 5737: nobody's address
_EXPERIMENT = 0x88B5  # IEEE 802, 9.2.3: an EtherType for local experiments
_DISCARD = ("127.0.0.1", 9)  # RFC 863

#: Frame number -> (attachment position, bytes).
Captures = dict[int, tuple[int, bytes]]
#: Interface to put a frame on, its bytes, its number, and the rule that counts it, if any does.
Tap = tuple[str, bytes, int, DropPoint | None]


def of_tags(plan: Plan) -> tuple[str, ...]:
    """Return the shapes that are sent as well where ports of *plan* are under tags."""
    return ("tagged-twice",) if any(a.tag for a in plan.attachments) else ()


class Round:
    """One round of sentinels, ready to be sent.

    Attributes:
        captures: At every attachment.
        taps: On the cables between bridges.
        channel: The bytes and the number of the datagram on the loopback.
    """

    def __init__(self, captures: Captures, taps: list[Tap], channel: tuple[bytes, int]) -> None:
        self.captures, self.taps, self.channel = captures, taps, channel


class Sentinels:
    """Make and send the sentinels of *town*, entering each into *observed*."""

    def __init__(self, town: Town, wire: Wire, observed: Observations, run: int) -> None:
        self._town, self._wire, self._observations, self._run = town, wire, observed, run
        self._plan: Plan = town.plan
        self._policy = Policy(town.plan)
        self._position = {a.id: n for n, a in enumerate(town.plan.attachments)}
        self.down: frozenset[PortRef] = frozenset()

    def round(self) -> Round:
        """Return one round for every place."""
        captures = {
            n: (self._position[a.id], data)
            for n, a, data in self._whispers(("udp", a) for a in self._plan.attachments)
        }
        number = self._entered(CHANNEL)
        return Round(captures, self._taps(), (tokens(self._run, [number])[0], number))

    def twins(self, targets: Iterable[Attachment]) -> list[tuple[int, int, bytes]]:
        """Return one frame of every shape to every target: (number, position, bytes)."""
        shapes = (*CONTROL_SHAPES, *of_tags(self._plan))
        pairs = ((shape, target) for target in targets for shape in shapes)
        return [(n, self._position[a.id], data) for n, a, data in self._whispers(pairs)]

    def send(self, one: Round) -> None:
        """Put every sentinel of a round on its cable."""
        self._wire.inject(list(one.captures.values()))
        for interface, data, _, point in one.taps:
            self._wire.tap(interface, data)
            if point is not None:
                self._observations.own.due[point] += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(one.channel[0], _DISCARD)

    def not_receiving(self, *rounds: Round) -> frozenset[str]:
        """Return the places at which some sentinel was not heard exactly once, or not at all."""
        seen, out = self._observations.sightings.seen, set(self._wire.blind())
        for one in rounds:
            for number, (position, _) in one.captures.items():
                if seen.get(number, Seen()).places.total() != 1:
                    out.add(self._plan.attachments[position].id)
            for interface, _, number, _ in one.taps:
                if seen.get(number, Seen()).places.total() != 1:
                    out.add(interface)
            if not seen.get(one.channel[1], Seen()).places.total():
                out.add(CHANNEL)
        return frozenset(out)

    def _whispers(
        self, shapes: Iterable[tuple[str, Attachment]]
    ) -> list[tuple[int, Attachment, bytes]]:
        """Frames (number, to whom, bytes) that test a capture past every switch."""
        out = []
        for shape, target in shapes:
            number = self._observations.add(Outgoing(0, NOBODY, self._position[target.id], b""))
            fields = Fields(_CAPTURE_MAC, self._plan.router_mac, _NOWHERE, target.ip, 9, 9, 2)
            (data,) = build(shape, [fields], tokens(self._run, [number]))
            out.append((number, target, data))
        return out

    def _entered(self, sight: str) -> int:
        return self._observations.add(Outgoing(0, NOBODY, NOBODY, b""), elsewhere=sight)

    def _taps(self) -> list[Tap]:
        """Sentinels for the cables between bridges, in both directions."""
        out = []
        is_ours = self._town.is_ours
        for link in self._plan.links if is_ours else ():
            if {link.a, link.b} & self.down:
                continue
            place = link_place(link)
            for near, far in ((link.a, link.b), (link.b, link.a)):
                sight = place.sight(outgoing=near == link.a)
                point = DropPoint(Reason.TRUNK.value, far.switch, str(far.port))
                out.append(self._tap(switch_interface(near), sight, point))
        for air in self._plan.airs:
            place = Place("air", air.id)
            down = place.sight(outgoing=True)
            out.append(self._tap(switch_interface(air.at), down, None))
            if is_ours:
                strange = Packet(at=air.at, eth_src=_CAPTURE_MAC, eth_dst=_CAPTURE_MAC)
                ruling = self._policy.ruling(strange._replace(eth_type=_EXPERIMENT))
                up = place.sight(outgoing=False)
                out.append(self._tap(uplink(air.id), up, ruling.drop))
        return out

    def _tap(self, interface: str, sight: str, point: DropPoint | None) -> Tap:
        number = self._entered(sight)
        fields = Fields(_CAPTURE_MAC, _CAPTURE_MAC, _NOWHERE, _NOWHERE, 0, _EXPERIMENT)
        (data,) = build("other", [fields], tokens(self._run, [number]))
        return interface, data, number, point
