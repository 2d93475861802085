"""What is counted while a run goes on, and what the machine lacks for it."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field

from sekisho.evidence.case_file import CaseLog
from sekisho.evidence.finding import Difference
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.summary import Seconds, Summary
from sekisho.evidence.verdict import Verdict
from sekisho.model import Plan


@dataclass(slots=True)
class Tally:
    """What is counted while a run goes on."""

    cases: CaseLog
    started: float = field(default_factory=time.monotonic)
    differences: list[Difference] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    frames_sent: int = 0
    send_s: float = 0.0
    captured: int = 0
    dropped: int = 0
    exchanges: int = 0
    repeated: int = 0
    rules: int = 0
    last_case: int = 0  # number of the last of those that frames decide
    peak_mb: int = 0
    frames_digest: int = 0

    def summary(self, plan: Plan, verdict: RunVerdict, aborted: str, status: int) -> Summary:
        """Return ``summary.json`` as a value."""
        count = self.cases.counts
        return Summary(
            plan=plan.id,
            verdict=verdict,
            aborted=aborted,
            cases=len(self.cases),
            passed=count[Verdict.PASS],
            leak=count[Verdict.LEAK],
            overblock=count[Verdict.OVERBLOCK],
            unattributed=count[Verdict.UNATTRIBUTED],
            inconclusive=count[Verdict.INCONCLUSIVE],
            residual=count[Verdict.RESIDUAL],
            frames_sent=self.frames_sent,
            frames_captured=self.captured,
            captures_dropped=self.dropped,
            exchanges=self.exchanges,
            repeated=self.repeated,
            hosts=len(plan.devices),
            switches=len(plan.switches),
            attachments=len(plan.attachments),
            rules=self.rules,
            rules_per_attachment=round(self.rules / max(1, len(plan.attachments)), 1),
            frames_per_s=round(self.frames_sent / self.send_s, 1) if self.send_s else 0.0,
            peak_memory_mb=self.peak_mb,
            exit=status,
            seconds=Seconds(**{k: round(v, 3) for k, v in self.seconds.items()}),
        )


def own_peak_mb() -> int:
    """Return the most memory that this process has used so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
