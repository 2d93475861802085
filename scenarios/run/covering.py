"""A check of the suite ``coverage``: few packets, and whether every rule that they meet counted.

Like any check, but that the counters of all rules are read before the first frame and after the
last conversation. A rule that did not count is a finding where all its packets were seen leaving
and judged; else nothing is known of it, and the run is inconclusive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from scenarios.engine.config_watch import AFTER, ConfigWatch
from scenarios.engine.session import Session
from scenarios.probes.windows import Window
from scenarios.results.findings import Findings
from scenarios.results.set_coverage import Met, Short, met, write_set
from scenarios.run.runner import Check
from scenarios.suites.covering import CoverSuite
from sekisho.coverage.regions import Place
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.openflow.flow_dump import FlowLine, flows
from sekisho.openflow.rule_text import wanted
from topologies.town import Town

_KIND = "coverage"
_MOST = 20  # rules that are told one by one


class Covering(Check):
    """A check whose packets meet every rule that can be met."""

    _before: Mapping[str, list[FlowLine]]

    def _suite(self) -> CoverSuite:
        self._cover = CoverSuite(self._plan, self._run, self._manifest)
        return self._cover

    def _probe(
        self, session: Session, batches: list[Window], findings: Findings, town: Town
    ) -> None:
        self._before = _read(town)
        super()._probe(session, batches, findings, town)

    def _held(self, town: Town, held: Mapping[str, list[FlowLine]]) -> None:
        cover = self._cover
        sent = cover.sent
        found = met(
            self._plan,
            cover.chosen,
            sent=sent.frames.values(),
            talks=sent.talks,
            counters=(self._before, held),
        )
        self._note(found)
        write_set(self._folder, cover.chosen, found, len(self._talks))

    def _note(self, found: Met) -> None:
        """Tell of every rule that did not count what it should have, or that should not have."""
        around, names = self._around, names_of(self._cover)
        assert around is not None
        note_rules(around, found, self._undecided(), names)
        if found.untried:
            n = len(found.untried)
            untried = Label(
                f"応答する機器がないため試していない規則が{n:,}件ある",
                f"{n:,} rules were not tried: only conversations that nobody answers meet them",
            )
            around.note(AFTER, _KIND, "", untried)

    def _undecided(self) -> set[str]:
        rows: Any = self._tally.cases.rows()
        return {row["case"] for row in rows if Verdict(row["verdict"]) is Verdict.INCONCLUSIVE}


def names_of(cover: CoverSuite) -> dict[int, str]:
    """Return the case of each packet, by its identity: its frame's, or its conversation's."""
    frames, talks = cover.sent.frames, cover.sent.talks
    held = sorted({probe.talk.number for probe in talks if probe.talk is not None})
    case = {number: f"X-{n:06d}" for n, number in enumerate(held, 1)}
    out = {id(probe): f"T-{number:06d}" for number, probe in frames.items()}
    return out | {id(p): case[p.talk.number] for p in talks if p.talk is not None}


def note_rules(
    around: ConfigWatch, found: Met, undecided: Collection[str], names: Mapping[int, str]
) -> None:
    """Note each rule that did not count as it should: a finding, or else a doubt.

    Args:
        around: What is known of the fabric.
        found: What the counters say.
        undecided: Cases that could not be judged: what they were to meet is not known.
        names: The case of each packet.
    """
    sure, doubtful = list[tuple[str, Label]](), list[tuple[str, Label]]()
    for short in found.short:
        is_sure = all(names[id(probe)] not in undecided for probe in short.probes)
        (sure if is_sure else doubtful).append((short.place.switch, _missed(short)))
    sure += [(dead.place.switch, _odd(dead.place)) for dead in found.odd]
    for switch, label in _first(sure):
        around.note_finding(_KIND, switch, label)
    for switch, label in _first(doubtful):
        around.note(AFTER, _KIND, switch, label)


def _first(rules: list[tuple[str, Label]]) -> Iterator[tuple[str, Label]]:
    """Yield the first of *rules*, and how many more there are."""
    yield from rules[:_MOST]
    if left := len(rules[_MOST:]):
        yield "", Label(f"ほかに規則{left:,}件", f"{left:,} more rules")


def _read(town: Town) -> dict[str, list[FlowLine]]:
    """Return all rules of all switches with their counters, brought up to date."""
    town.ovs.settle()
    return {s.id: flows(town.ovs.flows(s.id)) for s in town.plan.switches}


def _missed(short: Short) -> Label:
    rule = wanted(short.place.rule)
    return Label(
        f"{short.place.switch}: 届いたはずの規則が{short.due}個中{short.counted}個しか"
        f"数えていない: {rule}",
        f"{short.place.switch}: a rule counted {short.counted} of {short.due} packets that were "
        f"to meet it: {rule}",
    )


def _odd(place: Place) -> Label:
    rule = wanted(place.rule)
    return Label(
        f"{place.switch}: 何も届かないはずの規則が数えた: {rule}",
        f"{place.switch}: a rule counted that nothing can come to: {rule}",
    )
