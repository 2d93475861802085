"""Count a run: by cell of the matrix, by line of page one, by kind of probe.

No vacuous green: what no case decided has no verdict here, and in a run that ended early a pass is
only part of the answer and counts as inconclusive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sekisho.evidence.verdict import Verdict
from sekisho.report.reading import RunRecord
from sekisho.report.sentence import Sentence

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


def by_line(record: RunRecord) -> list[tuple[Sentence, Tally]]:
    """Decide each line of page one by the cases that expect a drop and match it.

    A line that a rule of the plan contradicts is a leak, whatever its cases say.
    """
    lines = record.manifest.plan.must_drop
    by_classes = _counted(record, "src_class", "dst_class") if lines else {}
    is_by_facts = any(line.senders is not None for line in lines)
    by_ids = _counted(record, "src", "dst") if is_by_facts else {}
    return [
        (line, _line(line, by_classes if line.senders is None else by_ids, record))
        for line in lines
    ]


def by_need(record: RunRecord) -> list[tuple[Sentence, Tally]]:
    """Decide each need of work by the real conversations that are its own, in the normal state."""
    needs = record.manifest.plan.must_reach
    if not needs:
        return []
    columns = ("src", "dst", "proto", "ports", "state", "probe")
    groups: dict[tuple[str, ...], Counter[Verdict]] = {}
    for key, verdict in zip(record.cases.texts(*columns), record.cases.verdicts(), strict=True):
        if key[-2:] == ("normal", "exchange"):
            groups.setdefault(key, Counter())[verdict] += 1
    return [(need, _need(need, groups, record)) for need in needs]


def _need(need: Sentence, groups: _Groups, record: RunRecord) -> Tally:
    counts: Counter[Verdict] = Counter()
    for (source, target, proto, port, *_), found in groups.items():
        is_named = source in (need.senders or ()) and target in (need.targets or ())
        if is_named and any(_opens(said, proto, int(port)) for said in need.ports):
            counts.update(found)
    own = _tally(counts, record)
    return replace(own, verdict=Verdict.OVERBLOCK) if need.contradictions else own


def _opens(said: str, proto: str, port: int) -> bool:
    """Tell whether *said*, such as ``udp/16384-32768``, holds the port."""
    protocol, _, ports = said.partition("/")
    first, _, last = ports.partition("-")
    return protocol == proto and int(first) <= port <= int(last or first)


def untested_cells(record: RunRecord) -> list[str]:
    """Name the cells that packets could have decided and none did, in the plan's order."""
    tested = set(record.cases.columns["cell"].values)
    cells = record.manifest.plan.cells
    return [key for key, cell in cells.items() if cell.is_testable and key not in tested]


_Groups = Mapping[tuple[str, ...], Counter[Verdict]]


def _counted(record: RunRecord, source: str, destination: str) -> _Groups:
    """Count the cases that expect a drop, by who, whom, item and state."""
    columns = [record.cases.columns[n] for n in (source, destination, "item", "state", "expect")]
    codes = zip(*(column.codes for column in columns), record.cases.verdicts(), strict=True)
    groups: dict[tuple[str, ...], Counter[Verdict]] = {}
    for (*row, verdict), number in Counter(codes).items():
        *key, expect = (str(c.values[code]) for c, code in zip(columns, row, strict=True))
        if expect == "drop":
            groups.setdefault(tuple(key), Counter())[verdict] += number
    return groups


def _line(line: Sentence, groups: _Groups, record: RunRecord) -> Tally:
    counts: Counter[Verdict] = Counter()
    senders = line.sources if line.senders is None else line.senders
    targets = line.destinations if line.targets is None else line.targets
    is_all_from = line.senders is None and not line.sources
    is_all_to = line.targets is None and not line.destinations
    for (source, destination, item, state), found in groups.items():
        if (
            state == line.state
            and (is_all_from or source in senders)
            and (is_all_to or destination in targets)
            and (not line.items or int(item) in line.items)
        ):
            counts.update(found)
    own = _tally(counts, record)
    return replace(own, verdict=Verdict.LEAK) if line.contradictions else own


def _grouped(record: RunRecord, keys: Iterable[K]) -> dict[K, Tally]:
    groups: dict[K, Counter[Verdict]] = {}
    for key, verdict in zip(keys, record.cases.verdicts(), strict=True):
        groups.setdefault(key, Counter())[verdict] += 1
    return {key: _tally(counts.elements(), record) for key, counts in groups.items()}


def _tally(verdicts: Iterable[Verdict], record: RunRecord) -> Tally:
    counts = Counter(verdicts)
    worst = max(counts, key=lambda verdict: verdict.badness, default=None)
    if record.is_aborted and worst is Verdict.PASS:
        worst = Verdict.INCONCLUSIVE
    return Tally(counts, worst)
