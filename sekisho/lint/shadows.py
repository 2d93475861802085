"""Permissions that another permission of the same cell covers whole.

Pure. Both let the same packets on, and a switch may count them at either: the rules of the one
that is covered may never be met. That is no leak, but two numbered rules are signed for what one
does, and taking the covered one away would change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.model import Label, Plan, PortRange, Protocol


@dataclass(frozen=True, slots=True)
class Grant:
    """One range of ports that one clause opens from one class to another.

    Attributes:
        order: Position among all grants of the plan.
        only_from: Attachment ids that alone may initiate; empty means all.
        only_to: Attachment ids that alone may be reached; empty means all.
        where: ``file:line`` of the clause's direction.
    """

    order: int
    clause: str
    service: str
    source: str
    destination: str
    protocol: Protocol
    ports: PortRange
    only_from: frozenset[str]
    only_to: frozenset[str]
    where: str

    def covers(self, other: Grant) -> bool:
        """Tell whether all that *other* lets on is let on by this one; of two alike, the first."""
        is_wide = (
            self._cell() == other._cell()
            and self.ports.first <= other.ports.first
            and other.ports.last <= self.ports.last
            and _holds(self.only_from, other.only_from)
            and _holds(self.only_to, other.only_to)
        )
        return is_wide and (self._what() != other._what() or self.order < other.order)

    def _cell(self) -> tuple[str, str, Protocol]:
        return self.source, self.destination, self.protocol

    def _what(self) -> tuple[PortRange, frozenset[str], frozenset[str]]:
        return self.ports, self.only_from, self.only_to


@dataclass(frozen=True, slots=True)
class Shadow:
    """A service of a clause that other permissions cover whole.

    Attributes:
        where: ``file:line`` of the covered one.
        by: Clauses and services that cover it, in the plan's order.
    """

    where: str
    clause: str
    service: str
    source: str
    destination: str
    by: tuple[str, ...]

    @property
    def label(self) -> Label:
        """What is to be said of it."""
        own, others = f"{self.clause} {self.service}", ", ".join(self.by)
        cell = f"{self.source} -> {self.destination}"
        return Label(
            f"{own} ({cell}) は {others} に含まれる許可で、削除しても通信は変わらない",
            f"{own} ({cell}) is covered by {others}: taking it out would close nothing",
        )


def grants(plan: Plan) -> list[Grant]:
    """Return every grant of *plan*, in its order."""
    out: list[Grant] = []
    for clause in plan.clauses:
        for allow in clause.allows:
            for source in allow.sources:
                own = frozenset(n for n in allow.only_from if plan.attachment[n].source == source)
                if allow.only_from and not own:
                    continue  # the line names others of its classes alone
                for name in allow.services:
                    service = plan.service[name]
                    out += [
                        Grant(
                            len(out) + n,
                            clause.id,
                            name,
                            source,
                            allow.destination,
                            service.protocol,
                            ports,
                            own,
                            frozenset(allow.only_to),
                            allow.where,
                        )
                        for n, ports in enumerate(service.ports)
                    ]
    return out


def shadows(plan: Plan) -> Iterator[Shadow]:
    """Yield every service of a clause whose ports are all covered, a pair of classes at a time."""
    cells: dict[tuple[str, str], list[Grant]] = {}
    for grant in grants(plan):
        cells.setdefault((grant.source, grant.destination), []).append(grant)
    for members in cells.values():
        lines: dict[tuple[str, str, str], list[Grant]] = {}
        for grant in members:
            lines.setdefault((grant.where, grant.clause, grant.service), []).append(grant)
        for (where, clause, service), own in lines.items():
            found = [next((g for g in members if g.covers(one)), None) for one in own]
            by = [f"{g.clause} {g.service}" for g in found if g is not None]
            if len(by) == len(own):
                yield Shadow(
                    where,
                    clause,
                    service,
                    own[0].source,
                    own[0].destination,
                    tuple(dict.fromkeys(by)),
                )


def _holds(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Tell whether *wide* lets everybody in whom *narrow* lets in; empty means everybody."""
    return not wide or (bool(narrow) and narrow <= wide)
