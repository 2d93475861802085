"""``python -m scenarios.run.chaos PLAN --folder RUN``: let things happen to a guarded town.

Runs inside the namespaces of one run. Its standard output is progress, one JSON object a line;
what was found is in ``events.json`` of the run folder.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from scenarios.capture.packet_io import Wire
from scenarios.engine.config_watch import AFTER, ConfigWatch
from scenarios.events.registry import event_ids, events
from scenarios.events.scenario_streams import Situated
from scenarios.events.trial import Event, EventTrial, Outcome
from scenarios.events.tried import Tried
from scenarios.results.case_records import jst
from scenarios.results.closing import close_record, write_findings
from scenarios.results.event_cases import EventCases
from scenarios.results.findings import bare
from scenarios.results.manifest import manifest, without_gaps
from scenarios.results.run_stats import Tally
from scenarios.suites.scenarios import applied, check_words
from scenarios.suites.scope import Run
from sekisho.errors import UsageError
from sekisho.evidence.case_file import CASES, CaseLog
from sekisho.evidence.finding import Finding
from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.seal import MANIFEST
from sekisho.evidence.writing import write_atomically
from sekisho.model import JST, Label, Plan
from sekisho.model.states import is_state
from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.runtime.child import ended, say
from sekisho.scenario.library import shipped_plans
from sekisho.scenario.reading import read
from sekisho.scenario.situation import Situation
from topologies.network.kernel_features import features
from topologies.town import OWN_GUARD, Town

_EVENTS_ONLY = Label("事象だけの試験(sekisho chaos)", "events alone (sekisho chaos)")
RESTORED_S, _LOOK_S = 15.0, 0.5  # Open vSwitch looks for its controller after at most 8 s
HOST_SLOTS = 1 << 12  # a second of a stream and of its answers: an event may keep us from looking
#: Called with the town before the first event; tests plant their faults with it.
Meddle = Callable[[Town], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to play.

    Attributes:
        repeat: How often each event is played.
        only: Id of one event, or the part before its colon; empty for all.
        seed: Names the run in its tokens.
        guard: Who guards the town.
        situations: Those whose events are played, with their own streams; empty for all events.
    """

    repeat: int = 5
    only: tuple[str, ...] = ()
    seed: int = 1
    guard: str = OWN_GUARD
    situations: tuple[Situation, ...] = ()


def chosen(plan: Plan, order: Order) -> list[Event]:
    """Return the events of *order*: all, or those that its words or situations name.

    Raises:
        UsageError: There is no such event.
    """
    every, only = events(plan), order.only
    if order.situations:
        states = tuple(s for each in order.situations for s in each.events)
        found = [e for e in every if is_state(e.id, states)]
        if not found:
            raise UsageError(f"{plan.path} knows none of the events {', '.join(states)}")
        return found
    wanted = set[str]()
    for word in only:
        found = [e for e in every if e.id == word or e.id.startswith(word + ":")]
        wanted |= {e.id for e in found}
        if not found:
            known = ", ".join(dict.fromkeys(e.id.partition(":")[0] for e in every))
            raise UsageError(f"no event is called {word!r}\n  hint: choose one of {known}")
    return [e for e in every if not only or e.id in wanted]


def run(plan: Plan, folder: Path, order: Order, *, work: Path, meddle: Meddle | None = None) -> int:
    """Play the chosen events; write the run folder; return the exit status."""
    wanted = chosen(plan, order)
    kept = _Kept(plan, folder, order)
    try:
        kept.begin(wanted)
        _play(kept, wanted, work, meddle)
    except BaseException as error:
        kept.close(str(error) or type(error).__name__)
        raise
    return kept.close("")


def _play(kept: _Kept, wanted: list[Event], work: Path, meddle: Meddle | None) -> None:
    plan, order = kept.plan, kept.order
    with Town(
        plan, folder=kept.folder, work=work, progress=lambda p: say(phase=p), guard=order.guard
    ) as town:
        town.await_in_force()
        with Wire(town, host_slots=HOST_SLOTS) as wire:
            trial = EventTrial(town, wire, run=zlib.crc32(f"chaos {order.seed}".encode()))
            if meddle is not None:
                meddle(town)
            before = left_over(town, wire, within_s=0.0)
            situated = Situated(trial, applied(order.situations, plan))
            for number, event in enumerate(wanted):
                say(phase="chaos", done=number, of=len(wanted))
                for outcome, tried in _played(trial, event, order.repeat, situated):
                    kept.note(doubted(outcome, "before", before), tried)
                kept.write(situated.account())


class _Kept:
    """The record of a run that plays events alone: its cases are what the streams tried."""

    def __init__(self, plan: Plan, folder: Path, order: Order) -> None:
        self.plan, self.folder, self.order = plan, folder, order
        run = Run(folder.name, "chaos", order.seed, "", "", occasion=_EVENTS_ONLY)
        self._manifest = manifest(plan, run, started=jst(), features=features(plan))
        self._outcomes, self._tally = list[Outcome](), Tally(CaseLog(folder / CASES))
        self._wrong = list[Finding]()
        self._events, self._cases = dict[str, dict[str, str]](), EventCases(plan, run)

    def begin(self, wanted: list[Event]) -> None:
        """Write the manifest as it is at first: it has no seal."""
        self._events = words_of(wanted)
        data = orjson.dumps(self._manifest, option=orjson.OPT_INDENT_2)
        write_atomically(self.folder / MANIFEST, data)

    def note(self, outcome: Outcome, tried: list[Tried]) -> None:
        """Keep what became of an event, and of its pairs."""
        self._outcomes.append(outcome)
        cases = self._cases.of(outcome, tried)
        self._tally.cases.add(cases)
        self._wrong += [bare(case) for case in cases if case.verdict.is_finding]

    def write(self, situations: list[dict[str, Any]]) -> None:
        """Write ``events.json`` as far as it is known."""
        facts = {"events": self._events, "situations": situations}
        write_events(self.folder, self.plan, facts, self._outcomes)

    def close(self, aborted: str) -> int:
        """Write the rest, and seal it; return the exit status."""
        played = [o.event for o in self._outcomes if o.verdict != "skipped"]
        without_gaps(self._manifest, played)
        write_findings(self.folder, self._wrong)
        close_record(self.folder, self.plan, self._tally, self._manifest, aborted=aborted)
        return exit_status(self._outcomes)


def _played(
    trial: EventTrial, event: Event, repeat: int, situated: Situated
) -> list[tuple[Outcome, list[Tried]]]:
    """Play *event*; return what became of each time, and what was tried in it."""
    reason = event.skip(trial.plan)
    if reason:
        return [(skipped(event, reason), [])]
    out = []
    for number in range(1, repeat + 1):
        situated.begin(event.id, number)
        out.append((trial.run(event, number), trial.tried))
        trial.town.check()
    after = left_over(trial.town, trial.wire, within_s=RESTORED_S)
    last, tried = out[-1]
    return [*out[:-1], (doubted(last, "afterwards", after), tried)]


def skipped(event: Event, reason: Label) -> Outcome:
    """Return the outcome of an event that cannot happen to the town."""
    return Outcome(event.id, 0, "skipped", reason.en, reason_ja=reason.ja)


def doubted(outcome: Outcome, when: str, unlike: Label | None) -> Outcome:
    """Return *outcome*, inconclusive where it passed while something was not as planned."""
    if unlike is None or outcome.verdict != "pass":
        return outcome
    place = {"before": "事象の前", "afterwards": "事象の後"}[when]
    en, ja = f"{when}: {unlike.en}", f"{place}: {unlike.ja}"
    return replace(outcome, verdict="inconclusive", reason=en, reason_ja=ja)


def left_over(town: Town, wire: Wire, *, within_s: float) -> Label | None:
    """Return what of the whole fabric is still not as planned after so long, or None."""
    deadline = time.monotonic() + within_s
    while True:
        around = ConfigWatch(town, town.plan)
        with wire.draining():
            around.compare(AFTER)
            around.ask_controller(AFTER)
        if not around.differences:
            return None
        if time.monotonic() > deadline:
            first = around.differences[0]
            return Label(first.ja, first.en)
        time.sleep(_LOOK_S)


def words_of(events: Iterable[Event]) -> dict[str, dict[str, str]]:
    """Return what ``events.json`` says of each event, by its id."""
    return {e.id: {**asdict(e.label), "requirements": e.requirements} for e in events}


def write_events(folder: Path, plan: Plan, facts: dict[str, Any], outcomes: list[Outcome]) -> None:
    """Write ``events.json``."""
    data = {
        "schema": SCHEMA,
        "plan": plan.id,
        **facts,
        "outcomes": [asdict(o) for o in outcomes],
        "exit": exit_status(outcomes),
    }
    write_atomically(folder / "events.json", orjson.dumps(data, option=orjson.OPT_INDENT_2))


def exit_status(outcomes: list[Outcome]) -> int:
    """Return 1 where something leaked or never came back, 3 where one is inconclusive, else 0."""
    verdicts = {o.verdict for o in outcomes}
    if verdicts & {"leak", "overblock"}:
        return 1
    return 3 if "inconclusive" in verdicts or "pass" not in verdicts else 0


def main() -> None:
    """Read the command line, play, and end with the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.run.chaos", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/run/sekisho"))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--token", type=int, default=1)
    parser.add_argument("--scenario", type=Path, action="append", default=[])
    args = parser.parse_args()
    gc.disable()  # see scenarios.run.check
    sys.exit(ended(lambda: {"exit": _of_words(args)}))


def _of_words(args: argparse.Namespace) -> int:
    plan = at(load(args.plan), datetime.now(JST))
    situations = tuple(map(read, args.scenario))
    check_words(situations, event_ids([plan, *shipped_plans()]))
    order = Order(args.repeat, tuple(args.only), args.token, situations=situations)
    return run(plan, args.folder.resolve(), order, work=args.work)


if __name__ == "__main__":
    main()
