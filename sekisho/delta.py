"""New tables after a change, quick enough to make while somebody waits for them.

Knows that moving a port changes only the rules of the terminals at it, on their own switch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sekisho.compiler import compile_town
from sekisho.model import Attachment, Plan, PortRef
from sekisho.pipeline import Numbers
from sekisho.rules import Rule
from sekisho.terminal import own_rules

Tables = dict[str, tuple[Rule, ...]]


def changed_tables(
    before: Plan, after: Plan, rules: Tables, *, down: frozenset[PortRef] = frozenset()
) -> Tables:
    """Return what ``compile_town(after, down=down)`` returns, given its *rules* for *before*.

    Both are the same town with other changes laid over it. A switch that is not concerned keeps
    its very tuple.
    """
    if before.clauses != after.clauses:
        new = compile_town(after, down=down)
        return {s: old if new[s] == old else new[s] for s, old in rules.items()}
    pairs = zip(before.attachments, after.attachments, strict=True)
    ports = {new.at for old, new in pairs if old != new}
    out = dict(rules)
    for switch in sorted({port.switch for port in ports}):
        here = {port for port in ports if port.switch == switch}
        gone = {rule.key for rule in _rules_at(before, here)}
        kept = [rule for rule in rules[switch] if rule.key not in gone]
        out[switch] = tuple(sorted((*kept, *_rules_at(after, here)), key=lambda rule: rule.key))
    return out


def difference(
    old: tuple[Rule, ...], new: tuple[Rule, ...]
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Return the rules that only *old* has, and those that only *new* has.

    Rules that were kept are the same objects: two tables of thousands are compared in no time.
    """
    before, after = set(map(id, old)), set(map(id, new))
    gone = [rule for rule in old if id(rule) not in after]
    come = [rule for rule in new if id(rule) not in before]
    both = set(gone) & set(come)
    return (
        tuple(rule for rule in gone if rule not in both),
        tuple(rule for rule in come if rule not in both),
    )


def _rules_at(plan: Plan, ports: set[PortRef]) -> Iterator[Rule]:
    numbers = Numbers(plan)
    there: list[Attachment] = [a for a in plan.attachments if a.at in ports and a.registered]
    crowd = Counter(a.at for a in there)
    for a in there:
        yield from own_rules(plan, numbers, a, is_shared=crowd[a.at] > 1)
