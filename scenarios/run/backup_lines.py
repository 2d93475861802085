"""Backup lines: main lines are cut in a running town, and both kinds of frames tried again.

In few trials each line that has a way around it is cut once, many together as long as every switch
still reaches every other. Tried again are the pairs of classes, one a pair of sites, whose way
leads over other lines now: what their services offer, with ICMP, posing as somebody else and ARP.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from scenarios.capture.packet_io import Wire
from scenarios.capture.places import Ways
from scenarios.engine.config_watch import ConfigWatch
from scenarios.engine.session import Session
from scenarios.probes.windows import Batching, Scope, Window, windows
from sekisho.compiler.routing import ends_of, has_way_around
from sekisho.errors import LabError
from sekisho.model import Attachment, Link, Plan
from topologies.network.interface_names import switch_interface
from topologies.town import Town

STATE = "backup"
_FACT_S, _POLL_S = 60.0, 0.05

Cut = tuple[Link, ...]


def cuts(plan: Plan) -> list[Cut]:
    """Return which lines are cut together: each main line that has a way around it, once."""
    left = [link for link in plan.links if not link.backup and has_way_around(plan, (link,))]
    out: list[Cut] = []
    while left:
        together: list[Link] = []
        for link in left:
            if has_way_around(plan, (*together, link)):
                together.append(link)
        out.append(tuple(together))
        left = [link for link in left if link not in together]
    return out


def trial(plan: Plan, lines: Cut, *, seed: int, batching: Batching) -> Iterator[Window]:
    """Yield the windows that are tried while *lines* are cut."""
    before, after = Ways(plan), Ways(plan, ends_of(lines))

    def is_moved(source: Attachment, target: Attachment) -> bool:
        one, other = source.id, target.id
        return before.between(one, other) != after.between(one, other)

    yield from windows(
        plan,
        seed=seed,
        scope=Scope("smoke", only=is_moved),
        batching=batching,
    )


class Backups:
    """Cuts lines of a running town, and mends them."""

    def __init__(self, town: Town, plan: Plan, wire: Wire, session: Session) -> None:
        self._town, self._plan, self._wire, self._session = town, plan, wire, session

    def cut(self, lines: Cut, watch: ConfigWatch) -> None:
        """Cut *lines*; return when the tables for it are in force, and compared."""
        with self._wire.draining():
            self._set(lines, "down")
            ends = ends_of(lines)
            watch.compare(f"cut {' '.join(_name(link) for link in lines)}", down=ends)
        self._session.reroute(ends)

    def mend(self, lines: Cut) -> None:
        """Mend *lines*; return when the plan's own tables are in force."""
        with self._wire.draining():
            self._set(lines, "up")
        self._session.reroute(())

    def _set(self, lines: Cut, how: str) -> None:
        event = "line-down" if how == "down" else "line-up"
        before = len(self._town.facts())
        for link in lines:
            self._town.ovs.run("ip", "link", "set", switch_interface(link.a), how)
        wanted = {_name(link) for link in lines}
        told = 0
        while wanted:
            fact = self._town.wait_for(event, timeout_s=_FACT_S, after=before + told)
            facts = self._town.facts()[before:]
            told = 1 + facts.index(fact)
            wanted.discard(str(fact["line"]))
        self._await_in_force()
        self._town.ovs.cache.follow()

    def _await_in_force(self) -> None:
        """Wait until the controller vouches for every table again.

        Raises:
            LabError: It did not.
        """
        deadline = time.monotonic() + _FACT_S
        while why := self._town.in_force_now(is_known_enough=True):
            if time.monotonic() > deadline:
                raise LabError(f"a line was cut or mended, and then: {why}")
            time.sleep(_POLL_S)


def _name(link: Link) -> str:
    """A line's name as the controller states it."""
    return f"{link.a}-{link.b}"
