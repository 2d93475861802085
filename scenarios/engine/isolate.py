"""A leak brought down to one frame: sent once more by itself, in the same running town.

When many frames of a case were seen where they must not be, the one that is shown should do it
alone: with fresh connection trackers, between the same sentinels and twins.
"""

from __future__ import annotations

from collections.abc import Sequence

from scenarios.engine.session import Attempt, Session
from scenarios.probes.frames import blank, frame_number, tokens
from scenarios.probes.windows import CasePlan, Frame, Window
from scenarios.suites.attack_cases import NO_FIELDS
from sekisho.evidence.verdict import Verdict

LEAKS, NOT_ALONE = "leaks", "does not leak alone"


def leaks(session: Session, case: CasePlan, frame: bytes) -> bool:
    """Send *frame* alone; tell whether it was seen where it must not be."""
    attempt = send(session, case, unmarked(frame, session.run))
    return any(j.verdict is Verdict.LEAK for j in attempt.judgements)


def send(
    session: Session, case: CasePlan, frame: bytes, before: Sequence[tuple[CasePlan, Frame]] = ()
) -> Attempt:
    """Send *frame*, whose tokens are blank, as the only frame of *case*.

    Args:
        session: The running session.
        case: What must become of it.
        frame: The frame.
        before: Frames that go out first: its positive twin.
    """
    cases = (*(each for each, _ in before), case)
    frames = (*(each for _, each in before), Frame(case.number, "raw", NO_FIELDS, frame))
    window = Window(0, (case.target,), cases, frames, is_stateful=True)
    return session.attempt(window, cases)


def unmarked(frame: bytes, run: int) -> bytes:
    """Return *frame* with blank tokens in place of its own."""
    number = frame_number(run, frame)
    if number is None:
        return frame
    (own,) = tokens(run, [number])
    return frame.replace(own, blank())
