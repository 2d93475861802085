"""The difference between wanted and held rules, in an order that is safe at every instant.

Pure: knows rules, no switch and no framework.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.pipeline import Table
from sekisho.rules import Rule


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

    First everything that takes permission away: deletions, and rules that drop. Then the rules
    of the later tables, and last those of ADMISSION, so that no packet is let in before all that
    judges it is there.
    """
    want = {rule.key: rule for rule in wanted}
    have = {rule.key: rule for rule in held}
    delete = tuple(rule for key, rule in have.items() if key not in want)
    add = tuple(rule for key, rule in want.items() if have.get(key) != rule)
    steps = (
        Step(delete, tuple(rule for rule in add if rule.drops)),
        Step((), tuple(r for r in add if not r.drops and r.table != Table.ADMISSION)),
        Step((), tuple(r for r in add if not r.drops and r.table == Table.ADMISSION)),
    )
    return Changes(tuple(step for step in steps if step.delete or step.add))
