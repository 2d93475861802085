"""One window after another: send, hear, count, and hand the facts to the judge.

Knows how to drive the wire and Open vSwitch's counters. Decides nothing: what must become of a
frame is the policy's word, and whether it did is the judge's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address

from scenarios.frames import Fields, build, replace_token, tokens
from scenarios.gate import CasePlan, Frame, Window
from scenarios.ledger import Ledger
from scenarios.wire import Wire
from sekisho.books import Expectation, Seen
from sekisho.dumps import FlowLine, counters, digest, flows
from sekisho.errors import LabError
from sekisho.evidence import Verdict
from sekisho.flow import DropPoint
from sekisho.judge import Health, Judgement, judge
from sekisho.model import Plan
from sekisho.rules import Cookie, Kind, drop_point
from topologies.links import link_states
from topologies.town import Town

#: Shapes whose twin is whispered to each target of a window.
EAR_SHAPES = (
    "tcp",
    "tagged",
    "fragment",
    "udp",
    "icmp-echo",
    "icmp-timestamp",
    "icmp-redirect",
    "arp",
    "udp6-local",
    "udp6-ula",
    "ra",
    "other",
    "udp-ttl1",
    "udp-ttl0",
)
_EAR_MAC = "02:ea:00:00:00:01"  # nobody's: the host's own stack ignores the whisper
_DROPS = f"cookie={int(Cookie(Kind.DROP_TAGGED)):#x}/0xffc0000000000000"
_AT_ONCE = 6

#: Sentinels: frame number -> (attachment position, bytes).
Ears = dict[int, tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One window, sent once and judged.

    Attributes:
        stuck: Why it did not come to its end, in words; then nothing but a leak was judged.
    """

    judgements: list[Judgement]
    ledger: Ledger
    expectations: dict[int, Expectation]
    frames: dict[int, bytes]
    send_s: float
    rules: dict[DropPoint, FlowLine]
    stuck: str = ""


class Session:
    """Drive the windows of one run on *town*.

    Args:
        town: The running town.
        wire: Its open ears and mouths.
        run: 32-bit number of this run, in every token.
        first: Number of the first frame.
    """

    def __init__(self, town: Town, wire: Wire, *, run: int, first: int = 1) -> None:
        self._town, self._wire, self._run = town, wire, run
        self._plan: Plan = town.plan
        self._position = {a.id: n for n, a in enumerate(self._plan.attachments)}
        self._links = frozenset(p.name for p in wire.rings if p.kind == "link")
        self._next = first
        self.frames_sent = 0
        self._is_attributed = town.is_ours
        self._before = self._drop_rules() if self._is_attributed else {}

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
        numbers, raw = self._made(frames)
        outgoing = [
            (self._position[wanted[f.case].source.id], x) for f, x in zip(frames, raw, strict=True)
        ]
        if window.is_stateful:
            self._town.ovs.forget_connections()
        links_before, lost_before, ledger = link_states(), self._wire.lost(), Ledger()
        sentinels, twins = (self._ears(), self._ears()), self._twins(window)
        seconds, stuck = self._send(outgoing, sentinels, twins)
        self.frames_sent += len(outgoing)
        own = dict(zip(numbers, frames, strict=True))
        expectations = self._expectations(wanted, own, twins)
        ledger.listen(self._wire.heard(), self._run, own)
        if window.is_stateful:
            self._town.ovs.forget_connections()
        counted, rules, changed = ({}, {}, ()) if stuck else self._count()
        if link_states() != links_before:
            changed = (*changed, "a link")
        health = Health(
            deaf=self._deaf(ledger, *sentinels),
            lossy=tuple(place.name for place in self._wire.dropped),
            lost=tuple(self._wire.lost() - lost_before),
            changed=changed,
            uncounted=frozenset(s.id for s in self._plan.switches) - {p.switch for p in rules},
            is_attributed=self._is_attributed,
            stuck=stuck,
        )
        judgements = judge(expectations.values(), ledger.seen, counted, health, links=self._links)
        if stuck and not any(j.verdict is Verdict.LEAK for j in judgements):
            raise LabError(stuck)
        sent = dict(zip(numbers, raw, strict=True))
        return Attempt(judgements, ledger, expectations, sent, seconds, rules, stuck)

    def _made(self, frames: list[Frame]) -> tuple[range, list[bytes]]:
        """Build *frames* under the next numbers."""
        numbers = range(self._next, self._next + len(frames))
        self._next += len(frames)
        return numbers, self.build(frames, numbers)

    def _send(
        self,
        outgoing: list[tuple[int, bytes]],
        sentinels: tuple[Ears, Ears],
        twins: list[tuple[int, int, bytes]],
    ) -> tuple[float, str]:
        """Send everything between two rounds of sentinels, with the twins in the middle.

        Returns the seconds until the switches had taken the frames, and why they did not, in words.
        """
        before, after = sentinels
        half = len(outgoing) // 2
        self._discard_what_was_heard()
        seconds, began = 0.0, time.monotonic()
        try:
            self._wire.whisper(list(before.values()))
            self._wire.send(outgoing[:half])
            self._wire.whisper([(position, data) for _, position, data in twins])
            self._wire.send(outgoing[half:])
            self._wire.settle()
            seconds = time.monotonic() - began
            self._wire.whisper(list(after.values()))
            self._wire.settle()
        except LabError as error:  # frames that go round; what was seen by now was seen
            return seconds, str(error)
        return seconds, ""

    def rebase(self) -> None:
        """Take the tables and counters as they are now for the state before the next attempt."""
        self._before = self._drop_rules()

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

    def _whispers(self, shapes: Iterable[tuple[str, str]]) -> list[tuple[int, str, bytes]]:
        """Frames (number, attachment id, bytes) that test an ear past every switch."""
        out = []
        for shape, name in shapes:
            attachment = self._plan.attachment[name]
            number, self._next = self._next, self._next + 1
            fields = Fields(
                _EAR_MAC, self._plan.router_mac, IPv4Address("192.0.2.1"), attachment.ip, 9, 9, 2
            )  # RFC 5737: nobody's address
            (data,) = build(shape, [fields], tokens(self._run, [number]))
            out.append((number, name, data))
        return out

    def _ears(self) -> Ears:
        """Sentinels: one frame to every attachment of the town."""
        every = ((("udp", a.id)) for a in self._plan.attachments)
        return {n: (self._position[name], data) for n, name, data in self._whispers(every)}

    def _twins(self, window: Window) -> list[tuple[int, int, bytes]]:
        """One frame of every shape to every target: (number, position, bytes)."""
        pairs = ((shape, t.id) for t in window.targets for shape in EAR_SHAPES)
        return [(n, self._position[name], data) for n, name, data in self._whispers(pairs)]

    def _discard_what_was_heard(self) -> None:
        for _ in self._wire.heard():
            pass

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
        twins: dict[str, list[int]] = {}
        for number, position, _ in between:
            twins.setdefault(self._plan.attachments[position].id, []).append(number)
        for case in wanted.values():
            if case.is_twin_of({case.to}):
                twins.setdefault(case.to, []).extend(by_case[case.number])
        return {
            number: Expectation(
                case=number,
                source=case.source.id,
                target=case.target.id,
                to=case.to,
                drop=case.drop,
                frames=tuple(by_case[number]),
                twins=tuple(twins.get(case.target.id, ())),
                is_residual=case.is_residual,
                also=case.also,
            )
            for number, case in wanted.items()
        }

    def _deaf(self, ledger: Ledger, *sentinels: Ears) -> frozenset[str]:
        """Attachments at which some sentinel was not heard exactly once."""
        return frozenset(
            self._plan.attachments[position].id
            for group in sentinels
            for number, (position, _) in group.items()
            if ledger.seen.get(number, Seen()).places.total() != 1
        )

    def _drop_rules(self) -> dict[str, list[FlowLine]]:
        ovs, names = self._town.ovs, [s.id for s in self._plan.switches]
        ovs.settle()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            dumps = list(pool.map(lambda name: ovs.flows(name, _DROPS), names))
        return {name: flows(dump) for name, dump in zip(names, dumps, strict=True)}

    def _count(
        self,
    ) -> tuple[dict[DropPoint, int], dict[DropPoint, FlowLine], tuple[str, ...]]:
        """Read how far each dropping rule's counter rose, and whether the rules are the same.

        Of somebody else's rules nothing is read.
        """
        if not self._is_attributed:
            return {}, {}, ()
        before, after = self._before, self._drop_rules()
        self._before = after
        counted = Counter[DropPoint]()
        rules: dict[DropPoint, FlowLine] = {}
        for switch, lines in after.items():
            for line in lines:
                point = drop_point(line.cookie, switch, self._plan)
                if point is not None:
                    rules[point] = line
            rise = counters([line for line in lines if line.drops])
            rise.subtract(counters([line for line in before[switch] if line.drops]))
            for cookie, packets in rise.items():
                point = drop_point(cookie, switch, self._plan)
                if point is not None:
                    counted[point] += packets
        changed = tuple(
            f"the tables of {s}" for s in after if digest(after[s]) != digest(before[s])
        )
        return dict(counted), rules, changed
