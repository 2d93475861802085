"""``python -m scenarios.mutate PLAN --folder RUN``: plant faults one at a time, and see each told.

A fault goes past the controller into one switch of a running town; the smallest part of the gate
that should notice is tried; the fault is taken out and the switch's tables are proved to be the
same as before. What no probe notices is decided by the reference switch: *equivalent* when no
packet of the tried population fares differently anywhere in the fabric, else *survived*.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from scenarios.exchange import Exchange, converse, exchanges
from scenarios.focus import concerns
from scenarios.gate import CasePlan, Frame, Window, windows
from scenarios.inspection import say
from scenarios.session import Attempt, Session
from scenarios.wire import Wire
from sekisho.compiler import compile_town
from sekisho.dissect import dissect
from sekisho.dumps import digest, flows
from sekisho.errors import LabError, SekishoError
from sekisho.evidence import Verdict, write_atomically
from sekisho.faults import Fault, table_faults
from sekisho.flow import TCP_SYN, Packet, Phase
from sekisho.judge import Judgement
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.rules import Rule
from sekisho.switch import Fabric
from topologies.ofctl import flow_words, match_words
from topologies.town import LENIENT_GUARD, Town

_MOST_CASES = 240  # tried for one fault
_MOST_EXCHANGES = 4
_CONVERSE_S = 1.5
_INSIDE = frozenset({"metadata", "reg0", "ct_state", "in_port"})  # what no wire shows


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one fault.

    Attributes:
        fate: ``killed``, ``survived``, ``equivalent`` or ``void``.
        by: The probe that noticed; for a survivor, the packet that nobody sends.
        how: Verdict and reason of that probe's case.
    """

    number: int
    operator: str
    switch: str
    words: str
    rule: str
    fate: str
    by: str
    how: str
    cases: int
    seconds: float


class Mutation:
    """Plants faults into *town* and tries the gate's own cases on them."""

    def __init__(self, town: Town, wire: Wire, *, seed: int) -> None:
        self._town, self._plan = town, town.plan
        self._rules = compile_town(town.plan)
        self._session = Session(town, wire, run=zlib.crc32(f"mutate {seed}".encode()))
        self._chance = random.Random(seed)
        self._cases: list[CasePlan] = []
        self._frames: dict[int, list[Frame]] = defaultdict(list)
        for window in windows(self._plan, seed=seed):
            self._cases += window.cases
            for frame in window.frames:
                self._frames[frame.case].append(frame)
        self._exchanges = list(exchanges(self._plan))

    def tried(self, number: int, fault: Fault) -> Fate:
        """Plant *fault*, try, take it out, prove that it is out, and tell what became of it.

        Raises:
            LabError: The switch's tables are not the same as before.
        """
        started = time.monotonic()
        suite = self._suite(fault)
        before = self._digest(fault.switch)
        self._plant(fault)
        try:
            self._session.rebase()
            attempt = self._session.attempt(self._window(suite), suite)
            talk = [e for e in self._exchanges if concerns(e, fault, self._plan)]
            trouble = self._talk(talk[:_MOST_EXCHANGES]) if not _findings(attempt) else ""
        finally:
            self._repair(fault)
        if self._digest(fault.switch) != before:
            raise LabError(f"{fault.switch} is not as before after {fault.words}")
        self._town.ovs.forget_connections()
        fate, by, how = self._fate(fault, attempt, trouble, suite)
        return Fate(
            number,
            fault.operator,
            fault.switch,
            fault.words,
            match_words(fault.rule),
            fate,
            by,
            how,
            len(suite),
            round(time.monotonic() - started, 3),
        )

    def _fate(
        self, fault: Fault, attempt: Attempt, trouble: str, suite: list[CasePlan]
    ) -> tuple[str, str, str]:
        plans = {case.number: case for case in suite}
        found = _findings(attempt)
        if found:
            worst = max(found, key=lambda j: j.verdict.badness)
            return "killed", plans[worst.case].probe, f"{worst.verdict.value}: {worst.reason}"
        if trouble:
            return "killed", "exchange", f"overblock: {trouble}"
        doubts = [j for j in attempt.judgements if j.verdict is Verdict.VOID]
        if doubts:
            return "void", plans[doubts[0].case].probe, doubts[0].reason
        different = self._difference(fault, suite)
        if different is None:
            return "equivalent", "", "no packet fares differently (reference switch)"
        return "survived", "", f"nobody sends {different}"

    def _suite(self, fault: Fault) -> list[CasePlan]:
        """The cases that the fault concerns: all kinds of them, at most a few of each."""
        kinds: dict[tuple[str, bool, str], list[CasePlan]] = defaultdict(list)
        for case in self._cases:
            if concerns(case, fault, self._plan):
                kinds[case.probe, bool(case.to), case.cell.mark].append(case)
        each = max(2, _MOST_CASES // max(1, len(kinds)))
        out: list[CasePlan] = []
        for members in kinds.values():
            out += self._chance.sample(members, min(each, len(members)))
        targets = {case.target.id for case in out}
        chosen = {case.number for case in out}
        twins = [c for c in self._cases if c.number not in chosen and c.is_twin_of(targets)]
        return out + self._chance.sample(twins, min(_MOST_CASES, len(twins)))

    def _window(self, suite: Sequence[CasePlan]) -> Window:
        targets = {case.target.id: case.target for case in suite}
        frames = tuple(frame for case in suite for frame in self._frames[case.number])
        return Window(0, tuple(targets.values()), tuple(suite), frames)

    def _talk(self, wanted: list[Exchange]) -> str:
        outcomes = converse(self._town, wanted, timeout_s=_CONVERSE_S)
        return next((o.trouble for o in outcomes if o.trouble), "")

    def _plant(self, fault: Fault) -> None:
        if fault.remove is not None:
            self._ofctl("--strict", "del-flows", fault.switch, match_words(fault.remove))
        if fault.add is not None:
            self._ofctl("add-flow", fault.switch, flow_words(fault.add))

    def _repair(self, fault: Fault) -> None:
        if fault.add is not None:
            self._ofctl("--strict", "del-flows", fault.switch, match_words(fault.add))
            held = {rule.key: rule for rule in self._rules[fault.switch]}
            covered = held.get(fault.add.key)
            if covered is not None:
                self._ofctl("add-flow", fault.switch, flow_words(covered))
        if fault.remove is not None:
            self._ofctl("add-flow", fault.switch, flow_words(fault.remove))

    def _ofctl(self, *words: str) -> None:
        self._town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *words)

    def _digest(self, switch: str) -> str:
        return digest(flows(self._town.ovs.flows(switch)))

    def _difference(self, fault: Fault, suite: list[CasePlan]) -> str | None:
        """A packet that fares differently with the fault, or None when none of them does."""
        changed = {**self._rules, fault.switch: fault.applied(self._rules[fault.switch])}
        right, wrong = Fabric(self._plan, self._rules), Fabric(self._plan, changed)
        for packet in self._population(fault, suite):
            if _fare(right, packet) != _fare(wrong, packet) and self._can_be(wrong, packet):
                return str(packet)
        return None

    def _can_be(self, fabric: Fabric, packet: Packet) -> bool:
        """Tell whether a conversation that *packet* says to belong to could have been opened."""
        if packet.phase in (Phase.NEW, Phase.INVALID) or packet.ip_src is None:
            return True
        opening = packet._replace(phase=Phase.NEW, tcp_flags=TCP_SYN)
        if packet.phase is Phase.REPLY:
            asker = next((a for a in self._plan.attachments if a.ip == packet.ip_dst), None)
            if asker is None:
                return False
            opening = opening._replace(
                at=asker.at,
                eth_src=asker.mac,
                ip_src=packet.ip_dst,
                ip_dst=packet.ip_src,
                sport=packet.dport,
                dport=packet.sport,
            )
        return bool(fabric.send(opening).delivered)

    def _population(self, fault: Fault, suite: list[CasePlan]) -> Iterator[Packet]:
        window = self._window(suite)
        raw = self._session.build(list(window.frames), range(1, len(window.frames) + 1))
        sources = {case.number: case.source.at for case in suite}
        for frame, data in zip(window.frames, raw, strict=True):
            packet = dissect(data, sources[frame.case])
            if packet is not None:
                for phase in Phase:
                    yield packet._replace(phase=phase)
                yield from _at_the_edges(packet, fault.rule)


def _at_the_edges(packet: Packet, rule: Rule) -> Iterator[Packet]:
    """The same packet on both sides of every port edge of the rule's match."""
    for name, value, mask in rule.match:
        if name not in ("tcp_dst", "udp_dst", "tcp_src", "udp_src"):
            continue
        last = value | ~mask & 0xFFFF
        for port in (value - 1, value, last, last + 1, value ^ 1):
            if 0 < port < 1 << 16 and name.endswith("dst"):
                yield packet._replace(dport=port)
            elif 0 < port < 1 << 16:
                yield packet._replace(sport=port)


def _fare(fabric: Fabric, packet: Packet) -> tuple[object, ...]:
    outcome = fabric.send(packet)
    ends = tuple((switch, rule.cookie if rule else 0) for switch, rule in outcome.dropped)
    arrived = tuple(
        (port, tuple(field for field in headers if field[0] not in _INSIDE))
        for port, headers in outcome.delivered
    )
    return arrived, ends


def _findings(attempt: Attempt) -> list[Judgement]:
    return [j for j in attempt.judgements if j.verdict.is_finding]


def run(plan: Plan, folder: Path, *, work: Path, count: int, seed: int) -> int:
    """Mutate *plan*'s tables *count* times; write ``mutations.json``; return the exit status."""
    fates: list[Fate] = []
    with Town(
        plan, folder=folder, work=work, progress=lambda p: say(phase=p), guard=LENIENT_GUARD
    ) as town:
        town.await_in_force()
        with Wire(town) as wire:
            mutation = Mutation(town, wire, seed=seed)
            faults = table_faults(compile_town(plan), seed=seed, count=count)
            for number, fault in enumerate(faults, 1):
                say(phase="mutate", done=number - 1, of=len(faults))
                fates.append(mutation.tried(number, fault))
                town.check()
    data = orjson.dumps([asdict(fate) for fate in fates], option=orjson.OPT_INDENT_2)
    write_atomically(folder / "mutations.json", data)
    kinds = {fate.fate for fate in fates}
    return 1 if "survived" in kinds else 3 if "void" in kinds or "killed" not in kinds else 0


def main() -> None:
    """Read the command line, mutate, and end with the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.mutate", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/run/sekisho"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    gc.disable()  # see scenarios.check
    try:
        folder = args.folder.resolve()
        status = run(load(args.plan), folder, work=args.work, count=args.count, seed=args.seed)
    except SekishoError as error:
        status = error.exit_code
        say(error=str(error), exit=status)
    say(end=True, exit=status)
    sys.exit(status)


if __name__ == "__main__":
    main()
