"""Which way leads from switch to switch: pure graph work on the plan's links.

Knows nothing of rules or packets. The fabric may have loops (a backup line, a second core):
nothing is ever flooded, so each switch needs just one next hop towards each other switch.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from sekisho.model import Link, Plan, PortRef

_BACKUP_COST = 1000  # a backup line is taken only where no chain of main lines leads


def trunk_ports(plan: Plan, switch: str) -> tuple[int, ...]:
    """Return the ports of *switch* that lead to other switches, ascending."""
    ends = [end for link in plan.links for end in (link.a, link.b)]
    return tuple(sorted(end.port for end in ends if end.switch == switch))


def edge_ports(plan: Plan, switch: str) -> tuple[int, ...]:
    """Return the ports of *switch* where devices or access points stand, ascending."""
    return tuple(sorted({a.at.port for a in plan.attachments if a.at.switch == switch}))


def next_hops(plan: Plan, switch: str, *, down: Iterable[PortRef] = ()) -> dict[str, PortRef]:
    """Return, for each other switch that can be reached, the own port that leads there.

    Main lines are preferred to backup lines, then fewer hops, then the earlier lines of the
    plan. No two ways cost the same, so the same plan always gives the same ways, and a reply
    takes the way of its request: each switch tracks the conversations that it sees.

    Args:
        plan: The town.
        switch: Id of the switch that asks.
        down: Ports whose link is broken (either end counts).
    """
    broken = set(down)
    neighbours: dict[str, list[tuple[int, PortRef, str]]] = {s.id: [] for s in plan.switches}
    for order, link in enumerate(plan.links):
        if link.a in broken or link.b in broken:
            continue
        cost = _cost(link, order, len(plan.links))
        neighbours[link.a.switch].append((cost, link.a, link.b.switch))
        neighbours[link.b.switch].append((cost, link.b, link.a.switch))
    return _shortest(neighbours, switch)


def has_way_around(plan: Plan, lines: Iterable[Link]) -> bool:
    """Tell whether all switches that reach each other still do so without *lines*."""
    ends = ends_of(lines)
    return all(
        next_hops(plan, s.id, down=ends).keys() == next_hops(plan, s.id).keys()
        for s in plan.switches
    )


def ends_of(lines: Iterable[Link]) -> tuple[PortRef, ...]:
    """Return both ends of every line."""
    return tuple(end for link in lines for end in (link.a, link.b))


def _cost(link: Link, order: int, links: int) -> int:
    """The cost of a line; below it a bit of its own, so that no two sets of lines cost the same."""
    return (_BACKUP_COST if link.backup else 1) << links | 1 << order


def _shortest(
    neighbours: dict[str, list[tuple[int, PortRef, str]]], start: str
) -> dict[str, PortRef]:
    """Dijkstra, remembering the first port of each way."""
    first: dict[str, PortRef] = {}
    done: set[str] = set()
    queue: list[tuple[int, str, PortRef | None]] = [(0, start, None)]
    while queue:
        cost, here, port = heapq.heappop(queue)
        if here in done:
            continue
        done.add(here)
        if port is not None:
            first[here] = port
        for step, out, there in neighbours[here]:
            if there not in done:
                heapq.heappush(queue, (cost + step, there, port or out))
    return first
