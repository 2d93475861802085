"""What was tried while events were played, as cases of a run's record."""

from __future__ import annotations

from dataclasses import replace

from scenarios.events.trial import Outcome
from scenarios.events.tried import ARRIVE, DROP, During, Tried
from scenarios.results.case_records import Recorder, event_case
from scenarios.suites.scope import Run
from sekisho.evidence.case import Case
from sekisho.model import Plan
from sekisho.model.states import state_of


class EventCases:
    """Makes a case of each pair that an event tried, and numbers them through the run."""

    def __init__(self, plan: Plan, run: Run) -> None:
        self._plan, self._run = plan, run
        self._next = 1

    def of(self, outcome: Outcome, tried: list[Tried]) -> list[Case]:
        """Return the cases of one event that was played; none where it could not happen.

        Args:
            outcome: What became of it. A leak that none of the pairs shows is a case of its own.
            tried: Its pairs.
        """
        if outcome.verdict == "skipped" or not tried:
            return []
        first, each = self._next, list(tried)
        number, control = next(
            ((n, t) for n, t in enumerate(each, first) if t.expect == ARRIVE), (0, None)
        )
        during = During(
            outcome.event,
            outcome.verdict,
            outcome.reason,
            event_case(number) if control else "",
            control.arrived if control else 0,
        )
        if outcome.verdict == "leak" and not any(t.has_leaked for t in each):
            pair = next((t for t in each if t.expect == DROP), each[0])
            words = "; ".join(outcome.seen_at)
            each.append(replace(pair, expect=DROP, elsewhere=outcome.leaked, words=words))
        self._next += len(each)
        recorder = Recorder(self._plan, self._run, state=state_of(outcome.event))
        return [recorder.tried(number, one, during) for number, one in enumerate(each, first)]
