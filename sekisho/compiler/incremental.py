"""New tables after a change, quick enough to make while somebody waits for them.

Knows that moving a port changes only the rules of the terminals at it, on their own switch, and
that opening a planned permission changes only the policy.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from sekisho.compiler.attachment import own_rules
from sekisho.compiler.policy_table import Placed, policy_rules
from sekisho.errors import RuleError
from sekisho.model import Attachment, Plan, PortRef
from sekisho.openflow.pipeline import Numbers
from sekisho.openflow.rules import Rule

Tables = dict[str, tuple[Rule, ...]]

_key = attrgetter("key")


@dataclass(frozen=True, slots=True)
class TableDiff:
    """The tables of a plan, and in what they differ from those of another.

    Attributes:
        tables: The tables. A switch that is not concerned keeps its very tuple.
        gone: The rules that only the other plan has, of each switch that is concerned.
        come: The rules that it has not.
    """

    tables: Tables
    gone: dict[str, tuple[Rule, ...]]
    come: dict[str, tuple[Rule, ...]]

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """How many rules each switch loses and gains; a replaced rule counts twice."""
        return {name: (len(gone), len(self.come[name])) for name, gone in self.gone.items()}


def changed_tables(before: Plan, after: Plan, rules: Tables) -> TableDiff:
    """Return the tables of *after*, given the *rules* of *before*, with the same lines broken.

    Both are the same town with other changes laid over it.

    Raises:
        RuleError: The rules are not those of *before*.
    """
    diff = TableDiff(dict(rules), {}, {})
    gone: dict[str, set[Rule]] = {}
    come: dict[str, set[Rule]] = {}
    if before.clauses != after.clauses:
        old, new = _policy(before), _policy(after)
        for switch in after.switches:
            gone[switch.id] = set(_standing_at(switch.id, old - new))
            come[switch.id] = set(_standing_at(switch.id, new - old))
    pairs = zip(before.attachments, after.attachments, strict=True)
    ports = {new.at for old, new in pairs if old != new}
    for name in {port.switch for port in ports}:
        here = {port for port in ports if port.switch == name}
        gone.setdefault(name, set()).update(_rules_at(before, here))
        come.setdefault(name, set()).update(_rules_at(after, here))
    for name in sorted(gone):
        _exchange(diff, name, gone[name] - come[name], come[name] - gone[name])
    return diff


def _exchange(diff: TableDiff, name: str, gone: set[Rule], come: set[Rule]) -> None:
    """Take *gone* out of a switch's rules, which are sorted, and put *come* in.

    Looks for the few in the many: the many are thousands, and somebody is waiting.
    """
    if not gone and not come:
        return
    rules = list(diff.tables[name])
    for rule in gone:
        at = bisect_left(rules, rule.key, key=_key)
        if rules[at : at + 1] != [rule]:
            raise RuleError(f"{name}: the tables before the change have no {rule}")
        del rules[at]
    for rule in come:
        insort(rules, rule, key=_key)
    diff.tables[name] = tuple(rules)
    diff.gone[name] = tuple(sorted(gone, key=_key))
    diff.come[name] = tuple(sorted(come, key=_key))


def _policy(plan: Plan) -> set[Placed]:
    """Return the policy of a plan; of two clauses that allow the same, the first names it."""
    first: dict[tuple[str | None, object], Placed] = {}
    for place, rule in policy_rules(plan, Numbers(plan)):
        first.setdefault((place, rule.key), (place, rule))
    return set(first.values())


def _standing_at(switch: str, policy: Iterable[Placed]) -> Iterator[Rule]:
    return (rule for place, rule in policy if place in (None, switch))


def _rules_at(plan: Plan, ports: set[PortRef]) -> Iterator[Rule]:
    numbers = Numbers(plan)
    there: list[Attachment] = [a for a in plan.attachments if a.at in ports and a.registered]
    crowd = Counter(a.at for a in there)
    for a in there:
        yield from own_rules(plan, numbers, a, is_shared=crowd[a.at] > 1)
