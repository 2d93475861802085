"""What a plan says that no set of packets shows: times of rules, places of attachments, hubs.

Two plans that differ in it may let the same packets through at one moment.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model import Clause, Plan


def differences(before: Plan, after: Plan) -> list[str]:
    """Return a line for each such fact that only one of two plans has, ``+`` or ``-`` before it.

    Attachments that only one of them has are left out: what they may open is told as it is.
    """
    both = before.attachment.keys() & after.attachment.keys()
    old, new = (set(_facts(plan, both)) for plan in (before, after))
    return [f"{'+' if fact in new else '-'} {fact}" for fact in sorted(old ^ new)]


def _facts(plan: Plan, known: set[str]) -> Iterator[str]:
    for clause in plan.clauses:
        if clause.has_times:
            yield f"{clause.id} {_times(clause)}"
    for each in plan.attachments:
        if each.id in known:
            tag = f" VLAN {each.tag}" if each.tag else ""
            yield f"{each.id} @ {each.at} {each.medium} {each.ip} {each.mac}{tag}"
    shared = sorted((a for a in plan.attachments if a.beside), key=lambda a: a.id)
    for number, one in enumerate(shared):
        for other in shared[number + 1 :]:
            if one.is_beside(other):
                yield f"{one.id} ↔ {other.id} ({one.beside})"


def _times(clause: Clause) -> str:
    until = f"..{clause.until}" if clause.until else ""
    return " ".join([until, *map(str, clause.hours)]).strip()
