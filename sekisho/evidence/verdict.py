"""What may become of a case, in words and signs. It knows nothing of how one was judged."""

from __future__ import annotations

from enum import Enum

from sekisho.evidence.schema import FIRST_WORD
from sekisho.model import Label

#: Every sign of a verdict, the good one first.
MARKS = "○×△◇－"


class Verdict(Enum):
    """What became of one case."""

    PASS = "pass"
    LEAK = "leak"
    OVERBLOCK = "overblock"
    UNATTRIBUTED = "unattributed"
    INCONCLUSIVE = "inconclusive"  # TTCN-3 (ETSI ES 201 873-1, 24.1): inconc
    RESIDUAL = "residual"

    @classmethod
    def _missing_(cls, value: object) -> Verdict | None:
        return cls.INCONCLUSIVE if value == FIRST_WORD else None

    @property
    def mark(self) -> str:
        """The sign in records: ○ as planned, × not, △ dropped elsewhere, ◇ undecided, － apart."""
        return _WORDS[self][0]

    @property
    def label(self) -> Label:
        """The verdict in words."""
        return Label(*_WORDS[self][1:])

    @property
    def badness(self) -> int:
        """Rank for "the worst of": a higher number must never be hidden by a lower one."""
        return tuple(_WORDS).index(self)

    @property
    def is_finding(self) -> bool:
        """True where something must be repaired before the run can be signed."""
        return self in (Verdict.LEAK, Verdict.OVERBLOCK, Verdict.UNATTRIBUTED)


_WORDS = {  # the harmless first
    Verdict.RESIDUAL: ("－", "残存リスク", "residual"),
    Verdict.PASS: ("○", "計画どおり", "as planned"),
    Verdict.INCONCLUSIVE: ("◇", "判定不能", "inconclusive"),
    Verdict.UNATTRIBUTED: ("△", "遮断箇所不明", "unattributed drop"),
    Verdict.OVERBLOCK: ("×", "過剰遮断", "over-block"),
    Verdict.LEAK: ("×", "漏れ", "leak"),
}
