"""Which switches and lines a plan's permitted conversations pass, with every line whole.

Pure: permissions times ways. What is not in here can carry no permitted packet, and what is not
permitted dies at the first switch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from sekisho.compiler.routing import next_hops
from sekisho.model import Attachment, Plan
from sekisho.openflow.pipeline import Numbers

#: Clause, source class and destination class, by their numbers: what a permission's cookie says.
Permission = tuple[int, int, int]


@dataclass(slots=True)
class ForwardingPaths:
    """Where permitted packets and their replies come.

    Attributes:
        enters: (switch, port, class tag) of what comes in over a line.
        opens: (switch, port) of what opens a conversation there, from a device or over a line.
        towards: (switch, home) of what leaves for another switch.
        passes: (switch, address that asks, address that is asked) of each permission.
        reached: Attachments that somebody may open, or that somebody answers to.
    """

    enters: set[tuple[str, int, int]] = field(default_factory=set)
    opens: set[tuple[str, int]] = field(default_factory=set)
    towards: set[tuple[str, int]] = field(default_factory=set)
    passes: dict[Permission, set[tuple[str, str, str]]] = field(default_factory=dict)
    reached: dict[str, set[str]] = field(default_factory=dict)

    @property
    def busy(self) -> set[str]:
        """Switches that any permitted packet passes."""
        return {switch for there in self.passes.values() for switch, _, _ in there}


def ways(plan: Plan) -> ForwardingPaths:
    """Return every way of every permission of *plan*, and of its replies."""
    out, numbers, routes = ForwardingPaths(), Numbers(plan), _Routes(plan)
    for permission, a, b in _permitted(plan, numbers):
        asks, asked = str(a.ip), str(b.ip)
        passed = out.passes.setdefault(permission, set())
        out.opens.add((a.at.switch, a.at.port))
        between = routes.between(a.at.switch, b.at.switch)
        out.opens |= {(there, port) for _, there, port in between}
        for source, target in ((a, b), (b, a)):
            tag = numbers.tag[numbers.pair(source)]
            home = plan.switch[target.at.switch].dpid
            passed.add((source.at.switch, asks, asked))
            out.reached.setdefault(target.id, set()).add(source.at.switch)
            for here, there, port in routes.between(source.at.switch, target.at.switch):
                out.towards.add((here, home))
                out.enters.add((there, port, tag))
                passed.add((there, asks, asked))
                out.reached[target.id].add(there)
    return out


class _Routes:
    def __init__(self, plan: Plan) -> None:
        self._peer = {link.a: link.b for link in plan.links}
        self._peer |= {link.b: link.a for link in plan.links}
        self._hops = {s.id: next_hops(plan, s.id) for s in plan.switches}
        self.between = cache(self._between)

    def _between(self, start: str, end: str) -> tuple[tuple[str, str, int], ...]:
        """Return (switch, next switch, port it comes in by) of every line on the way."""
        out = []
        while start != end and end in self._hops[start]:
            peer = self._peer[self._hops[start][end]]
            out.append((start, peer.switch, peer.port))
            start = peer.switch
        return tuple(out)


def _permitted(plan: Plan, numbers: Numbers) -> Iterator[tuple[Permission, Attachment, Attachment]]:
    """Yield every permission with each pair of terminals that it lets talk."""
    known = [a for a in plan.attachments if a.registered]
    for clause in plan.clauses:
        for allow in clause.allows:
            targets = [b for b in known if allow.reaches(b)]
            for a in filter(allow.lets, known):
                for b in targets:
                    if a.device != b.device:
                        row = numbers.source[a.source]
                        column = numbers.destination[allow.destination]
                        yield (numbers.clause[clause.id], row, column), a, b
