"""What nodes and interfaces are called: every name fits the kernel, and no two are one.

Devices, switches and airs share one set of names, and each interface is named after its node and
its number on it (`topologies.network.interface_names`; a test holds both to be alike). Class
numbers have a bound of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from sekisho.errors import Fault
from sekisho.model import Plan
from sekisho.plan.places import Places

LONGEST_INTERFACE = 15  # IFNAMSIZ of linux/if.h, without its terminating zero
MOST_CLASSES = 255  # a class number has 8 bits of the metadata, and 0 is nobody's
#: Interfaces that every network namespace, or Open vSwitch, has already (ovs-vswitchd(8)).
TAKEN = frozenset({"lo", "ovs-netdev", "ovs-system"})
_LIKE_AN_INTERFACE = re.compile(r".*-eth\d+")
_AIR_UPLINK = 1  # port of an air that leads to its switch; stations follow


def check_node_names(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every name that is taken, is too long, or that looks like another's."""
    yield from _check_apart(plan, places)
    yield from _check_lengths(plan, places)
    for key, classes in (("sources", plan.sources), ("destinations", plan.destinations)):
        if len(classes) > MOST_CLASSES:
            text = f"{len(classes)} classes; a rule's class number has room for {MOST_CLASSES}"
            path = f"{key}.{classes[MOST_CLASSES].id}"
            yield places.fault(path, text, "put those who may do the same into one class")


def _nodes(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield (path, id, what it is) of everything that has a node of its own."""
    for switch in plan.switches:
        yield f"switches.{switch.id}", switch.id, "a switch"
    for air in plan.airs:
        yield f"{air.key}.{air.id}", air.id, "a hub" if air.is_hub else "an air"
    for device in plan.devices:
        yield f"devices.{device.id}", device.id, "a device"


def _check_apart(plan: Plan, places: Places) -> Iterator[Fault]:
    hint = "nodes of a town share one set of names: rename one"
    first: dict[str, tuple[str, str]] = {}
    for path, name, noun in _nodes(plan):
        if name in first:
            other, what = first[name]
            yield places.fault(path, f"'{name}' is also {what} (line {places.line(other)})", hint)
        elif name in TAKEN:
            yield places.fault(path, f"'{name}' is a name of the system's own", "rename it")
        elif _LIKE_AN_INTERFACE.fullmatch(name):
            text = f"'{name}' is what an interface would be called"
            yield places.fault(path, text, "rename it: -eth and a number end no name")
        first.setdefault(name, (path, noun))


def interface_names(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield (path, name) of every interface that the plan needs."""
    for n, link in enumerate(plan.links, 1):
        yield f"links[{n}].a", f"{link.a.switch}-eth{link.a.port}"
        yield f"links[{n}].b", f"{link.b.switch}-eth{link.b.port}"
    stations = Counter[str]()
    for air in plan.airs:
        yield f"{air.key}.{air.id}.at", f"{air.at.switch}-eth{air.at.port}"
        yield f"{air.key}.{air.id}", f"{air.id}-eth{_AIR_UPLINK}"
    for device in plan.devices:
        for number, a in enumerate(device.attachments):
            path = f"devices.{device.id}.attachments.{a.name}"
            yield path, f"{device.id}-eth{number}"
            if a.air:
                stations[a.air] += 1
                yield (
                    f"{path}.{'hub' if a.on_hub else 'air'}",
                    f"{a.air}-eth{_AIR_UPLINK + stations[a.air]}",
                )
            else:
                yield f"{path}.at", f"{a.at.switch}-eth{a.at.port}"


def _check_lengths(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse names that are too long together; a node that is too long alone is told once."""
    told = set[str]()
    for path, name in interface_names(plan):
        node, _, _ = name.rpartition("-eth")
        if len(name) > LONGEST_INTERFACE and node not in told:
            told.add(node)
            text = f"the interface '{name}' has {len(name)} letters; {LONGEST_INTERFACE} fit"
            room = LONGEST_INTERFACE - (len(name) - len(node))
            yield places.fault(path, text, f"shorten '{node}' to {room} letters, or use a port "
                               "with a shorter number")  # fmt: skip
