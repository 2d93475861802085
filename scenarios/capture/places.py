"""Where copies are captured, and where the copies of a permitted frame may be seen on its way.

Every place where a frame can come out of the fabric has a capture: each interface of each host,
each line between switches, each cable to an access point, each bridge's LOCAL port, the
controller's channel, and every interface that exists and is in no plan. Which of them a permitted
frame passes follows from the plan's lines alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from sekisho.compiler.routing import next_hops
from sekisho.model import Link, Plan, PortRef

CHANNEL = "controller-channel"


class Place(NamedTuple):
    """A capture point.

    Attributes:
        kind: ``attachment``, ``link``, ``air``, ``local``, ``channel`` or ``stranger``.
        name: Attachment id; ``a - b`` of a line's ports; id of the access point or bridge;
            `CHANNEL`; namespace and interface of what is in no plan.
    """

    kind: str
    name: str

    def sight(self, *, outgoing: bool) -> str:
        """Return the name under which a copy is noted; lines are told apart by direction.

        Args:
            outgoing: Whether the interface's own side sent it: the line's first switch, or the
                switch towards the access point.
        """
        if self.kind == "link":
            a, _, b = self.name.partition(" - ")
            return f"{a} > {b}" if outgoing else f"{b} > {a}"
        if self.kind == "air":
            return f"{self.name}, {'downwards' if outgoing else 'upwards'}"
        if self.kind == "local":
            return f"LOCAL port of {self.name}"
        return self.name


def link_place(link: Link) -> Place:
    """Return the capture point of a line."""
    return Place("link", f"{link.a} - {link.b}")


def places(plan: Plan) -> list[Place]:
    """Return every capture point of *plan*: hosts, lines, airs, LOCAL ports, the channel."""
    bridges = [s.id for s in plan.switches] + [air.id for air in plan.airs]
    return [
        *(Place("attachment", a.id) for a in plan.attachments),
        *map(link_place, plan.links),
        *(Place("air", air.id) for air in plan.airs),
        *(Place("local", name) for name in bridges),
        Place("channel", CHANNEL),
    ]


class Ways:
    """The capture points that frames pass on the ways of *plan*.

    Args:
        plan: The town.
        down: Ports of lines that are cut.
        is_free: Whether somebody else chooses the ways: then any line may be one.
    """

    def __init__(self, plan: Plan, down: Iterable[PortRef] = (), *, is_free: bool = False) -> None:
        self._plan = plan
        self._hops = {s.id: next_hops(plan, s.id, down=tuple(down)) for s in plan.switches}
        self._lines: dict[PortRef, tuple[str, PortRef]] = {}
        for link in plan.links:
            place = link_place(link)
            self._lines[link.a] = place.sight(outgoing=True), link.b
            self._lines[link.b] = place.sight(outgoing=False), link.a
        self._any_line = frozenset(sight for sight, _ in self._lines.values()) if is_free else None
        self.between = cache(self._between)
        self.upwards = cache(self._upwards)
        self.towards = cache(self._towards)

    def _upwards(self, source: str) -> frozenset[str]:
        """Where every frame of *source* is seen, permitted or not: the cable of its own air."""
        air = self._plan.attachment[source].air
        return frozenset({Place("air", air).sight(outgoing=False)} if air else ())

    def _towards(self, source: str, switch: str) -> frozenset[str]:
        """Where a frame of *source* is seen that dies at *switch*, and no earlier, once each."""
        own = self._plan.attachment[source].at.switch
        return self.upwards(source) | self._trunks(own, switch)

    def _between(self, source: str, target: str) -> frozenset[str]:
        """Where a permitted frame from *source* is seen before it comes to *target*, once each."""
        one, other = self._plan.attachment[source], self._plan.attachment[target]
        out = set(self.upwards(source)) | self._trunks(one.at.switch, other.at.switch)
        if other.air:
            out.add(Place("air", other.air).sight(outgoing=True))
        return frozenset(out)

    def _trunks(self, source: str, target: str) -> set[str]:
        """Return the lines from one switch to another."""
        if self._any_line is not None:
            return set(self._any_line)
        out, here = set[str](), source
        while here != target and target in self._hops[here]:
            sight, there = self._lines[self._hops[here][target]]
            out.add(sight)
            here = there.switch
        return out
