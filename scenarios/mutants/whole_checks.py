"""``python -m scenarios.mutants.whole_checks PLAN --folder RUN``: whole checks over planted faults.

For every fault a whole check runs on a running town, gate and full, under the controller that heals
and under the one that leaves changes alone. A check that passes over a fault is a false pass. Runs
inside the namespaces of one run; its standard output is progress, one JSON object a line; what
became of each fault is in ``planted.json``.
"""

from __future__ import annotations

import argparse
import gc
import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from scenarios.capture.packet_io import Sender, Wire
from scenarios.engine.config_watch import AFTER
from scenarios.engine.session import Session
from scenarios.mutants.beside import faults
from scenarios.mutants.planting import Planted
from scenarios.probes.windows import Window
from scenarios.results.case_records import Recorder
from scenarios.results.findings import Findings
from scenarios.run.runner import Check, Leave, Meddle
from scenarios.suites.scope import Run
from scenarios.suites.suite import Suite
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from sekisho.model import JST, Plan
from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.runtime.child import ended, say
from topologies.hosts.neighbours import forget_neighbours
from topologies.ovs import state
from topologies.town import LENIENT_GUARD, OWN_GUARD, Town

SUITES = ("gate", "full")
GUARDS = {OWN_GUARD: "healing", LENIENT_GUARD: "lenient"}
_CLEAN_S = 30.0
_HARMLESS = (Verdict.PASS, Verdict.RESIDUAL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault: a line of ``planted.json``.

    Attributes:
        guard: ``healing`` or ``lenient``.
        suite: ``gate`` or ``full``.
        verdict: Of the whole check; ``pass`` is a false pass.
        by: What told it, in words.
        windows: How many windows of frames were tried until the check ended.
    """

    id: str
    level: str
    place: str
    words: str
    guard: str
    suite: str
    verdict: str
    by: str
    seconds: float
    windows: int


class _ToldError(Exception):
    """Something is told already: the check cannot pass any more."""


class Rerun(Check):
    """A whole check on a running town, whose frames are made already.

    Args:
        is_short: Whether it ends as soon as it can no longer pass. It then reads the fabric once
            more, after the first window: what its last reading would tell is told there.
    """

    proves = False  # what probes tell is asked, over and over

    def __init__(
        self, town: Town, folder: Path, run: Run, prepared: Prepared, *, is_short: bool = False
    ) -> None:
        super().__init__(town.plan, folder, run, town=town)
        self._prepared = prepared
        self._is_short, self.windows = is_short, 0
        self._say = lambda **facts: None  # one of many: they have one end

    def _in_town(self, meddle: Meddle | None, leave: Leave | None) -> None:
        self._talks = Suite(self._plan, self._run, self._manifest).exchanges()
        with suppress(_ToldError):
            self._try(self._town, self._prepared.windows, meddle, leave)

    def _probe_one(
        self, session: Session, window: Window, findings: Findings, recorder: Recorder
    ) -> None:
        around = self._around
        if self._is_short and around is not None:
            if self.windows == 1:
                around.compare(AFTER)
            around.ask_drift()
            counts = self._tally.cases.counts
            if around.differences or any(counts[v] for v in Verdict if v not in _HARMLESS):
                raise _ToldError
        self.windows += 1
        super()._probe_one(session, window, findings, recorder)

    @property
    def told(self) -> str:
        """What told that something is wrong, in words; empty where nothing did."""
        cases = self._tally.cases
        found = [c for c in cases if c.verdict.is_finding]
        around = self._around
        unlike = around.differences if around is not None else []
        words = [f"{d.kind}: {d.en}" for d in unlike[:1]]
        words += [f"{c.verdict.value} of {c.probe}: {c.reason}" for c in found[:1]]
        if not words:
            inconclusive = [c for c in cases if c.verdict.value == "inconclusive"]
            words += [f"inconclusive: {inconclusive[0].reason}"] if inconclusive else []
        return "; ".join(words)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The windows of one suite, made once."""

    windows: list[Window]


def chosen(every: Sequence[Planted], count: int, seed: int) -> list[Planted]:
    """Return *count* faults, of each kind in turn; all where it is 0."""
    if not count or count >= len(every):
        return list(every)
    kinds: dict[str, list[Planted]] = {}
    for fault in every:
        kinds.setdefault(fault.id, []).append(fault)
    chance = random.Random(seed)
    for members in kinds.values():
        chance.shuffle(members)
    out: list[Planted] = []
    while len(out) < count:
        for members in kinds.values():
            if members and len(out) < count:
                out.append(members.pop())
    return sorted(out, key=list(every).index)


class Runner:
    """Runs whole checks on the town of one controller.

    Args:
        town: The running town.
        folder: Where run folders go.
        prepared: The windows of each suite.
        args: The command line, for the seed and whether a check ends as soon as it is told.
    """

    def __init__(
        self, town: Town, folder: Path, prepared: dict[str, Prepared], args: argparse.Namespace
    ) -> None:
        self._town, self._folder, self._prepared = town, folder, prepared
        self._seed, self._is_short = args.seed, args.is_short
        self._number = 0

    def control(self, suite: str) -> None:
        """Check the town without a fault.

        Raises:
            LabError: It does not pass.
        """
        verdict, told, _ = self._checked(suite, None)
        if verdict != "pass":
            raise LabError(f"the town does not pass {suite} without a fault: {told}")

    def tried(self, fault: Planted, suite: str) -> Outcome:
        """Plant *fault*, run a whole check, take it out, and prove that it is out."""
        began = time.monotonic()
        verdict, told, windows = self._checked(suite, fault)
        self._clean(fault)
        return Outcome(
            fault.id,
            fault.level,
            fault.place,
            fault.words,
            GUARDS[self._town.guard],
            suite,
            verdict,
            told[:300],
            round(time.monotonic() - began, 2),
            windows,
        )

    def _checked(self, suite: str, fault: Planted | None) -> tuple[str, str, int]:
        self._number += 1
        folder = self._folder / "checks" / f"{self._number:04d}"
        run = Run(folder.name, suite, self._seed, "", "")
        with ExitStack() as stack:

            def meddle(town: Town, wire: Wire) -> None:
                if fault is not None:
                    plant = fault.plant if self._number % 2 else partial(_later, fault)
                    stack.enter_context(plant(town, wire))

            check = Rerun(self._town, folder, run, self._prepared[suite], is_short=self._is_short)
            status = check.run(meddle)
            if check.aborted:
                raise LabError(f"{fault.words if fault else 'no fault'}: {check.aborted}")
        verdict = {0: "pass", 1: "fail", 3: "inconclusive"}[status]
        told = check.told  # it reads the folder
        if fault is None or verdict != "pass":  # a false pass is looked into
            shutil.rmtree(folder)
        return verdict, told, check.windows

    def _clean(self, fault: Planted) -> None:
        """Wait until the fabric is as planned again.

        Raises:
            LabError: It is not, in time.
        """
        town = self._town
        town.ovs.flush_conntrack()
        forget_neighbours(town)
        tables = compile_town(town.plan)
        wanted = state.planned(town, town.plan, tables)
        deadline = time.monotonic() + _CLEAN_S
        while left := state.differences(wanted, state.read(town).statements):
            if time.monotonic() > deadline:
                raise LabError(f"after {fault.words!r}: {left[0].label.en}")
            time.sleep(0.1)


@contextmanager
def _later(fault: Planted, town: Town, wire: Wire) -> Iterator[None]:
    """Plant *fault* when the first frame is sent: the fabric has been compared by then."""
    send = wire.send
    with ExitStack() as stack:

        def sending(frames: Sequence[tuple[Sender, bytes]]) -> None:
            if wire.send is sending:
                wire.send = send  # type: ignore[method-assign]
                stack.enter_context(fault.plant(town, wire))
            send(frames)

        wire.send = sending  # type: ignore[method-assign]
        yield


def prepared(plan: Plan, suites: Sequence[str], seed: int) -> dict[str, Prepared]:
    """Make the windows of every suite once."""
    out = {}
    for suite in suites:
        run = Run("", suite, seed, "", "")
        out[suite] = Prepared(Suite(plan, run, {"not_tested": []}).windows())
    return out


def run(plan: Plan, args: argparse.Namespace) -> dict[str, Any]:
    """Try every fault with every suite under one controller; write ``planted.json``."""
    folder = args.folder.resolve()
    every = [f for f in faults(plan) if not args.ids or f.id in args.ids]
    wanted = chosen(every, args.count, args.seed)
    made = prepared(plan, args.suite, args.seed)
    outcomes: list[Outcome] = []
    total = len(wanted) * len(args.suite)
    with Town(plan, folder=folder, work=args.work, guard=args.guard) as town:
        town.await_in_force()
        runner = Runner(town, folder, made, args)
        for suite in args.suite:
            runner.control(suite)
            for fault in wanted:
                say(phase="mutate", done=len(outcomes), of=total)
                outcomes.append(runner.tried(fault, suite))
                _write(folder, plan, outcomes)
            runner.control(suite)
    passed = [o for o in outcomes if o.verdict == "pass"]
    return {"exit": 1 if passed else 0}


def _write(folder: Path, plan: Plan, outcomes: list[Outcome]) -> None:
    data = {"schema": 1, "plan": plan.id, "outcomes": [asdict(o) for o in outcomes]}
    write_atomically(folder / "planted.json", orjson.dumps(data, option=orjson.OPT_INDENT_2))


def main() -> None:
    """Read the command line, plant, and end with the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m scenarios.mutants.whole_checks", description=__doc__
    )
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/run/sekisho"))
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--id", dest="ids", action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--suite", action="append", choices=SUITES)
    parser.add_argument("--until-told", dest="is_short", action="store_true")
    parser.add_argument("--guard", choices=tuple(GUARDS), default=OWN_GUARD)
    args = parser.parse_args()
    args.suite = args.suite or list(SUITES)
    gc.disable()  # see scenarios.run.check
    sys.exit(ended(lambda: run(at(load(args.plan), datetime.now(JST)), args)))


if __name__ == "__main__":
    main()
