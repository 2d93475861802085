"""Every interface of a town, in the switches' network namespace and in every host's.

What is there is read with ``ip``; what should be there follows from the plan. A second cable into a
host, a foreign bridge, a tunnel, a queue that holds packets back, a filter that copies them, a
cable that takes no whole frame or a kernel that sends on by itself (`topologies.network.stack`) is
a statement that no plan makes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.errors import LabError
from sekisho.model import Attachment, Device, Plan
from topologies.hosts.addresses import has_address
from topologies.network import link_shaping, stack
from topologies.network.interface_names import interface, switch_interface, uplink
from topologies.network.netns import in_netns
from topologies.ovs.datapath import Datapath
from topologies.town import Town

#: The namespace of the switches, in a statement.
SWITCHES = "switches"
_TIMEOUT_S = 20.0
_MTU = 1500  # of every cable: IEEE 802.3, 3.2.7, and the kernel's own default
_QUIET_QUEUES = frozenset({"noqueue", "noop"})  # neither holds a packet back
#: What Open vSwitch makes besides the bridges' own, by datapath: name and kind.
_DATAPATH = {
    Datapath.USERSPACE: ("ovs-netdev", "tun"),
    Datapath.KERNEL: ("ovs-system", "openvswitch"),
}


def held(town: Town) -> set[str]:
    """Return a statement for every interface that there is.

    Raises:
        LabError: A namespace cannot be read.
    """
    outside = _read()
    names = {int(link["ifindex"]): str(link["ifname"]) for link in outside}
    taken = {town.plan.router_mac, *(a.mac for a in town.plan.attachments)}
    out = {_statement(SWITCHES, link, names, taken) for link in outside} | set(_classifiers())
    out |= {f"{SWITCHES}: {said}" for said in stack.held(_json)}
    for host in town.net.hosts:
        with in_netns(host.pid):
            out |= {_statement(host.name, link, names) for link in _read()}
    return out


def planned(town: Town, plan: Plan) -> set[str]:
    """Return the statements of a town whose interfaces are as *plan* says."""
    return {str(each) for each in _planned(town, plan)}


def strangers(town: Town) -> list[tuple[str, int | None]]:
    """Return every interface that is in no plan: its namespace and name, and whose it is.

    The namespace is given by the pid of its host; None for that of the switches.
    """
    known = {(each.place, each.name) for each in _planned(town, town.plan)}
    found: list[tuple[str, str, int | None]] = [(SWITCHES, name, None) for name in _names()]
    for host in town.net.hosts:
        with in_netns(host.pid):
            found += [(host.name, name, host.pid) for name in _names()]
    return [(f"{place}: {n}", pid) for place, n, pid in found if (place, n) not in known]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interface:
    """One interface as a sentence; what is empty is not said."""

    place: str
    name: str
    kind: str
    is_up: bool = True
    peer: str = ""
    mac: str = ""
    addresses: tuple[str, ...] = ()
    queue: str = ""
    mtu: int = _MTU

    def __str__(self) -> str:
        words = [f"{self.place}: {self.name} is a {self.kind}", "up" if self.is_up else "down"]
        words += [f"to {self.peer}"] if self.peer else []
        words += [f"MAC {self.mac}"] if self.mac else []
        words += [f"address {' '.join(sorted(self.addresses))}"] if self.addresses else []
        words += [f"behind a queue of {self.queue}"] if self.queue else []
        words += [f"MTU {self.mtu}"] if self.mtu != _MTU else []
        return ", ".join(words)


def _loopback(place: str) -> _Interface:
    return _Interface(place=place, name="lo", kind="loopback", addresses=("127.0.0.1/8",))


def _planned(town: Town, plan: Plan) -> Iterator[_Interface]:
    whole, kind = _DATAPATH[town.ovs.datapath]
    yield _loopback(SWITCHES)
    for name in (whole, *(s.id for s in plan.switches), *(air.id for air in plan.airs)):
        yield _Interface(place=SWITCHES, name=name, kind=kind, is_up=False)
    for one, other in _cables(plan):
        for a, b in ((one, other), (other, one)):
            queue = _queue(town, plan, a)
            yield _Interface(place=SWITCHES, name=a, kind="veth", peer=b, queue=queue)
    for device in plan.devices:
        yield _loopback(device.id)
        for attachment in device.attachments:
            yield from _host_cable(town, plan, device, attachment)


def _names() -> list[str]:
    """Return the interfaces of the calling thread's namespace (proc(5), ``net/dev``)."""
    rows = Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]
    return [row.partition(":")[0].strip() for row in rows]


def _cables(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield both ends of every cable that lies among switches and airs."""
    for link in plan.links:
        yield switch_interface(link.a), switch_interface(link.b)
    for air in plan.airs:
        yield uplink(air.id), switch_interface(air.at)


def _host_cable(
    town: Town, plan: Plan, device: Device, attachment: Attachment
) -> Iterator[_Interface]:
    """Both ends of the cable of a host: one in its own namespace, one among the switches."""
    own, side = interface(attachment, device), town.switch_side(attachment)
    address = f"{attachment.ip}/{plan.subnet(attachment).prefixlen}"
    yield _Interface(place=SWITCHES, name=side, kind="veth", peer="a host")
    yield _Interface(
        place=device.id,
        name=own,
        kind="veth",
        peer=side,
        mac=attachment.mac,
        addresses=(address,) if has_address(town.plan.origin, attachment) else (),
    )


def _queue(town: Town, plan: Plan, name: str) -> str:
    """What holds packets back at a line that has a delay or a bandwidth by the plan."""
    if not town.has_real_lines:
        return ""
    for link in link_shaping.shaped(plan):
        if name in (switch_interface(link.a), switch_interface(link.b)):
            return "netem" if link.mbps is None else "htb"
    return ""


def _classifiers() -> Iterator[str]:
    """Yield the hooks among the switches where a filter could copy packets (tc(8), clsact)."""
    for queue in _json("tc", "-json", "qdisc", "show"):
        if queue.get("kind") in ("clsact", "ingress"):
            yield f"{SWITCHES}: {queue.get('dev')} has a classifier ({queue['kind']})"


def _read() -> list[dict[str, Any]]:
    return _json("ip", "-json", "-details", "address")


def _json(*words: str) -> list[dict[str, Any]]:
    """Run one of iproute2's tools, and return what it says.

    Raises:
        LabError: It failed.
    """
    done = subprocess.run(words, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(words)} failed: {done.stderr.strip()}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _statement(
    place: str, link: dict[str, Any], names: dict[int, str], taken: Collection[str] = ()
) -> str:
    kind = str(link.get("linkinfo", {}).get("info_kind", link.get("link_type", "")))
    more = [f"{word} {link[word]}" for word in ("master", "xdp", "altnames") if link.get(word)]
    queue = str(link.get("qdisc", ""))
    is_hosts_own = place != SWITCHES and kind == "veth"
    found = _Interface(
        place=place,
        name=str(link["ifname"]),
        kind=" ".join([kind, *more]),
        is_up="UP" in link["flags"],
        peer=_peer(place, link, names),
        mac=str(link.get("address", "")) if is_hosts_own else stack.taken(link, taken),
        addresses=tuple(f"{a['local']}/{a['prefixlen']}" for a in link.get("addr_info", [])),
        queue="" if queue in _QUIET_QUEUES or "UP" not in link["flags"] else queue,
        mtu=int(link["mtu"]) if kind == "veth" else _MTU,
    )
    return str(found)


def _peer(place: str, link: dict[str, Any], names: dict[int, str]) -> str:
    """Name the other end of a cable, wherever that is."""
    if "link" in link:
        return str(link["link"])
    if "link_index" not in link:
        return ""
    return "a host" if place == SWITCHES else names.get(int(link["link_index"]), "somewhere")
