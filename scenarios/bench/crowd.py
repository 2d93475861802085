"""Larger town halls for the bench: a plan whose notebooks are each there several times.

A notebook is a device with a cable and an air of its own. Its copies stand beside it: at the next
free ports of its switch, which gets as many as it needs, and at the next free addresses of its
networks.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import yaml

_FIRST_HOST = 10  # below are gateways and servers

Tree = dict[str, Any]


def crowded(text: str, times: int) -> str:
    """Return the plan *text* with each of its notebooks *times* times."""
    plan: Tree = yaml.safe_load(text)
    notebooks = [name for name, device in plan["devices"].items() if _is_notebook(device)]
    taken, used = _addresses(plan), _ports(plan)
    names, macs = itertools.count(1), itertools.count(1)
    for name in notebooks:
        copies = [f"copy-{next(names)}" for _ in range(times - 1)]
        for other in copies:
            device = copy.deepcopy(plan["devices"][name])
            for leg in device["attachments"].values():
                if "at" in leg:
                    leg["at"] = _next_port(plan, used, leg["at"].partition(":")[0])
                leg["ip"] = _next_address(plan, taken, leg)
                leg["mac"] = "0e:0e:" + next(macs).to_bytes(4, "big").hex(":")
            plan["devices"][other] = device
        for relay in plan.get("relays", ()):
            if name in relay["through"]:
                relay["through"] += copies
    return yaml.safe_dump(plan, allow_unicode=True, sort_keys=False, width=10_000)


def _is_notebook(device: Tree) -> bool:
    legs = device["attachments"].values()
    return any("air" in leg for leg in legs) and any("at" in leg for leg in legs)


def _legs(plan: Tree) -> Iterator[Tree]:
    for device in plan["devices"].values():
        yield from device["attachments"].values()


def _addresses(plan: Tree) -> set[str]:
    return {leg["ip"] for leg in _legs(plan)}


def _ports(plan: Tree) -> set[str]:
    ends = {link[end] for link in plan.get("links", ()) for end in ("a", "b")}
    ends |= {air["at"] for air in plan.get("airs", {}).values()}
    return ends | {leg["at"] for leg in _legs(plan) if "at" in leg}


def _next_port(plan: Tree, used: set[str], switch: str) -> str:
    port = next(f"{switch}:{n}" for n in itertools.count(1) if f"{switch}:{n}" not in used)
    used.add(port)
    own = plan["switches"][switch]
    own["ports"] = max(own["ports"], int(port.partition(":")[2]))
    return port


def _next_address(plan: Tree, taken: set[str], leg: Tree) -> str:
    """The next free address of the network that the original stands in."""
    subnets = plan["zones"][leg["zone"]]["subnets"].values()
    own = next(net for net in map(ip_network, subnets) if _holds(net, leg["ip"]))
    hosts = itertools.islice(own.hosts(), _FIRST_HOST, None)
    found = next(str(host) for host in hosts if str(host) not in taken)
    taken.add(found)
    return found


def _holds(net: Any, address: str) -> bool:
    return ip_network(address).subnet_of(net)
