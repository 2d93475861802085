"""Rules of the fabric: every port is used once, every link joins two switches, all are joined."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.errors import Fault
from sekisho.model import Plan, PortRef
from sekisho.plan.places import Places


def check_fabric(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every rule of the fabric that the plan breaks."""
    yield from _check_ports(plan, places)
    yield from _check_links(plan, places)
    yield from _check_joined(plan, places)


def _uses(plan: Plan) -> Iterator[tuple[str, PortRef, str]]:
    """Yield (path, port, user) for everything that is plugged into a switch."""
    seen = set()
    for n, link in enumerate(plan.links, 1):
        ends = frozenset((link.a, link.b))
        if ends in seen:
            continue  # the link itself is the fault, not its two ports
        seen.add(ends)
        yield f"links[{n}].a", link.a, f"links[{n}]"
        if link.b != link.a:
            yield f"links[{n}].b", link.b, f"links[{n}]"
    for air in plan.airs:
        yield f"{air.key}.{air.id}.at", air.at, f"{'hub' if air.is_hub else 'air'} '{air.id}'"
    for a in plan.attachments:
        if not a.air:
            yield f"devices.{a.device}.attachments.{a.name}.at", a.at, f"attachment '{a.id}'"


def _check_ports(plan: Plan, places: Places) -> Iterator[Fault]:
    taken: dict[PortRef, tuple[str, str]] = {}
    for path, port, user in _uses(plan):
        switch = plan.switch[port.switch]
        if port.port > switch.ports:
            text = f"switch '{switch.id}' has no port {port.port}"
            span = [switch.port(n).word for n in (1, switch.ports)]
            yield places.fault(path, text, f"its ports are {' to '.join(span)}")
        if port in taken:
            other_path, other = taken[port]
            text = f"port {port} is already taken by {other} (line {places.line(other_path)})"
            yield places.fault(path, text, _free(plan, port.switch))
        taken.setdefault(port, (path, user))


def _free(plan: Plan, switch: str) -> str:
    used = {port.port for _, port, _ in _uses(plan) if port.switch == switch}
    free = [n for n in range(1, plan.switch[switch].ports + 1) if n not in used]
    return (
        f"'{plan.switch[switch].port(free[0])}' is free" if free else f"'{switch}' has no free port"
    )


def _check_links(plan: Plan, places: Places) -> Iterator[Fault]:
    first: dict[frozenset[PortRef], int] = {}
    for n, link in enumerate(plan.links, 1):
        ends = frozenset((link.a, link.b))
        if link.a.switch == link.b.switch:
            text = f"joins switch '{link.a.switch}' to itself"
            yield places.fault(f"links[{n}]", text, "a link joins two switches")
        if ends in first:
            text = f"{link.a} - {link.b} is already links[{first[ends]}]"
            yield places.fault(f"links[{n}]", text, "a cable is drawn once: remove one of the two")
        first.setdefault(ends, n)


def _check_joined(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a switch that the main links do not join to the first one."""
    start = plan.switches[0].id
    reached, waiting = {start}, [start]
    main = [(link.a.switch, link.b.switch) for link in plan.links if not link.backup]
    while waiting:
        here = waiting.pop()
        for a, b in (*main, *((b, a) for a, b in main)):
            if a == here and b not in reached:
                reached.add(b)
                waiting.append(b)
    for switch in plan.switches:
        if switch.id not in reached:
            text = f"no link joins '{switch.id}' to '{start}'"
            hint = "add a link that is not a backup: every switch hears the same controller"
            yield places.fault(f"switches.{switch.id}", text, hint)
