"""Faults in tables: planted past the controller, told by the gate, decided by reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scenarios.mutants.affected import AffectedCases
from scenarios.mutants.equivalence import decide, in_every_phase
from scenarios.mutants.harness import EQUIVALENT, SURVIVED, Mutant, MutantResult, MutationHarness
from scenarios.probes.windows import CasePlan
from sekisho.mutation.catalogue import KILLERS
from sekisho.mutation.table_faults import Fault
from sekisho.packet.dissect import dissect
from sekisho.packet.packet import Packet
from topologies.ovs.ofctl import flow_words, match_words

_ALL = 20000  # cases tried before a fault counts as survived


def of_tables(fault: Fault, *, level: str = "flow") -> Mutant:
    """Return a fault of one or more rules as something to plant."""
    first = fault.edits[0]
    return Mutant(
        ids=fault.ids,
        level=level,
        place=" ".join(fault.switches[:3]),
        words=fault.words,
        planted=lambda harness: _planted(harness, fault),
        tried=lambda harness: _tried(harness, fault),
        rule=match_words(first.rule) + (f" and {n} more" if (n := len(fault.edits) - 1) else ""),
        switches=fault.switches,
    )


@contextmanager
def _planted(harness: MutationHarness, fault: Fault) -> Iterator[None]:
    """The fault is in the switches meanwhile."""
    try:
        for switch in fault.switches:
            edits = [edit for edit in fault.edits if edit.switch == switch]
            gone = [f"delete_strict {match_words(e.remove)}" for e in edits if e.remove]
            come = [f"add {flow_words(e.add)}" for e in edits if e.add]
            _change(harness, switch, [*gone, *come])
        yield
    finally:
        for switch in fault.switches:
            _repair(harness, fault, switch)


def _repair(harness: MutationHarness, fault: Fault, switch: str) -> None:
    held = {rule.key: rule for rule in harness.tables[switch]}
    edits = [edit for edit in fault.edits if edit.switch == switch]
    gone = [f"delete_strict {match_words(e.add)}" for e in edits if e.add]
    keys = {e.add.key for e in edits if e.add} | {e.remove.key for e in edits if e.remove}
    back = [f"add {flow_words(held[key])}" for key in sorted(keys) if key in held]
    _change(harness, switch, [*gone, *back])


def _change(harness: MutationHarness, switch: str, lines: list[str]) -> None:
    path = harness.town.folder / "log" / "change.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    harness.ofctl("add-flows", switch, str(path))


def _tried(harness: MutationHarness, fault: Fault) -> MutantResult:
    focus = AffectedCases(harness.plan, ((edit.switch, edit.rule.cookie) for edit in fault.edits))
    suite = harness.suite(focus)
    told = harness.gate_and_talk(suite, focus)
    if told is not None:
        return told
    killers = [name for one in fault.ids for name in KILLERS.get(one, ())]
    decision = decide(harness.plan, harness.tables, fault, _sent(harness, fault, suite))
    if not decision.different:
        return MutantResult(EQUIVALENT, "reference switch", decision.words, len(suite))
    told = (
        harness.gate(harness.suites.about(focus, most=_ALL))
        or harness.conn(focus, most=_ALL)
        or harness.attacks(killers, focus)
    )
    return told or MutantResult(SURVIVED, "", decision.words, len(suite))


def _sent(harness: MutationHarness, fault: Fault, suite: list[CasePlan]) -> Iterator[Packet]:
    """The frames of the cases tried, as the reference switch reads them."""
    window = harness.suites.window(suite)
    raw = harness.session.build(list(window.frames), range(1, len(window.frames) + 1))
    cases = {case.number: case for case in suite}
    for frame, data in zip(window.frames, raw, strict=True):
        packet = dissect(data, cases[frame.case].source.at, cases[frame.case].tag)
        if packet is not None:
            yield from in_every_phase(packet, fault)
