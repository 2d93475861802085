"""Seeded faults in tables: small wrongs, generated from the tables themselves.

Pure: takes compiled rules and gives faults as rules to remove and rules to add, in one switch or in
several. What can be wrong with one rule is in `sekisho.mutation.operators`; what needs more than
one, or the plan, is in `sekisho.mutation.plan_faults`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.mutation.operators import OPERATORS
from sekisho.openflow.rules import Rule

Tables = Mapping[str, tuple[Rule, ...]]


@dataclass(frozen=True, slots=True)
class Edit:
    """One rule that goes, comes, or becomes another.

    Attributes:
        remove: The rule that goes, or None.
        add: The rule that comes, or None.
    """

    switch: str
    remove: Rule | None
    add: Rule | None

    @property
    def rule(self) -> Rule:
        """The rule that the edit is about: the one that goes, else the one that comes."""
        rule = self.remove or self.add
        assert rule is not None
        return rule


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong in the tables of a town.

    Attributes:
        ids: What it stands for in the lists of faults, e.g. ``M-26`` and ``M02``.
        words: What was done, in a few words.
        edits: The rules concerned; at least one.
    """

    ids: tuple[str, ...]
    words: str
    edits: tuple[Edit, ...]

    @property
    def switches(self) -> tuple[str, ...]:
        """The switches whose tables it changes, sorted."""
        return tuple(sorted({edit.switch for edit in self.edits}))

    def applied(self, tables: Tables) -> dict[str, tuple[Rule, ...]]:
        """Return the tables of the whole town with the fault in them."""
        out = dict(tables)
        for switch in self.switches:
            edits = [edit for edit in self.edits if edit.switch == switch]
            gone = {e.remove.key for e in edits if e.remove} | {e.add.key for e in edits if e.add}
            kept = [rule for rule in tables[switch] if rule.key not in gone]
            kept += [edit.add for edit in edits if edit.add]
            out[switch] = tuple(sorted(kept, key=lambda rule: rule.key))
        return out


def table_faults(
    tables: Tables, *, seed: int, count: int, ids: tuple[str, ...] = ()
) -> list[Fault]:
    """Return *count* different faults of one rule each, the operators taking turns.

    All the rules of all switches are candidates; the same rules, seed and count give the same
    faults. Fewer come back only when there are not as many.

    Args:
        tables: The compiled rules of every switch.
        seed: Decides which are drawn.
        count: How many, at most.
        ids: Only faults that stand for one of these; empty means all.
    """
    chance = random.Random(seed)
    wanted = [own for own in OPERATORS if not ids or set(own) & set(ids)]
    pools = {own: list(_all(tables, own)) for own in wanted}
    for pool in pools.values():
        chance.shuffle(pool)
    out: list[Fault] = []
    while len(out) < count and any(pools.values()):
        for pool in pools.values():
            if pool and len(out) < count:
                out.append(pool.pop())
    return out


def _all(tables: Tables, ids: tuple[str, ...]) -> Iterator[Fault]:
    for switch in sorted(tables):
        for rule in tables[switch]:
            for operator in OPERATORS[ids]:
                for words, remove, add in operator(rule):
                    yield Fault(ids, words, (Edit(switch, remove, add),))


def combine(one: Fault, other: Fault) -> Fault:
    """Return a fault of the second order: both at once."""
    ids = (f"{one.ids[0]}+{other.ids[0]}",)
    return Fault(ids, f"{one.words}, and {other.words}", (*one.edits, *other.edits))
