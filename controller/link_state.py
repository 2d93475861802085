"""Which lines between switches are broken, by what the switches say of their own ports.

Pure: knows the plan's links, no message and no framework.
"""

from __future__ import annotations

from sekisho.model import Link, Plan, PortRef


class Lines:
    """The lines of *plan*; all are whole until a switch says otherwise."""

    def __init__(self, plan: Plan) -> None:
        self._link = {end: link for link in plan.links for end in (link.a, link.b)}
        self._down: set[PortRef] = set()

    @property
    def down(self) -> frozenset[PortRef]:
        """The ends that are down; a line is broken when either of its ends is."""
        return frozenset(self._down)

    def note(self, port: PortRef, *, is_down: bool) -> Link | None:
        """Note what a switch says of *port*; return its line if that broke or mended it."""
        link = self._link.get(port)
        if link is None:
            return None
        before = self.is_broken(link)
        if is_down:
            self._down.add(port)
        else:
            self._down.discard(port)
        return link if self.is_broken(link) != before else None

    def is_broken(self, link: Link) -> bool:
        """Tell whether either end of *link* is down."""
        return link.a in self._down or link.b in self._down
