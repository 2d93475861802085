"""Faults in tables: planted past the guard, told by the gate, decided by the reference switch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scenarios.mutants.affected import Focus
from scenarios.mutants.equivalence import decide, in_every_phase
from scenarios.mutants.harness import EQUIVALENT, SURVIVED, Ground, Mutant, Told
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
        planted=lambda ground: _planted(ground, fault),
        tried=lambda ground: _tried(ground, fault),
        rule=match_words(first.rule) + (f" and {n} more" if (n := len(fault.edits) - 1) else ""),
        switches=fault.switches,
    )


@contextmanager
def _planted(ground: Ground, fault: Fault) -> Iterator[None]:
    """The fault is in the switches meanwhile."""
    try:
        for switch in fault.switches:
            edits = [edit for edit in fault.edits if edit.switch == switch]
            gone = [f"delete_strict {match_words(e.remove)}" for e in edits if e.remove]
            come = [f"add {flow_words(e.add)}" for e in edits if e.add]
            _change(ground, switch, [*gone, *come])
        yield
    finally:
        for switch in fault.switches:
            _repair(ground, fault, switch)


def _repair(ground: Ground, fault: Fault, switch: str) -> None:
    held = {rule.key: rule for rule in ground.tables[switch]}
    edits = [edit for edit in fault.edits if edit.switch == switch]
    gone = [f"delete_strict {match_words(e.add)}" for e in edits if e.add]
    keys = {e.add.key for e in edits if e.add} | {e.remove.key for e in edits if e.remove}
    back = [f"add {flow_words(held[key])}" for key in sorted(keys) if key in held]
    _change(ground, switch, [*gone, *back])


def _change(ground: Ground, switch: str, lines: list[str]) -> None:
    path = ground.town.folder / "log" / "change.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    ground.ofctl("add-flows", switch, str(path))


def _tried(ground: Ground, fault: Fault) -> Told:
    focus = Focus(ground.plan, ((edit.switch, edit.rule.cookie) for edit in fault.edits))
    suite = ground.suite(focus)
    told = ground.gate_and_talk(suite, focus)
    if told is not None:
        return told
    killers = [name for one in fault.ids for name in KILLERS.get(one, ())]
    decision = decide(ground.plan, ground.tables, fault, _sent(ground, fault, suite))
    if not decision.different:
        return Told(EQUIVALENT, "reference switch", decision.words, len(suite))
    told = (
        ground.gate(ground.suites.about(focus, most=_ALL))
        or ground.talk(focus, most=_ALL)
        or ground.attacks(killers, focus)
    )
    return told or Told(SURVIVED, "", decision.words, len(suite))


def _sent(ground: Ground, fault: Fault, suite: list[CasePlan]) -> Iterator[Packet]:
    """The frames of the cases tried, as the reference switch reads them."""
    window = ground.suites.window(suite)
    raw = ground.session.build(list(window.frames), range(1, len(window.frames) + 1))
    sources = {case.number: case.source.at for case in suite}
    for frame, data in zip(window.frames, raw, strict=True):
        packet = dissect(data, sources[frame.case])
        if packet is not None:
            yield from in_every_phase(packet, fault)
