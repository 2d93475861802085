"""What one run tries and who runs it: what every line of its record shares."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.suites.selection import EVERYTHING, Selection
from sekisho.model import Label
from sekisho.scenario.situation import Situation


@dataclass(frozen=True, slots=True)
class Run:
    """What every line of a run shares.

    Attributes:
        situations: Those that its report tells about.
        is_every_pair: Whether every pair of attachments is tried with every probe.
        occasion: Why only a part is tried, where neither suite nor selection says so.
    """

    id: str
    suite: str
    seed: int
    tester: str
    witness: str
    selection: Selection = EVERYTHING
    situations: tuple[Situation, ...] = ()
    is_every_pair: bool = False
    occasion: Label | None = None

    @property
    def partial(self) -> Label | None:
        """Why this is not the whole test of the town, in words; None where it is."""
        if self.occasion is not None:
            return self.occasion
        which = self.selection.named
        if which:
            return Label(f"{which} だけを選んで試験", f"chosen: {which}, and nothing else")
        if self.suite == "smoke":
            return Label(
                "はじめの見立て(smoke)。組ごとに少数の項目だけ",
                "a first look (smoke): few probes for each pair",
            )
        if self.suite == "coverage":
            return Label(
                "規則の網羅(coverage)。通りうる規則ごとに1個以上のパケット",
                "every rule once (coverage): at least a packet for each rule that can be met",
            )
        return None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out: only then a rule that was not met says something."""
        return self.suite not in ("smoke", "coverage") and self.selection.is_whole
