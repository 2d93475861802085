"""A plan at a moment: which of its rules hold then. Pure: the moment comes in.

A rule that does not hold keeps its number and its words, and permits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sekisho.model import Clause, Plan
from sekisho.model.changes import Change, applied


def at(plan: Plan, moment: datetime) -> Plan:
    """Return *plan* as it is in force at *moment*: itself, where all its rules hold always."""
    if not any(clause.has_times for clause in plan.clauses):
        return plan
    clauses = tuple(c if c.holds(moment) else replace(c, allows=()) for c in plan.clauses)
    return replace(plan, clauses=clauses, base=plan.origin, moment=moment)


def in_force(plan: Plan, changes: Iterable[Change], moment: datetime) -> Plan:
    """Return *plan* with *changes* laid over it, as it is in force at *moment*."""
    return at(applied(plan, changes), moment)


def whole(plan: Plan) -> Plan:
    """Return *plan* as if all of its rules held: what it permits at one time or another."""
    rest = {clause.id for clause in resting(plan)}
    if not rest:
        return plan
    said = {clause.id: clause for clause in plan.origin.clauses if clause.id in rest}
    return replace(plan, clauses=tuple(said.get(c.id, c) for c in plan.clauses))


def resting(plan: Plan) -> tuple[Clause, ...]:
    """Return the rules of *plan* that do not hold at its moment."""
    return tuple(clause for clause in plan.clauses if clause.has_times and not clause.allows)
