"""Count a run: by cell of the matrix, by line of page one, by kind of probe.

No vacuous green: what no case decided has no verdict here, and in a run that ended early a pass is
only part of the answer and counts as void.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sekisho.evidence import Verdict
from sekisho.model import MustDrop
from sekisho.report.reading import RunRecord

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many cases had which verdict, and what that makes of them together.

    Attributes:
        verdict: The worst; None where there is no case.
    """

    counts: Mapping[Verdict, int]
    verdict: Verdict | None

    @property
    def total(self) -> int:
        """Number of cases."""
        return sum(self.counts.values())

    @property
    def mark(self) -> str:
        """The sign to show; － where nothing was tested."""
        return self.verdict.mark if self.verdict else "－"


def overall(record: RunRecord) -> Tally:
    """Count all cases of *record*."""
    return _tally(record.cases.verdicts(), record)


def by_cell(record: RunRecord) -> dict[str, Tally]:
    """Count by cell (``S2/D1``); a cell without cases is not in the answer."""
    return _grouped(record, record.cases.columns["cell"].texts())


def by_probe(record: RunRecord) -> dict[tuple[int, str], Tally]:
    """Count by (number in the probe set, probe id), in that order."""
    pairs = record.cases.texts("item", "probe")
    groups = _grouped(record, ((int(item), probe) for item, probe in pairs))
    return dict(sorted(groups.items()))


def by_line(record: RunRecord) -> list[tuple[MustDrop, Tally]]:
    """Decide each line of page one by the cases that expect a drop and match it."""
    groups: dict[tuple[str, ...], Counter[Verdict]] = {}
    keys = record.cases.texts("src_class", "dst_class", "item", "state", "expect")
    for key, verdict in zip(keys, record.cases.verdicts(), strict=True):
        groups.setdefault(key, Counter())[verdict] += 1
    return [(line, _line(line, groups, record)) for line in record.manifest.plan.must_drop]


def untested_cells(record: RunRecord) -> list[str]:
    """Name the cells that packets could have decided and none did, in the plan's order."""
    tested = set(record.cases.columns["cell"].values)
    cells = record.manifest.plan.cells
    return [key for key, cell in cells.items() if cell.is_testable and key not in tested]


def _line(
    line: MustDrop, groups: Mapping[tuple[str, ...], Counter[Verdict]], record: RunRecord
) -> Tally:
    counts: Counter[Verdict] = Counter()
    for (source, destination, item, state, expect), found in groups.items():
        if (
            expect == "drop"
            and state == line.state
            and (not line.sources or source in line.sources)
            and (not line.destinations or destination in line.destinations)
            and (not line.items or int(item) in line.items)
        ):
            counts.update(found)
    return _tally(counts.elements(), record)


def _grouped(record: RunRecord, keys: Iterable[K]) -> dict[K, Tally]:
    groups: dict[K, Counter[Verdict]] = {}
    for key, verdict in zip(keys, record.cases.verdicts(), strict=True):
        groups.setdefault(key, Counter())[verdict] += 1
    return {key: _tally(counts.elements(), record) for key, counts in groups.items()}


def _tally(verdicts: Iterable[Verdict], record: RunRecord) -> Tally:
    counts = Counter(verdicts)
    worst = max(counts, key=lambda verdict: verdict.badness, default=None)
    if record.is_aborted and worst is Verdict.PASS:
        worst = Verdict.VOID
    return Tally(counts, worst)
