"""A finding down to one packet: what it was, which rule let it go, where it was seen.

For every leak (and over-block, and unattributed drop) one frame is shown as Scapy prints it, as the
Scapy command that builds it, as a hex dump, as Open vSwitch traces it through the switches, and as
pcapng. Of the first leaks, it is a frame that leaks when it is sent by itself, if there is one.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from scapy.config import conf
from scapy.layers.l2 import Ether
from scapy.utils import hexdump

from scenarios.engine import isolate as alone
from scenarios.engine.session import Attempt, Session
from scenarios.probes.windows import CasePlan
from scenarios.results.trace import follow, steps
from sekisho.errors import LabError
from sekisho.evidence.case import Case
from sekisho.evidence.finding import Finding
from sekisho.evidence.verdict import Verdict
from sekisho.judge.judge import Judgement
from sekisho.packet.dissect import with_tag
from sekisho.report.pcapng import CapturedFrame, write
from topologies.town import Town

# One finding of each pair and verdict gets a trace and a pcapng, up to this many; all are listed.
_MOST = 200
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")
_MOST_ALONE, _MOST_FRAMES, _ALONE_S = 3, 4, 8.0  # findings, frames of each, all together


class _Explained(NamedTuple):
    """What is known of a frame beyond its bytes."""

    trace: str = ""
    path: tuple[str, ...] = ()
    pcap: str = ""
    alone: str = ""


class Findings:
    """Collect the findings of one run; packets go to *folder*/findings.

    Args:
        town: The running town.
        folder: The run folder.
        session: Sends single frames once more.
    """

    def __init__(self, town: Town, folder: Path, session: Session) -> None:
        self._town, self._folder, self._session = town, folder, session
        self._tried_alone, self._alone_s = 0, 0.0
        self.all: list[Finding] = []
        self._explained: set[tuple[str, str, Verdict]] = set()

    def add(
        self, cases: Iterator[Case], plans: dict[int, CasePlan], attempt: Attempt
    ) -> Iterator[Case]:
        """Pass *cases* on, each finding with its packet's file."""
        judged = {plans[j.case].name: j for j in attempt.judgements}
        for case in cases:
            if case.verdict.is_finding and case.case in judged:
                plan = plans[judged[case.case].case]
                yield self._with_packet(case, plan, judged[case.case], attempt)
            else:
                yield case

    def bare(self, case: Case) -> None:
        """Note a finding that has no single packet: a conversation that failed."""
        self.all.append(bare(case))

    def _with_packet(self, case: Case, plan: CasePlan, judged: Judgement, attempt: Attempt) -> Case:
        culprits = _culprits(attempt.expectations[judged.case].frames, attempt, case.verdict)
        frame = attempt.frames[culprits[0]]
        kind = (case.src, case.dst, case.verdict)
        if kind in self._explained or len(self._explained) >= _MOST:
            self.all.append(_finding(case, case.drop_rule, judged.seen_at, frame, _Explained()))
            return case
        self._explained.add(kind)
        number, is_alone = self._by_itself(case, plan, culprits, attempt)
        frame = attempt.frames[number]
        cable = with_tag(frame, plan.tag)
        trace = self._trace(case, cable)
        rule = _deciding_rule(trace) or case.drop_rule
        name = f"findings/{case.case}.pcapng"
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        write(path, _packets(case, number, frame, attempt))
        way = follow(self._town, self._town.plan.attachment[case.src].at, cable)
        known = _Explained(trace, way, name, is_alone)
        self.all.append(_finding(case, rule, judged.seen_at, frame, known))
        return replace(case, pcap=name, pcap_sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    def _by_itself(
        self, case: Case, plan: CasePlan, culprits: list[int], attempt: Attempt
    ) -> tuple[int, str]:
        """Return which frame to show, and whether it leaks when nothing else is sent."""
        is_tried = self._tried_alone < _MOST_ALONE and self._alone_s < _ALONE_S
        if case.verdict is not Verdict.LEAK or not is_tried or attempt.stuck:
            return culprits[0], ""
        self._tried_alone += 1
        began, found = time.monotonic(), ""
        for number in culprits[:_MOST_FRAMES]:
            if alone.leaks(self._session, plan, attempt.frames[number]):
                found = alone.LEAKS
                break
        self._alone_s += time.monotonic() - began
        return (number, found) if found else (culprits[0], alone.NOT_ALONE)

    def _trace(self, case: Case, frame: bytes) -> str:
        try:
            at = self._town.plan.attachment[case.src].at
            return self._town.ovs.trace(at.switch, at.port, frame)
        except LabError as error:
            return str(error)


def bare(case: Case) -> Finding:
    """Return the finding of a case that has no single packet."""
    return _finding(case, "", (), b"", _Explained())


def command(frame: bytes) -> str:
    """Return a command that builds *frame*, byte for byte, after ``from scapy.all import *``.

    Where Scapy would build other bytes of what it reads there, or reads it with a protocol that
    must be loaded first, the command is made of the bytes.
    """
    text, rebuilt = str(Ether(frame).command()), Ether(frame)
    rebuilt.clear_cache()
    names = set(_CALLED.findall(text))
    if bytes(rebuilt) == frame and names <= _ready_names():
        return text
    return f"Ether(bytes.fromhex('{frame.hex()}'))"


@cache
def _ready_names() -> frozenset[str]:
    """The public names of what ``scapy.all`` loads."""
    layers = [f"scapy.layers.{name}" for name in conf.load_layers]
    modules = [sys.modules[name] for name in ("scapy.packet", *layers) if name in sys.modules]
    return frozenset(n for m in modules for n in vars(m) if not n.startswith("_"))


def _culprits(frames: tuple[int, ...], attempt: Attempt, verdict: Verdict) -> list[int]:
    """The frames to show: those that were seen where they must not be, else the first."""
    seen = attempt.sightings.seen
    found = [
        number
        for number in frames
        if verdict is Verdict.LEAK
        and number in seen
        and (seen[number].places or seen[number].answers)
    ]
    return found or [frames[0]]


def _packets(case: Case, number: int, frame: bytes, attempt: Attempt) -> list[CapturedFrame]:
    sightings = attempt.sightings
    sent_at = sightings.sent_at_ns.get(number, 0)
    out = [CapturedFrame(case.src, sent_at, frame, f"{case.case}: as sent")]
    for (other, place), data in sightings.data.items():
        if other == number:
            at = sightings.heard_at_ns.get(number, sent_at)
            out.append(CapturedFrame(place, at, data, f"{case.case}: as seen at {place}"))
    return out


def _deciding_rule(trace: str) -> str:
    """The last rule of Open vSwitch's trace: the one that let the packet go or ended it."""
    met = steps(trace)
    policy = [step for step in met if step.match.startswith("ct_state")] or met
    if not policy:
        return ""
    last = policy[-1]
    return f"cookie={last.cookie:#x}, priority={last.priority}, {last.match}"


def _finding(
    case: Case, rule: str, seen_at: tuple[str, ...], frame: bytes, known: _Explained
) -> Finding:
    return Finding(
        case=case.case,
        verdict=case.verdict,
        src=case.src,
        dst=case.dst,
        switch=case.src_switch,
        port=case.src_port,
        rule=rule,
        plan_line=case.plan_line,
        seen_at=seen_at,
        summary=Ether(frame).summary() if frame else case.reason,
        command=command(frame) if frame else "",
        hexdump=(hexdump(Ether(frame), dump=True) or "") if frame else "",
        sent_hex=frame.hex(),
        trace=known.trace,
        path=known.path,
        alone=known.alone,
        pcap=known.pcap,
    )
