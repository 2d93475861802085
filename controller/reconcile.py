"""The difference between wanted and held rules, in an order that is safe at every instant.

Pure: knows rules, no switch and no framework.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sekisho.openflow.pipeline import Table
from sekisho.openflow.rules import Rule

_IDENTITY = (Table.DESTINATION, Table.ADMISSION)


@dataclass(frozen=True, slots=True)
class Step:
    """Changes that may be sent together; a barrier follows."""

    delete: tuple[Rule, ...]
    add: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What brings a switch from *held* to *wanted*."""

    steps: tuple[Step, ...]

    @property
    def added(self) -> int:
        """How many rules are added or replaced."""
        return sum(len(step.add) for step in self.steps)

    @property
    def deleted(self) -> int:
        """How many rules are deleted."""
        return sum(len(step.delete) for step in self.steps)

    @property
    def summary(self) -> str:
        """The size of the change in words."""
        return f"{self.added} rules to add and {self.deleted} to delete"


def changes(wanted: tuple[Rule, ...], held: tuple[Rule, ...]) -> Changes:
    """Compare by (table, priority, match): delete what is unwanted, add what is missing or differs.

    First everything that takes permission away: rules that drop, deletions, and those rules that
    say who somebody is (ADMISSION, DESTINATION) and will say it otherwise: the same number may
    stand for another class in the plan to come. Then the rules of the tables that judge, and
    last those that say who is there and who is here, so that nobody is let in before all that
    judges him is there.
    """
    want = {rule.key: rule for rule in wanted}
    have = {rule.key: rule for rule in held}
    add = tuple(rule for key, rule in want.items() if have.get(key) != rule)
    delete = tuple(
        rule
        for key, rule in have.items()
        if key not in want
        or (rule.table in _IDENTITY and not rule.drops and not _says_the_same(rule, want[key]))
    )
    later = tuple(rule for rule in add if not rule.drops)
    steps = (
        Step(delete, tuple(rule for rule in add if rule.drops)),
        Step((), tuple(rule for rule in later if rule.table not in _IDENTITY)),
        *(Step((), tuple(rule for rule in later if rule.table == table)) for table in _IDENTITY),
    )
    return Changes(tuple(step for step in steps if step.delete or step.add))


def _says_the_same(held: Rule, wanted: Rule) -> bool:
    return replace(held, cookie=wanted.cookie) == wanted
