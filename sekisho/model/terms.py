"""A plan at a moment: which of its rules hold then. Pure: the moment comes in.

A rule that does not hold keeps its number and its words, and permits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sekisho.model import JST, Clause, Plan
from sekisho.model.changes import Change, apply_changes

_MINUTE = timedelta(minutes=1)
_ROUND = timedelta(days=8)  # in so many days all hours come, whatever they are


def at(plan: Plan, moment: datetime) -> Plan:
    """Return *plan* as it is in force at *moment*: itself, where all its rules hold always."""
    if not any(clause.has_times for clause in plan.clauses):
        return plan
    return _without(plan, {c.id for c in plan.clauses if not c.holds(moment)}, moment)


def in_force(plan: Plan, changes: Iterable[Change], moment: datetime) -> Plan:
    """Return *plan* with *changes* laid over it, as it is in force at *moment*."""
    return at(apply_changes(plan, changes), moment)


def is_over(clause: Clause, moment: datetime) -> bool:
    """Tell whether *clause* holds neither at *moment* nor at any time after it."""
    if clause.until is None or clause.holds(moment):
        return False
    here, end = moment.astimezone(JST).replace(second=0, microsecond=0), clause.until.end
    if end - here > _ROUND:
        return False
    minutes = int((end - here) / _MINUTE)
    return not any(clause.holds(here + n * _MINUTE) for n in range(1, minutes + 1))


def lasting(plan: Plan, moment: datetime) -> Plan:
    """Return *plan* without what is permitted by rules that are over at *moment*."""
    over = {clause.id for clause in plan.clauses if is_over(clause, moment)}
    return _without(plan, over, moment) if over else plan


def _without(plan: Plan, ids: set[str], moment: datetime) -> Plan:
    clauses = tuple(replace(c, allows=()) if c.id in ids else c for c in plan.clauses)
    return replace(plan, clauses=clauses, base=plan.origin, moment=moment)


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
