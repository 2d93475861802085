"""The observations of a run: every copy that any capture made, put to the frame it belongs to.

One collection, from before the first frame until some seconds after the last. A window is judged by
what was seen of its own frames; a copy that comes later, of whatever window, at a place where it
must not be is a leak all the same. A frame without a token is somebody's: explained by what a host
was seen to send (`scenarios.capture.own_traffic`), put to the frame that it quotes or answers, or a
stray.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from scenarios.capture.arrival import is_as_sent
from scenarios.capture.own_traffic import OwnTraffic, sign
from scenarios.capture.places import Place, Ways
from scenarios.capture.rx_ring import CapturedCopy
from scenarios.capture.strays import Answered, answered, is_control, quoted
from scenarios.probes.frames import frame_numbers
from sekisho.judge.counters import Seen
from sekisho.model import Plan, Protocol
from sekisho.packet.dissect import dissect, without_tag
from sekisho.packet.packet import ETH_ARP, ETH_IPV4
from topologies.ovs.daemon import OPENFLOW_PORT

NOBODY = 0xFFFF
ALTERED = "altered at"
_Sight = tuple[Place, CapturedCopy, list[int]]
_CONVERSES = frozenset(protocol.value for protocol in Protocol)


@dataclass(slots=True)
class Sightings:
    """Everything that was seen of the frames of one window.

    Attributes:
        data: The first copy of a frame at each place.
    """

    seen: dict[int, Seen] = field(default_factory=dict)
    sent_at_ns: dict[int, int] = field(default_factory=dict)
    heard_at_ns: dict[int, int] = field(default_factory=dict)
    data: dict[tuple[int, str], bytes] = field(default_factory=dict)


class Late(NamedTuple):
    """A copy of a frame of an earlier window.

    Attributes:
        number: Of the frame.
        case: Of its case; 0 for a sentinel or a twin.
        is_leak: Whether it must not be there; else it is one copy too many on a permitted way.
    """

    number: int
    case: int
    sight: str
    at_ns: int
    is_leak: bool
    data: bytes


class Stray(NamedTuple):
    """A frame without a token that nobody was seen to send."""

    sight: str
    at_ns: int
    data: bytes


class Outgoing(NamedTuple):
    """A frame that is about to be sent.

    Attributes:
        case: Its case; 0 for a sentinel or a twin, which is put on the last cable.
        source: Position of the sender in the plan; `NOBODY` where none of them sends it.
        to: Position of who must receive it; `NOBODY` when it must die.
        data: Its bytes.
        dies_at: The switch where it must die, if that is not the one that it enters by.
    """

    case: int
    source: int
    to: int
    data: bytes
    dies_at: str = ""


class Observations:
    """Keep account of one run.

    Args:
        plan: The town.
        run: The number in every token of the run.
        first: Number of the first frame.
        is_ours: Whether our own controller enforces the plan. Somebody else's sends permitted
            frames by ways of its own, and as it likes to.
    """

    def __init__(self, plan: Plan, run: int, first: int = 1, *, is_ours: bool = True) -> None:
        self._plan, self._run, self._first = plan, run, first
        self._attachments = plan.attachments
        self._position = {a.id: n for n, a in enumerate(plan.attachments)}
        self._is_ours = is_ours
        self._ways = Ways(plan, is_free=not is_ours)
        self.own = OwnTraffic(plan, self._ways)
        # One entry a frame of the run, by its number: a run has a million of them.
        self._case, self._source, self._to = array("I"), array("H"), array("H")
        self._window_from = first
        self._sent: dict[int, bytes] = {}  # of the window
        self._bare: set[int] = set()  # of those, what is put on a cable past who sets its tag
        self._dies_at: dict[int, str] = {}  # of the run: what must die further on, and where
        self._last_sent: dict[int, bytes] = {}  # of the one before
        self._elsewhere: dict[int, str] = {}  # the place of a sentinel that is at no attachment
        self.sightings = Sightings()
        self.late: list[Late] = []
        self._strays_from = 0
        self._unexplained: list[_Sight] = []
        self.strays: list[Stray] = []
        self.doubtful: list[Stray] = []  # their sender may stand where no capture receives

    @property
    def next_number(self) -> int:
        """The number that the next frame of the run will bear."""
        return self._first + len(self._case)

    def begin_window(self) -> None:
        """Begin a window, or end one: from now on everything of earlier frames is late."""
        self.settle()
        self._window_from = self.next_number
        self._last_sent, self._sent, self._elsewhere = self._sent, {}, {}
        self._bare = set()
        self._strays_from = len(self.strays)
        self.sightings = Sightings()

    def add(self, outgoing: Outgoing, elsewhere: str = "") -> int:
        """Enter a frame before it is sent; return its number.

        Args:
            outgoing: The frame; its bytes may still be without their token.
            elsewhere: The one place where a sentinel is seen that is for no attachment.
        """
        number = self.next_number
        self._case.append(outgoing.case)
        self._source.append(outgoing.source)
        self._to.append(outgoing.to)
        if outgoing.dies_at:
            self._dies_at[number] = outgoing.dies_at
        if elsewhere:
            self._elsewhere[number] = elsewhere
        return number

    def sending(self, number: int, data: bytes, *, is_bare: bool = False) -> None:
        """Take note of the bytes of a frame of this window.

        Args:
            number: Of the frame.
            data: Its bytes.
            is_bare: Whether it is put on the cable past whoever sets the sender's tag.
        """
        self._sent[number] = data
        if is_bare:
            self._bare.add(number)
        at = number - self._first
        source, to = self._source[at], self._to[at]
        if source == NOBODY or to == NOBODY:
            return
        if _kind(data) == ETH_IPV4:
            packet = dissect(data, self._attachments[source].at)
            if packet is not None and packet.ip_proto in _CONVERSES:
                self.own.opened(packet)

    def reroute(self, ways: Ways) -> None:
        """Expect permitted frames on other ways from now on."""
        self._ways = ways
        self.own.reroute(ways)

    def absorb(self, heard: Iterable[tuple[Place, CapturedCopy]]) -> None:
        """Enter every copy: departures first and in their order, then what was seen of them.

        Captures are read one after the other, so a copy may be read before its own departure:
        what nothing explains waits until the next reading, or until `settle`.
        """
        departed: list[tuple[Place, CapturedCopy]] = []
        passed, self._unexplained = self._unexplained, []
        waiting = len(passed)
        for place, copy in heard:
            numbers = frame_numbers(self._run, copy.data)
            if place.kind != "attachment" or not copy.outgoing:
                passed.append((place, copy, numbers))
            elif not self._is_own(place, copy, numbers):
                departed.append((place, copy))
        for place, copy in sorted(departed, key=lambda each: each[1].at_ns):
            self.own.departed(self._plan.attachment[place.name], copy)
        left = [each for each in passed[:waiting] if not self._is_explained(each)]
        self._unexplained = [each for each in passed[waiting:] if not self._is_explained(each)]
        self._enter(left)

    def settle(self) -> None:
        """Enter what nothing has explained by now."""
        left, self._unexplained = self._unexplained, []
        self._enter(left)

    def _is_explained(self, sight: _Sight) -> bool:
        """Enter a copy that is where it must be; tell whether it was."""
        place, copy, numbers = sight
        name = place.sight(outgoing=copy.outgoing)
        is_right = all(self._is_expected(number, name) for number in numbers)
        if numbers and is_right and self._is_itself(numbers[0], copy):
            for number in numbers:
                self._note(number, name, copy, is_expected=True)
            return True
        if not numbers and place.kind == "channel" and self._is_business(copy):
            return True
        return self.own.explains(place, copy)  # also where a host's stack quotes one of ours

    def _is_itself(self, number: int, copy: CapturedCopy) -> bool:
        """Tell whether a copy is the frame that was sent, and not something that quotes it."""
        sent = self._sent.get(number)
        if sent is None or _kind(sent) == ETH_ARP:  # that is answered
            return True
        return sign(copy.data) == sign(sent)

    def _enter(self, sights: list[_Sight]) -> None:
        """Enter copies that are where they must not be."""
        unknown: list[tuple[Place, CapturedCopy]] = []
        for place, copy, numbers in sights:
            name = place.sight(outgoing=copy.outgoing)
            for number in numbers:
                is_right = self._is_expected(number, name) and self._is_itself(number, copy)
                self._note(number, name, copy, is_expected=is_right)
            if not numbers:
                unknown.append((place, copy))
        if unknown:
            self._attribute(unknown)

    def _is_expected(self, number: int, name: str) -> bool:
        is_known = 0 <= number - self._first < len(self._case)
        return is_known and name in self._expected(number)

    def _is_business(self, copy: CapturedCopy) -> bool:
        """Tell whether it is what a controller and its switches tell each other by right.

        Somebody else's controller may be handed packets: where those bear a token they are seen.
        """
        return not self._is_ours or is_control(copy.data, OPENFLOW_PORT)

    def _is_own(self, place: Place, copy: CapturedCopy, numbers: list[int]) -> bool:
        """Enter the sender's own copy of a frame of ours; tell whether it was one."""
        number = numbers[0] if len(numbers) == 1 else 0
        at = number - self._first
        if not 0 <= at < len(self._source) or self._source[at] != self._position[place.name]:
            return False
        sent = self._sent.get(number)
        if sent is None or copy.data != sent[: len(copy.data)]:
            return False
        found = self.sightings
        found.seen.setdefault(number, Seen()).own += 1
        found.sent_at_ns.setdefault(number, copy.at_ns)
        return True

    def _note(self, number: int, name: str, copy: CapturedCopy, *, is_expected: bool) -> None:
        """Enter a sight of a frame with a token."""
        at = number - self._first
        if not 0 <= at < len(self._case):
            self.strays.append(Stray(name, copy.at_ns, copy.data))
            return
        if number < self._window_from:
            case = self._case[at]
            self.late.append(Late(number, case, name, copy.at_ns, not is_expected, copy.data))
            return
        is_place_right = is_expected or self._is_expected(number, name)
        if is_place_right and (not is_expected or self._is_altered(number, name, copy)):
            name = f"{ALTERED} {name}"
        self._see(number, name, copy)

    def _see(self, number: int, sight: str, copy: CapturedCopy) -> None:
        found = self.sightings
        seen = found.seen.setdefault(number, Seen())
        seen.places[sight] += 1
        if number in self._bare and sight in self._ways.upwards(self._sender(number)):
            seen.own += 1  # no host has it: it leaves its sender where it enters the cable
            found.sent_at_ns.setdefault(number, copy.at_ns)
        found.heard_at_ns.setdefault(number, copy.at_ns)
        found.data.setdefault((number, sight), copy.data)

    def _sender(self, number: int) -> str:
        return self._attachments[self._source[number - self._first]].id

    def _expected(self, number: int) -> frozenset[str]:
        """Where copies of a frame may be seen, besides at its own sender."""
        at = number - self._first
        source, to = self._source[at], self._to[at]
        if source == NOBODY:
            name = self._elsewhere.get(number, "" if to == NOBODY else self._attachments[to].id)
            return frozenset({name})
        sender = self._attachments[source].id
        if to == NOBODY:
            return self._dying(sender, self._dies_at.get(number, ""))
        target = self._attachments[to].id
        return self._ways.between(sender, target) | {target}

    def _dying(self, sender: str, dies_at: str) -> frozenset[str]:
        """Where a frame that must die is seen until then."""
        return self._ways.towards(sender, dies_at) if dies_at else self._ways.upwards(sender)

    def _is_altered(self, number: int, sight: str, copy: CapturedCopy) -> bool:
        """Tell whether a frame arrived with other bytes than a router's work explains."""
        at = number - self._first
        source, to = self._source[at], self._to[at]
        if NOBODY in (source, to) or sight != self._attachments[to].id or not self._is_ours:
            return False
        sent = without_tag(self._sent[number])  # a switch takes off the tag that it admits
        target_mac = self._attachments[to].mac
        return not is_as_sent(copy, sent, router_mac=self._plan.router_mac, target_mac=target_mac)

    def _attribute(self, unknown: list[tuple[Place, CapturedCopy]]) -> None:
        """Put frames without a token to the frames of this window that they quote or answer."""
        index = Answered(self._last_sent | self._sent)
        for place, copy in unknown:
            sight = place.sight(outgoing=copy.outgoing)
            number = quoted(index, copy.data)
            if number is not None:
                self._note(number, sight, copy, is_expected=False)
                continue
            number = answered(index, copy.data)
            if number is None or place.kind != "attachment":
                self.strays.append(Stray(sight, copy.at_ns, copy.data))
            elif number < self._window_from:
                self._note(number, f"answer to {sight}", copy, is_expected=False)
            else:
                self.sightings.seen.setdefault(number, Seen()).answers += 1
                self.sightings.data.setdefault((number, f"answer to {sight}"), copy.data)

    def doubt_strays(self, *, of_all: bool = False) -> None:
        """Take the strays of this window, or of all, for frames whose sender was not heard."""
        since = 0 if of_all else self._strays_from
        self.doubtful += self.strays[since:]
        del self.strays[since:]

    def via(self, source: int, to: int, dies_at: str = "") -> frozenset[str]:
        """Return where a permitted frame is seen on its way, and a forbidden one until it dies."""
        sender = self._attachments[source].id
        if to == NOBODY:
            return self._dying(sender, dies_at)
        return self._ways.between(sender, self._attachments[to].id)


def _kind(frame: bytes) -> int:
    """Return the EtherType of a frame, behind its tag if it has one."""
    return int.from_bytes(without_tag(frame)[12:14], "big")
