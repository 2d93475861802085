"""Which rules of a town a run has met, and why it met no others.

Pure: takes the switches' own dumps with their counters, and the plan. A rule that counted nothing
is *dead* where the plan gives the reason, and *unexplained* where it gives none: then either the
suite lacks a probe, or the table has a rule that nobody needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.coverage.conditions import Proof, Tables, sides
from sekisho.coverage.unreachable import UnreachableReasons
from sekisho.evidence.unmet import UnmetReason
from sekisho.model import Plan
from sekisho.openflow.rules import Cookie

_SHOWN = 200  # of rules or conditions that nothing explains


@dataclass(frozen=True, slots=True)
class Unmet:
    """A rule that counted nothing though nothing says that it cannot be met."""

    switch: str
    table: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a run has met of a town's rules.

    Attributes:
        rules: How many there are.
        hit: How many counted a packet.
        dead: How many did not, by the reason why they cannot.
        unexplained: Those left over (the first of them), and
        unmet: how many there are of those.
        fields: How many conditions the rules that were hit have, all together, and
        both: how many of them were seen false too: a packet came to the table with another value.
        one_sided: How many conditions cannot be false, by the reason.
        unshown: Conditions left over (the first of them), and
        unshown_count: how many there are of those.
    """

    rules: int
    hit: int
    dead: dict[UnmetReason, int]
    unmet: int
    unexplained: tuple[Unmet, ...]
    fields: int
    both: int
    one_sided: dict[UnmetReason, int]
    unshown_count: int
    unshown: tuple[str, ...]


def cover(plan: Plan, tables: Tables, proved: Iterable[Proof] = ()) -> Coverage:
    """Say what was met of *tables*; *proved* are packets and the tables that they came to."""
    reasons, dead, unmet = UnreachableReasons(plan), Counter[UnmetReason](), list[Unmet]()
    hit = 0
    for switch, lines in sorted(tables.items()):
        for line in lines:
            if line.packets:
                hit += 1
            elif why := reasons.why(switch, line):
                dead[why] += 1
            else:
                unmet.append(Unmet(switch, line.table, name_of_rule(line.cookie), line.text))
    seen = sides(plan, tables, proved, reasons.why)
    return Coverage(
        rules=sum(map(len, tables.values())),
        hit=hit,
        dead=dict(dead.most_common()),
        unmet=len(unmet),
        unexplained=tuple(unmet[:_SHOWN]),
        fields=seen.fields,
        both=seen.both,
        one_sided=seen.one_sided,
        unshown_count=len(seen.unshown),
        unshown=seen.unshown[:_SHOWN],
    )


def name_of_rule(cookie: int) -> str:
    """Return in a few words what the rule with *cookie* is for."""
    parsed = Cookie.parse(cookie)
    if parsed is None:
        return f"a stranger's rule {cookie:#x}"
    parts = (str(n) for n in (parsed.a, parsed.b, parsed.c) if n)
    return " ".join((parsed.kind.name, *parts))
