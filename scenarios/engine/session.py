"""One window after another: send, hear, count, and hand the facts to the judge.

Knows how to drive the wire and Open vSwitch's counters. Decides nothing: what must become of a
frame is the policy's word, and whether it did is the judge's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from scenarios.capture.observations import NOBODY, Observations, Outgoing, Sightings
from scenarios.capture.packet_io import Bare, Sender, Wire
from scenarios.capture.places import Place, Ways
from scenarios.capture.positive import Positive
from scenarios.capture.sentinels import Round, Sentinels
from scenarios.probes.frames import build, replace_token, tokens
from scenarios.probes.windows import CasePlan, Frame, Window
from sekisho.errors import LabError
from sekisho.evidence.verdict import Verdict
from sekisho.judge.counters import Expectation
from sekisho.judge.judge import Health, Judgement, judge
from sekisho.model import Plan, PortRef
from sekisho.openflow.flow_dump import FlowLine, counters, digest, flows
from sekisho.openflow.rules import Cookie, Kind, drop_point
from sekisho.packet.packet import DropPoint
from topologies.network.interface_state import link_states
from topologies.town import Town
from topologies.watchdog import Watchdog

_DROPS = f"cookie={int(Cookie(Kind.DROP_TAGGED)):#x}/0xffc0000000000000"
_AT_ONCE = 6
_RECOUNTS = 5  # readings of the counters, until no host has sent anything meanwhile


@dataclass(frozen=True, slots=True)
class Attempt:
    """One window, sent once and judged.

    Attributes:
        sightings: What was seen of its frames.
        frames: The bytes of each of its frames, by number.
        send_s: Seconds until the switches had taken them.
        rules: The dropping rules that were counted.
        stuck: Why it did not come to its end, in words; then nothing but a leak was judged.
    """

    judgements: list[Judgement]
    sightings: Sightings
    expectations: dict[int, Expectation]
    frames: dict[int, bytes]
    send_s: float
    rules: dict[DropPoint, FlowLine]
    stuck: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """What the switches' counters say of one window.

    Attributes:
        rise: How far each dropping rule's counter rose.
        rules: Those rules.
        changed: What of the tables is not as it was, in words.
        others: Copies of no case that must have died, by rule.
    """

    rise: Mapping[DropPoint, int] = field(default_factory=dict)
    rules: dict[DropPoint, FlowLine] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    others: Mapping[DropPoint, int] = field(default_factory=dict)


class Session:
    """Drive the windows of one run on *town*.

    Args:
        town: The running town.
        wire: Its open captures and senders.
        run: 32-bit number of this run, in every token.
        first: Number of the first frame.
    """

    def __init__(self, town: Town, wire: Wire, *, run: int, first: int = 1) -> None:
        self._town, self._wire, self._run = town, wire, run
        self._plan: Plan = town.plan
        self._position = {a.id: n for n, a in enumerate(self._plan.attachments)}
        self.observed = Observations(self._plan, run, first, is_ours=town.is_ours)
        self._sentinels = Sentinels(town, wire, self.observed, run)
        self._watchdog = Watchdog(town.ovs)
        self.frames_sent = 0
        self.last_sent = time.monotonic()
        self._is_attributed = town.is_ours
        self._before: dict[str, list[FlowLine]] = {}
        self._lost_before = Counter[Place]()  # at the end of the last attempt
        self._lost_between = Counter[Place]()
        self.rebase()

    @property
    def run(self) -> int:
        """The number of this run, in every token."""
        return self._run

    def attempt(self, window: Window, cases: Iterable[CasePlan]) -> Attempt:
        """Send the frames of *cases* (all or some of the window's) once, and judge them.

        Raises:
            LabError: The switches took no more, and no leak was seen until then.
        """
        wanted = {case.number: case for case in cases}
        frames = [frame for frame in window.frames if frame.case in wanted]
        if window.is_stateful:
            self.flush_conntrack()
        self.listen()
        self._lost_between += Counter(self._wire.dropped) - self._lost_before
        self.observed.begin_window()
        numbers, raw = self._made(frames, wanted)
        senders = (self._sender_of(wanted[frame.case]) for frame in frames)
        outgoing = list(zip(senders, raw, strict=True))
        links_before, lost_before = link_states(), self._wire.lost()
        rounds = self._sentinels.round(), self._sentinels.round()
        twins = self._sentinels.twins(window.targets)
        with self._watchdog:
            send = self._wire.send_in_turns if window.is_stateful else self._wire.send
            seconds, stuck = self._send(outgoing, rounds, twins, send)
            if window.is_stateful:
                self.flush_conntrack()
            count = Count() if stuck else self._count()
        self.observed.settle()
        if link_states() != links_before:
            count = replace(count, changed=(*count.changed, "a link"))
        health = replace(
            self._health(rounds, count, stuck), lost=tuple(self._wire.lost() - lost_before)
        )
        expected = self._expectations(wanted, dict(zip(numbers, frames, strict=True)), twins)
        seen = self.observed.sightings
        judged = judge(expected.values(), seen.seen, count.rise, health, others=count.others)
        if stuck and not any(j.verdict is Verdict.LEAK for j in judged):
            raise LabError(stuck)
        sent = dict(zip(numbers, raw, strict=True))
        self.observed.begin_window()
        return Attempt(judged, seen, expected, sent, seconds, count.rules, stuck)

    def _is_heard(self, sentinels: Round) -> bool:
        """Tell whether every capture has heard its sentinel of a round by now."""
        self.listen()
        return not self._sentinels.not_receiving(sentinels)

    def _health(self, rounds: tuple[Round, Round], count: Count, stuck: str) -> Health:
        """Whether the instrument can be believed in the window that has just ended."""
        counted = {point.switch for point in count.rules}
        not_receiving = self._sentinels.not_receiving(*rounds)
        dropped = Counter(self._wire.dropped)
        lossy, self._lost_before = dropped - self._lost_before, dropped
        if not_receiving or lossy:
            self.observed.doubt_strays()
        return Health(
            not_receiving=not_receiving,
            lossy=tuple(place.name for place in lossy),
            changed=count.changed,
            uncounted=frozenset(s.id for s in self._plan.switches) - counted,
            is_attributed=self._is_attributed,
            stuck=stuck,
            stalled=self._watchdog.stalled,
        )

    @property
    def lost_outside(self) -> Counter[Place]:
        """Copies that captures lost while no window was tried: nothing tries those again."""
        return self._lost_between + (Counter(self._wire.dropped) - self._lost_before)

    def note_sent(self) -> None:
        """Note that something has just been sent."""
        self.last_sent = time.monotonic()

    def listen(self) -> None:
        """Enter everything that has been heard since the last time."""
        self.observed.absorb(self._wire.heard())

    def reroute(self, down: Iterable[PortRef]) -> None:
        """Expect permitted frames on the ways that are left without the lines of *down*."""
        ends = frozenset(down)
        self.observed.reroute(Ways(self._plan, ends))
        self._sentinels.down = ends
        self.rebase()

    def flush_conntrack(self) -> None:
        """Empty the trackers of all switches, and forget what was open."""
        self._town.ovs.flush_conntrack()
        self.observed.own.forget()

    def _made(
        self, frames: list[Frame], cases: Mapping[int, CasePlan]
    ) -> tuple[range, list[bytes]]:
        """Enter *frames* under the next numbers, and build them."""
        first = self.observed.next_number
        for frame in frames:
            case = cases[frame.case]
            to = self._position[case.to] if case.to else NOBODY
            source = self._position[case.source.id]
            self.observed.add(Outgoing(case.number, source, to, b"", _dies_at(case)))
        numbers = range(first, first + len(frames))
        raw = self.build(frames, numbers)
        for number, data, frame in zip(numbers, raw, frames, strict=True):
            self.observed.sending(number, data, is_bare=cases[frame.case].is_bare)
        return numbers, raw

    def _sender_of(self, case: CasePlan) -> Sender:
        """Return by what the frames of *case* are sent: see `Wire.send`."""
        position = self._position[case.source.id]
        return Bare(position) if case.is_bare else position

    def _send(
        self,
        outgoing: list[tuple[Sender, bytes]],
        rounds: tuple[Round, Round],
        twins: list[tuple[int, int, bytes]],
        send: Callable[[list[tuple[Sender, bytes]]], None],
    ) -> tuple[float, str]:
        """Send everything between two rounds of sentinels, with the twins in the middle.

        Returns the seconds until the switches had taken the frames, and why they did not, in words.
        """
        before, after = rounds
        half = len(outgoing) // 2
        seconds, began = 0.0, time.monotonic()
        try:
            self._sentinels.send(before)
            send(outgoing[:half])
            self._wire.inject([(position, data) for _, position, data in twins])
            send(outgoing[half:])
            self._wire.settle()
            seconds = time.monotonic() - began
            self._sentinels.send(after)
            self._wire.settle(lambda: self._is_heard(after))
        except LabError as error:  # frames that go round; what was seen by now was seen
            return seconds, str(error)
        finally:
            self.frames_sent += len(outgoing)
            self.note_sent()
            self.listen()
        return seconds, ""

    def rebase(self) -> None:
        """Take the tables and counters as they are now for the state before the next attempt."""
        if self._is_attributed:
            self._before, _ = self._read_exactly()
            self.observed.own.due.clear()

    def build(self, frames: list[Frame], numbers: range) -> list[bytes]:
        """Return the bytes of *frames*, each with the token of its number."""
        out: list[bytes] = [b""] * len(frames)
        by_shape: dict[str, list[int]] = {}
        for position, frame in enumerate(frames):
            by_shape.setdefault(frame.shape, []).append(position)
        for position in by_shape.pop("raw", []):
            (mark,) = tokens(self._run, [numbers[position]])
            out[position] = replace_token(frames[position].raw, mark)
        for shape, positions in by_shape.items():
            marks = tokens(self._run, [numbers[p] for p in positions])
            built = build(shape, [frames[p].fields for p in positions], marks)
            for position, data in zip(positions, built, strict=True):
                out[position] = data
        return out

    def _expectations(
        self,
        wanted: dict[int, CasePlan],
        own: dict[int, Frame],
        between: list[tuple[int, int, bytes]],
    ) -> dict[int, Expectation]:
        """What must become of each case; its twins are the positive frames to the same target."""
        by_case: dict[int, list[int]] = {number: [] for number in wanted}
        for number, frame in own.items():
            by_case[frame.case].append(number)
        positive = Positive(wanted.values(), by_case, is_ours=self._is_attributed)
        for number, position, _ in between:
            positive.add_twin(self._plan.attachments[position].id, number)
        return {
            number: Expectation(
                case=number,
                source=case.source.id,
                target=case.target.id,
                to=case.to,
                drop=case.drop,
                frames=tuple(by_case[number]),
                twins=positive.twins(case),
                is_residual=case.is_residual,
                also=case.also,
                via=self._via(case),
                pilots=positive.pilots(case),
                carriers=positive.carriers(case),
            )
            for number, case in wanted.items()
        }

    def _via(self, case: CasePlan) -> frozenset[str]:
        to = self._position[case.to] if case.to else NOBODY
        return self.observed.via(self._position[case.source.id], to, _dies_at(case))

    def _drop_rules(self) -> dict[str, list[FlowLine]]:
        ovs, names = self._town.ovs, [s.id for s in self._plan.switches]
        ovs.settle()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            dumps = list(pool.map(lambda name: ovs.flows(name, _DROPS), names))
        return {name: flows(dump) for name, dump in zip(names, dumps, strict=True)}

    def _read_exactly(self) -> tuple[dict[str, list[FlowLine]], bool]:
        """Read the counters at a moment when no host has anything under way.

        Returns them, and whether such a moment was found.
        """
        found: dict[str, list[FlowLine]] = {}
        for _ in range(_RECOUNTS):
            self.listen()
            left = self.observed.own.left
            found = self._drop_rules()
            self.listen()
            if self.observed.own.left == left:
                return found, True
        return found, False

    def _count(self) -> Count:
        """Read how far each dropping rule's counter rose, and whether the rules are the same.

        Of somebody else's rules nothing is read.
        """
        if not self._is_attributed:
            return Count()
        before = self._before
        after, is_quiet = self._read_exactly()
        self._before = after
        others = Counter(self.observed.own.due)
        self.observed.own.due.clear()
        rise = Counter[DropPoint]()
        rules: dict[DropPoint, FlowLine] = {}
        for switch, lines in after.items():
            for line in lines:
                point = drop_point(line.cookie, switch, self._plan)
                if point is not None:
                    rules[point] = line
            own = counters([line for line in lines if line.drops])
            own.subtract(counters([line for line in before[switch] if line.drops]))
            for cookie, packets in own.items():
                point = drop_point(cookie, switch, self._plan)
                if point is not None:
                    rise[point] += packets
        changed = tuple(
            f"the tables of {s}" for s in after if digest(after[s]) != digest(before[s])
        )
        if not is_quiet:
            changed = (*changed, "hosts never ceased to send")
        return Count(rise, rules, changed, others)


def _dies_at(case: CasePlan) -> str:
    """Return the switch that must drop a case, if it does not enter by that one; else nothing."""
    switch = case.drop.switch if case.drop is not None else ""
    return switch if switch != case.source.at.switch else ""
