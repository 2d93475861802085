"""A finding down to one packet: what it was, which rule let it go, where it was seen.

For every leak (and over-block, and unattributed drop) one frame is shown as Scapy prints it, as a
hex dump, as Open vSwitch traces it through the tables, and as pcapng.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from scapy.layers.l2 import Ether
from scapy.utils import hexdump

from scenarios.gate import CasePlan
from scenarios.session import Attempt
from sekisho.errors import LabError
from sekisho.evidence import Case, Finding, Verdict
from sekisho.judge import Judgement
from sekisho.report.pcapng import CapturedFrame, write
from topologies.town import Town

# One finding of each pair and verdict gets a trace and a pcapng, up to this many; all are listed.
_MOST = 200
_STEP = re.compile(
    r"^\s*\d+\. (?P<match>.*?)(?:, )?priority (?P<priority>\d+)"
    r"(?:, cookie (?P<cookie>0x[0-9a-f]+))?"
)


class Findings:
    """Collect the findings of one run; packets go to *folder*/findings."""

    def __init__(self, town: Town, folder: Path) -> None:
        self._town, self._folder = town, folder
        self.all: list[Finding] = []
        self._explained: set[tuple[str, str, Verdict]] = set()

    def add(
        self, cases: Iterator[Case], plans: dict[int, CasePlan], attempt: Attempt
    ) -> Iterator[Case]:
        """Pass *cases* on, each finding with its packet's file."""
        judged = {plans[j.case].name: j for j in attempt.judgements}
        for case in cases:
            if case.verdict.is_finding and case.case in judged:
                yield self._with_packet(case, judged[case.case], attempt)
            else:
                yield case

    def bare(self, case: Case) -> None:
        """Note a finding that has no single packet: a conversation that failed."""
        self.all.append(_finding(case, "", (), b"", ("", "")))

    def _with_packet(self, case: Case, judged: Judgement, attempt: Attempt) -> Case:
        expectation = attempt.expectations[judged.case]
        number = _culprit(expectation.frames, attempt, case.verdict)
        frame = attempt.frames[number]
        kind = (case.src, case.dst, case.verdict)
        if kind in self._explained or len(self._explained) >= _MOST:
            self.all.append(_finding(case, case.drop_rule, judged.seen_at, frame, ("", "")))
            return case
        self._explained.add(kind)
        trace = self._trace(case, frame)
        rule = _deciding_rule(trace) or case.drop_rule
        name = f"findings/{case.case}.pcapng"
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        write(path, _packets(case, number, frame, attempt))
        self.all.append(_finding(case, rule, judged.seen_at, frame, (trace, name)))
        return replace(case, pcap=name, pcap_sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    def _trace(self, case: Case, frame: bytes) -> str:
        try:
            return self._town.ovs.trace(case.src_switch, case.src_port, frame)
        except LabError as error:
            return str(error)


def _culprit(frames: tuple[int, ...], attempt: Attempt, verdict: Verdict) -> int:
    """The frame to show: the first that was seen where it must not be, else the first."""
    if verdict is Verdict.LEAK:
        for number in frames:
            seen = attempt.ledger.seen.get(number)
            if seen is not None and (seen.places or seen.answers):
                return number
    return frames[0]


def _packets(case: Case, number: int, frame: bytes, attempt: Attempt) -> list[CapturedFrame]:
    ledger = attempt.ledger
    sent_at = ledger.sent_at_ns.get(number, 0)
    out = [CapturedFrame(case.src, sent_at, frame, f"{case.case}: as sent")]
    for (other, place), data in ledger.data.items():
        if other == number:
            at = ledger.heard_at_ns.get(number, sent_at)
            out.append(CapturedFrame(place, at, data, f"{case.case}: as seen at {place}"))
    return out


def _deciding_rule(trace: str) -> str:
    """The last rule of Open vSwitch's trace: the one that let the packet go or ended it."""
    steps = [found for line in trace.splitlines() if (found := _STEP.match(line))]
    policy = [s for s in steps if s["match"].startswith("ct_state")] or steps
    if not policy:
        return ""
    last = policy[-1]
    return f"cookie={last['cookie'] or '0x0'}, priority={last['priority']}, {last['match']}"


def _finding(
    case: Case, rule: str, seen_at: tuple[str, ...], frame: bytes, explained: tuple[str, str]
) -> Finding:
    trace, pcap = explained
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
        hexdump=(hexdump(Ether(frame), dump=True) or "") if frame else "",
        sent_hex=frame.hex(),
        trace=trace,
        pcap=pcap,
    )
