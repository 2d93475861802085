"""What the packets of the suite ``coverage`` have met, by the switches' own counters.

A rule must have counted at least the frames that were to meet it, and one more packet where a
conversation was. A rule that counted less was not met as the sets of all packets say; and a rule
that no packet can come to must not have counted at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sekisho.coverage.probe_set import Probe, ProbeSet
from sekisho.coverage.regions import Dead, Place
from sekisho.coverage.rules import name_of_rule
from sekisho.evidence.dead_rules import DeadReason
from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.writing import write_atomically
from sekisho.model import Plan, PortRef
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.rule_text import held, wanted

_NEVER = (DeadReason.UNREACHED, DeadReason.TAKEN)
Lines = Mapping[str, Iterable[FlowLine]]


@dataclass(frozen=True, slots=True)
class Short:
    """A rule that did not count what it should have.

    Attributes:
        due: Packets that were to meet it, at least.
        counted: Packets that it counted.
        probes: Those that were to meet it.
    """

    place: Place
    due: int
    counted: int
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """What the counters say.

    Attributes:
        rules: How many live rules counted what they should have.
        short: Every live rule that did not.
        untried: Live rules that only conversations meet in which nobody would answer.
        odd: Rules that nothing can come to, and that counted.
    """

    rules: int
    short: tuple[Short, ...]
    untried: tuple[Place, ...]
    odd: tuple[Dead, ...]


def met(
    plan: Plan,
    chosen: ProbeSet,
    *,
    sent: Iterable[Probe],
    talks: Iterable[Probe],
    counters: tuple[Lines, Lines],
) -> Met:
    """Compare how far the counters rose with what was sent.

    Args:
        plan: The town.
        chosen: The set.
        sent: Its packets that were sent as frames.
        talks: Those of conversations that were held.
        counters: Of all switches, before the first frame and after the last.
    """
    before, after = (_counted(lines) for lines in counters)
    due, whose = Counter[Place](), dict[Place, list[Probe]]()
    for probes, is_frame in ((sent, True), (talks, False)):
        for probe in probes:
            for place in set(probe.meets):
                due[place] += 1 if is_frame or not due[place] else 0
                whose.setdefault(place, []).append(probe)
    short = list[Short]()
    for place in chosen.live:
        key = _key(place)
        rise = after.get(key, 0) - before.get(key, 0)
        if place in due and rise < due[place]:
            short.append(Short(place, due[place], rise, tuple(whose[place])))
    untried = tuple(place for place in chosen.live if place not in due)
    odd = [d for d in _never(plan, chosen) if _rise(d.place, before, after)]
    return Met(len(chosen.live) - len(short) - len(untried), tuple(short), untried, tuple(odd))


def _never(plan: Plan, chosen: ProbeSet) -> Iterator[Dead]:
    """Yield the rules that nothing comes to; the sentinels of a run come in by lines, though."""
    lines = {end for link in plan.links for end in (link.a, link.b)}
    for dead in chosen.dead:
        ports = [value for name, value, _ in dead.place.rule.match if name == "in_port"]
        is_of_line = any(PortRef(dead.place.switch, port) in lines for port in ports)
        if dead.reason in _NEVER and not is_of_line:
            yield dead


_Key = tuple[str, int, int, str]


def _counted(lines: Lines) -> dict[_Key, int]:
    return {
        (switch, line.table, line.cookie, held(line)): line.packets
        for switch, own in lines.items()
        for line in own
    }


def _key(place: Place) -> _Key:
    return place.switch, place.rule.table, place.rule.cookie, wanted(place.rule)


def _rise(place: Place, before: Mapping[_Key, int], after: Mapping[_Key, int]) -> int:
    key = _key(place)
    return after.get(key, 0) - before.get(key, 0)


def write_set(folder: Path, chosen: ProbeSet, found: Met, conversations: int) -> None:
    """Write the set and what it met to ``coverage.json``."""
    reasons = Counter(dead.reason.value for dead in chosen.dead)
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "set": {
            "probes": len(chosen.probes),
            "bound": chosen.bound,
            "conversations": conversations,
            "rules": len(chosen.live) + len(chosen.dead),
            "live": len(chosen.live),
            "met": found.rules,
            "short": [{**_rule(s.place), "due": s.due, "counted": s.counted} for s in found.short],
            "untried": [_rule(place) for place in found.untried],
            "odd": [_rule(dead.place) for dead in found.odd],
            "dead": dict(reasons.most_common()),
            "dead_rules": [_dead(dead) for dead in chosen.dead],
        },
    }
    write_atomically(folder / "coverage.json", orjson.dumps(data))


def _rule(place: Place) -> dict[str, Any]:
    return {
        "switch": place.switch,
        "table": place.rule.table,
        "name": name_of_rule(place.rule.cookie),
        "text": wanted(place.rule),
    }


def _dead(dead: Dead) -> dict[str, Any]:
    return {**_rule(dead.place), "why": dead.reason.value, "by": [wanted(r) for r in dead.by]}
