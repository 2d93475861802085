"""Who may open which service on whom, by the rules: what a change gives and takes, in both ways.

Pure, and by the words of the rules: whom a direction of a rule names, and its services. Of
others, those that run the service are named; of the device itself every service that a rule lets
in, since it may begin to answer. Whether a frame passes is the policy's word.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.model import Attachment, Clause, Plan


@dataclass(frozen=True, slots=True, order=True)
class Reach:
    """A service, and the other end of it.

    Attributes:
        attachment: Who is reached; or, of what is opened here, who reaches.
    """

    service: str
    attachment: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """What a rule opens: a service from each of some to each of others."""

    rule: str
    service: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


def opens(plan: Plan, a: Attachment) -> frozenset[Reach]:
    """Return every service that *a* may open, with whom it may open it on."""
    return frozenset(
        Reach(name, b.id)
        for clause in plan.clauses
        for allow in clause.allows
        if a.registered and allow.lets(a)
        for b in plan.attachments
        if b.registered and b.device != a.device and allow.reaches(b)
        for name in allow.services
        if name in b.services
    )


def opened_by(plan: Plan, b: Attachment) -> frozenset[Reach]:
    """Return every service that somebody may open on *b*, run or not, with who may."""
    return frozenset(
        Reach(name, a.id)
        for clause in plan.clauses
        for allow in clause.allows
        if b.registered and allow.reaches(b)
        for a in plan.attachments
        if a.registered and a.device != b.device and allow.lets(a)
        for name in allow.services
    )


def permitted(plan: Plan, clause: Clause) -> tuple[Permitted, ...]:
    """Return what *clause* opens, by its directions and services."""
    known = [a for a in plan.attachments if a.registered]
    return tuple(
        Permitted(
            clause.id,
            name,
            tuple(a.id for a in known if allow.lets(a)),
            tuple(b.id for b in known if allow.reaches(b) and name in b.services),
        )
        for allow in clause.allows
        for name in allow.services
    )
