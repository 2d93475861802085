"""What may become of a whole run, and how that follows from its cases and its fabric."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from sekisho.evidence.finding import Difference
from sekisho.evidence.schema import FIRST_WORD
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label


class RunVerdict(Enum):
    """What became of a whole run."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @classmethod
    def _missing_(cls, value: object) -> RunVerdict | None:
        return cls.INCONCLUSIVE if value == FIRST_WORD else None

    @property
    def label(self) -> Label:
        """The word an official signs under."""
        return {
            RunVerdict.PASS: Label("合格", "PASS"),
            RunVerdict.FAIL: Label("不合格", "FAIL"),
            RunVerdict.INCONCLUSIVE: Label("判定不能", "INCONCLUSIVE"),
        }[self]


def run_verdict(
    verdicts: Iterable[Verdict], *, aborted: str = "", differences: Iterable[Difference] = ()
) -> RunVerdict:
    """Decide a run: aborted is inconclusive; then a finding fails it.

    An inconclusive case, no case, or a fabric that was not as planned makes it inconclusive.
    """
    seen, unlike = set(verdicts), tuple(differences)
    if aborted:
        return RunVerdict.INCONCLUSIVE
    if any(verdict.is_finding for verdict in seen) or any(d.is_finding for d in unlike):
        return RunVerdict.FAIL
    if unlike or Verdict.INCONCLUSIVE in seen or Verdict.PASS not in seen:
        return RunVerdict.INCONCLUSIVE
    return RunVerdict.PASS
