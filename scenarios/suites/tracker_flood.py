"""One permitted station begins more conversations than its share; all others must still begin.

The attacker is a station of the town that is admitted and may open something: its frames are those
of the policy, only many. It begins several times as many conversations as a port may, while the
others hold real ones. That the flood reached the limit is read off the tracker itself: a flood that
did not fill its share shows nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from scenarios.capture.packet_io import HOST_SLOTS, Wire
from scenarios.probes.frames import TOKEN_BYTES, Fields, build
from scenarios.suites.services import Exchange, Outcome, chosen_exchanges, converse, exchanges
from sekisho.errors import LabError
from sekisho.model import Plan, Protocol
from sekisho.model.tracking import SHARE, share_zones
from sekisho.packet.packet import TCP_SYN
from topologies.town import Town

STATE = "flood"
_TIMES = 4  # as many conversations as a port may begin
# Frames that are sent at once. Each brings about up to four copies where it arrives (itself, an
# answer, what refuses the answer, an error of ICMP): all fit in half a capture.
_ONE_TURN = HOST_SLOTS // 8
_PAUSE_S = 0.005  # between two turns: the others need the processor
_FIRST_PORT = 1024
_MOST_OTHERS = 400
_FILL_S = 30.0


@dataclass(frozen=True, slots=True)
class Flooded:
    """What one flood did.

    Attributes:
        by: Who began too many conversations, and what it opened.
        sent: Frames that it sent, each of which would begin one.
        held: Conversations in the zone of its port afterwards.
        share: How many there may be.
        others: What became of the conversations of the others meanwhile.
    """

    by: Exchange
    sent: int
    held: int
    share: int
    others: tuple[Outcome, ...]

    @property
    def doubt(self) -> str:
        """Why this flood shows nothing, in words; empty where it used up its share and no more."""
        if self.held == self.share:
            return ""
        return f"the flooding port holds {self.held:,} conversations; its share is {self.share:,}"

    def account(self) -> dict[str, str | int]:
        """Return what the manifest says of it."""
        return {
            "by": self.by.source.id,
            "to": self.by.target.id,
            "service": self.by.service.id,
            "sent": self.sent,
            "held": self.held,
            "share": self.share,
            "others": len(self.others),
            "answered": sum(not outcome.trouble for outcome in self.others),
        }


def flooder(plan: Plan) -> Exchange | None:
    """Return what is best opened too often: from the air if anybody may there, over UDP."""
    found = [e for e in exchanges(plan) if e.service.has_ports and _other_ports(plan, e)]
    ranked = sorted(
        found,
        key=lambda e: (e.source.medium != "air", e.service.protocol is not Protocol.UDP),
    )
    return ranked[0] if ranked else None


def _other_ports(plan: Plan, by: Exchange) -> bool:
    return any(a.at != by.source.at for a in plan.attachments)


def others(plan: Plan, by: Exchange) -> list[Exchange]:
    """Return what the others begin meanwhile: each class of each switch, each service."""
    wanted = chosen_exchanges(plan, [e for e in exchanges(plan) if e.source.at != by.source.at])
    step = 1 + len(wanted) // _MOST_OTHERS
    return wanted[::step]


def flood(town: Town, wire: Wire, by: Exchange) -> Flooded:
    """Flood the tracker with what *by* opens, and hold the conversations of the others meanwhile.

    Raises:
        LabError: A switch does not take frames any more.
    """
    plan, position = town.plan, _position(town.plan, by)
    sender = _Flood(wire, position, _frames(plan, by))
    with wire.draining(), sender:
        sender.has_filled.wait(_FILL_S)
        held = tuple(converse(town, others(plan, by)))
    zone = share_zones(plan)[by.source.at]
    return Flooded(by, sender.sent, _held(town, zone), SHARE, held)


class _Flood:
    """Sends each of its frames once from a thread of its own, while its block lasts."""

    def __init__(self, wire: Wire, position: int, frames: list[bytes]) -> None:
        self._wire, self._position, self._frames = wire, position, frames
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: LabError | None = None
        self.has_filled = threading.Event()
        self.sent = 0

    def __enter__(self) -> _Flood:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None and raised[1] is None:
            raise self._error

    def _run(self) -> None:
        try:
            for first in range(0, len(self._frames), _ONE_TURN):
                self._turn(self._frames[first : first + _ONE_TURN])
                if self.sent > 2 * SHARE:
                    self.has_filled.set()
                if self._stop.is_set():
                    return
        except LabError as error:  # it is raised where somebody waits for it
            self._error = error
        finally:
            self.has_filled.set()

    def _turn(self, frames: list[bytes]) -> None:
        self._wire.send_in_step([(self._position, frame) for frame in frames])
        self.sent += len(frames)
        self._stop.wait(_PAUSE_S)


def _frames(plan: Plan, by: Exchange) -> list[bytes]:
    """Each begins a conversation of its own: another source port."""
    is_tcp = by.service.protocol is Protocol.TCP
    shape, flags = ("tcp", TCP_SYN) if is_tcp else ("udp", 0)
    a, b = by.source, by.target
    rows = [
        Fields(plan.router_mac, a.mac, a.ip, b.ip, port, by.port, flags)
        for port in range(_FIRST_PORT, _FIRST_PORT + _TIMES * SHARE)
    ]
    return build(shape, rows, [bytes(TOKEN_BYTES)] * len(rows))


def _position(plan: Plan, by: Exchange) -> int:
    return [a.id for a in plan.attachments].index(by.source.id)


def _held(town: Town, zone: int) -> int:
    """Return how many conversations a zone holds now."""
    said = town.ovs.appctl("dpctl/ct-get-limits", f"zone={zone}")
    line = next(line for line in said.splitlines() if line.startswith(f"zone={zone},"))
    return int(line.rpartition("count=")[2])
