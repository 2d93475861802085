"""New tables after a change, quick enough to make while somebody waits for them.

Knows that moving a port changes only the rules of the terminals at it, on their own switch, and
that opening a planned permission changes only the policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sekisho.compiler import in_zone
from sekisho.model import Attachment, Plan, PortRef
from sekisho.permissions import Placed, policy_rules
from sekisho.pipeline import Numbers
from sekisho.rules import Rule
from sekisho.terminal import own_rules

Tables = dict[str, tuple[Rule, ...]]


def changed_tables(before: Plan, after: Plan, rules: Tables) -> Tables:
    """Return the tables of *after*, given the *rules* of *before*, with the same lines broken.

    Both are the same town with other changes laid over it. A switch that is not concerned keeps
    its very tuple.
    """
    out = dict(rules)
    if before.clauses != after.clauses:
        old, new = _policy(before), _policy(after)
        for switch in after.switches:
            gone = [rule for place, rule in old - new if place in (None, switch.id)]
            come = [rule for place, rule in new - old if place in (None, switch.id)]
            come = [in_zone(rule, switch.dpid) for rule in come]
            out[switch.id] = _exchanged(out[switch.id], gone, come)
    pairs = zip(before.attachments, after.attachments, strict=True)
    ports = {new.at for old, new in pairs if old != new}
    for name in sorted({port.switch for port in ports}):
        here = {port for port in ports if port.switch == name}
        out[name] = _exchanged(out[name], _rules_at(before, here), _rules_at(after, here))
    return out


def _exchanged(
    rules: tuple[Rule, ...], gone: Iterable[Rule], come: Iterable[Rule]
) -> tuple[Rule, ...]:
    """Return *rules* without those of *gone* and with *come*; the very tuple, if that is none."""
    keys, more = {rule.key for rule in gone}, tuple(come)
    if not keys and not more:
        return rules
    kept = [rule for rule in rules if rule.key not in keys]
    return tuple(sorted((*kept, *more), key=lambda rule: rule.key))


def _policy(plan: Plan) -> set[Placed]:
    """Return the policy of a plan; of two clauses that allow the same, the first names it."""
    first: dict[tuple[str | None, object], Placed] = {}
    for place, rule in policy_rules(plan, Numbers(plan)):
        first.setdefault((place, rule.key), (place, rule))
    return set(first.values())


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
