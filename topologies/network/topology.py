r"""A plan as a Mininet topology: the only module that imports Mininet.

::

    device ── switch:port                     a cable: one veth pair
    device ─┐
    device ─┼─ air ── switch:port             an SSID: every station behind one switch port
    device ─┘
    device ─┐
    device ─┼─ hub ══ switch:port             a hypervisor: its machines, each under its VLAN tag
    device ─┘
    switch ── switch                          a cable or a WAN line

An *air* is a bridge of its own that carries every frame of a station up to its switch port
unchanged and brings frames down by station MAC; stations never reach each other inside it (an
access point with client isolation). Who a station is, is decided at the switch port, by what the
station sends.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from mininet.link import Intf, Link  # type: ignore[import-untyped]
from mininet.log import setLogLevel  # type: ignore[import-untyped]  # Mininet has no types
from mininet.net import VERSION, Mininet  # type: ignore[import-untyped]
from mininet.node import OVSSwitch, RemoteController  # type: ignore[import-untyped]
from mininet.topo import Topo  # type: ignore[import-untyped]

from sekisho.errors import LabError
from sekisho.model import Attachment, Device, Plan
from sekisho.openflow.rules import VLAN_PRESENT
from topologies.hosts.interactive import OnDemand
from topologies.network import sysctl
from topologies.network.interface_names import UPLINK, interface
from topologies.network.netns import in_netns
from topologies.network.offload import complete_checksums
from topologies.ovs.datapath import Datapath

MININET_VERSION = str(VERSION)
_TIMEOUT_S = 60.0
FIRST_TABLE = 100  # routing tables of single legs; the main one is 254
#: Of a host: no IPv6, and what arrives by one leg and would be answered by another is not dropped.
_NO_IPV6 = ("ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6")
_NO_FILTER = ("ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter")


class TownHost(OnDemand):
    """A device: every attachment gets its address, the first one also the default route."""

    def config(self, device: Device | None = None, plan: Plan | None = None, **_: Any) -> None:
        """Configure all interfaces in one go; IPv6 off, weak-host replies off."""
        if device is None or plan is None:
            return
        words = ["link set lo up"]
        for number, attachment in enumerate(device.attachments):
            name = interface(attachment, device)
            network, gateway = plan.subnet(attachment), plan.gateway(attachment)
            words += [
                f"link set {name} address {attachment.mac}",
                f"addr add {attachment.ip}/{network.prefixlen} dev {name}",
                f"link set {name} up",
                f"route add default via {gateway} dev {name} metric {100 + number}",
            ]
            if len(device.attachments) > 1:  # what is sent from an address leaves by its own leg
                table = FIRST_TABLE + number
                words += [
                    f"route add {network} dev {name} table {table}",
                    f"route add default via {gateway} dev {name} table {table}",
                    f"rule add from {attachment.ip} lookup {table}",
                ]
        with in_netns(self.pid):
            for setting in _NO_IPV6:
                sysctl.put_if_there(setting, "1")
            for setting in _NO_FILTER:
                sysctl.put(setting, "0")
            for attachment in device.attachments:
                name = interface(attachment, device)
                intf = self.nameToIntf[name]  # Mininet's prompt puts these for a host's name
                intf.ip, intf.mac = str(attachment.ip), attachment.mac
                intf.prefixLen = plan.subnet(attachment).prefixlen
                sysctl.put(f"ipv4/conf/{name}/rp_filter", "0")
                complete_checksums(name)  # the userspace datapath does not
            _run_checked(["ip", "-batch", "-"], text="\n".join(words) + "\n")


class PreconfiguredIntf(Intf):
    """One end of a cable; whoever lays the cable, or configures the host, puts it up."""

    def config(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Run nothing."""
        return {}


class BatchedVeth(Link):
    """A veth pair that is laid later, together with all others: see `TownNet`.

    Attributes:
        words: What lays it, for ``ip -batch``.
    """

    def __init__(self, node1: Any, node2: Any, **params: Any) -> None:
        self.words: list[str] = []
        super().__init__(node1, node2, **params)

    def makeIntfPair(  # noqa: N802  # Mininet's name
        self, name1: str, name2: str, addr1: str, addr2: str, *nodes: Any, **_: Any
    ) -> None:
        """Note down what makes both ends, each where it belongs."""
        one, other = nodes
        self.words.append(
            f"link add name {name1} address {addr1} netns {one.pid} "
            f"type veth peer name {name2} address {addr2} netns {other.pid}"
        )
        for name, node in ((name1, one), (name2, other)):
            if not node.inNamespace:
                self.words.append(f"link set {name} up")


class TownController(RemoteController):
    """The controller as Mininet knows it: an address, which nobody calls.

    Mininet's own calls it with ``telnet``, where that is installed, and reads the answer as text;
    the answer is OpenFlow, whose bytes may be no text. Ours is asked in its own way.
    """

    def checkListening(self) -> None:  # noqa: N802  # Mininet's name
        """Call nobody."""


class TownNet(Mininet):
    """Mininet, but all cables are laid with one call: alone, each costs three processes."""

    def buildFromTopo(self, topo: Any = None) -> None:  # noqa: N802  # Mininet's name
        """Build nodes, then lay all cables."""
        super().buildFromTopo(topo)
        lines = [line for cable in self.links for line in cable.words]
        _run_checked(["ip", "-batch", "-"], text="\n".join(lines) + "\n")


class TownSwitch(OVSSwitch):
    """A switch of the fabric: OpenFlow 1.3, fails secure, nothing in-band."""

    def __init__(self, name: str, **params: Any) -> None:
        settings = {"datapath": "user", "failMode": "secure", "protocols": "OpenFlow13"}
        super().__init__(name, **{**settings, **params})

    @classmethod
    def batchStartup(cls, switches: list[Any], run: Any = None) -> list[Any]:  # noqa: N802  # Mininet's name
        """Start all switches with one call; Mininet itself would not notice a refusal."""
        del run
        super().batchStartup(switches, run=_run_checked)
        return switches


class SsidBridge(TownSwitch):
    """One SSID: stations up to the switch port, down by MAC, never sideways."""

    def start(self, controllers: list[Any]) -> None:
        """Start the bridge without a controller."""
        del controllers
        super().start([])

    @classmethod
    def batchStartup(cls, switches: list[Any], run: Any = None) -> list[Any]:  # noqa: N802  # Mininet's name
        """Start all airs, then give each its fixed rules."""
        super().batchStartup(switches, run)
        for air in switches:
            air.fix()
        return switches

    def fix(self) -> None:
        """Give the air its fixed rules, also after a restart: no controller does it."""
        rules = "\n".join(air_rules(self.params["stations"]))
        _run_checked(["ovs-ofctl", "-O", "OpenFlow13", "add-flows", self.name, "-"], text=rules)


def air_ports(plan: Plan, air: str) -> list[int]:
    """Return the ports of an air that something is plugged into, its uplink first."""
    return list(range(UPLINK, UPLINK + 1 + sum(a.air == air for a in plan.attachments)))


def air_rules(stations: list[Attachment]) -> Iterator[str]:
    """Yield the rules of an air with *stations*, in the words of ``ovs-ofctl``.

    Where stations have tags it is the virtual switch of their hypervisor: what one of them sends
    goes up under its tag, and what has a tag already as it is, which is the worst that such a
    switch may be set to; down comes what bears the station's tag, without it.
    """
    has_tags = any(station.tag for station in stations)
    bare = "vlan_tci=0x0000/0x1000"  # no tag, ovs-fields(7), "vlan_tci"
    for port, station in enumerate(stations, UPLINK + 1):
        yield f"priority=10,in_port={port},actions=output:{UPLINK}"
        down = f"priority=10,in_port={UPLINK},dl_dst={station.mac}"
        if station.tag:
            push = f"push_vlan:0x8100,set_field:{VLAN_PRESENT | station.tag}->vlan_vid"
            yield f"priority=15,in_port={port},{bare},actions={push},output:{UPLINK}"
            yield f"{down},dl_vlan={station.tag},actions=pop_vlan,output:{port}"
        else:
            only = f",{bare}" if has_tags else ""
            yield f"{down}{only},actions=output:{port}"


def _run_checked(command: str | list[str], *, shell: bool = False, text: str = "") -> None:
    """Run one of Open vSwitch's tools for Mininet, which composes its command as one string.

    Raises:
        LabError: It failed.
    """
    del shell
    words = shlex.split(command) if isinstance(command, str) else command
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise LabError(f"{' '.join(words[:3])} failed: {done.stderr.strip()}")


class TownTopo(Topo):
    """The topology of one plan."""

    def build(
        self,
        plan: Plan,
        datapath: Datapath = Datapath.USERSPACE,
        hosts: Mapping[str, int] | None = None,
    ) -> None:
        """Add everything; no process starts here."""
        self.plan = plan
        first = hosts or {}
        kind = datapath.for_mininet
        for switch in plan.switches:
            self.addSwitch(switch.id, dpid=f"{switch.dpid:016x}", datapath=kind)
        for number, air in enumerate(plan.airs, len(plan.switches) + 1):
            stations = [a for a in plan.attachments if a.air == air.id]
            dpid = f"{number:016x}"
            self.addSwitch(air.id, cls=SsidBridge, dpid=dpid, stations=stations, datapath=kind)
            self.addLink(air.id, air.at.switch, port1=UPLINK, port2=air.at.port)
        for device in plan.devices:
            own = {"device": device, "plan": plan, "first": first.get(device.id)}
            self.addHost(device.id, cls=TownHost, **own)
            for number, attachment in enumerate(device.attachments):
                self._attach(device, number, attachment)
        for link in plan.links:
            self.addLink(link.a.switch, link.b.switch, port1=link.a.port, port2=link.b.port)

    def _attach(self, device: Device, number: int, attachment: Attachment) -> None:
        if not attachment.air:
            self.addLink(device.id, attachment.at.switch, port1=number, port2=attachment.at.port)
            return
        stations = [a for a in self.plan.attachments if a.air == attachment.air]
        port = stations.index(attachment) + UPLINK + 1
        self.addLink(device.id, attachment.air, port1=number, port2=port)


def network(
    plan: Plan,
    *,
    port: int = 6653,
    datapath: Datapath = Datapath.USERSPACE,
    hosts: Mapping[str, int] | None = None,
) -> Any:
    """Return the (not yet started) Mininet of *plan*, its switches looking for a controller.

    Args:
        plan: The town.
        port: Controller's TCP port on 127.0.0.1 of this network namespace.
        datapath: What moves the packets.
        hosts: The first process of each host that has been made already.
    """
    setLogLevel("warning")
    Mininet.inited = True  # else it raises limits by sysctls that are the whole machine's
    net = TownNet(
        topo=TownTopo(plan=plan, datapath=datapath, hosts=hosts),
        switch=TownSwitch,
        link=BatchedVeth,
        intf=PreconfiguredIntf,
        controller=None,
        build=False,
        waitConnected=False,
    )
    net.addController("c0", controller=TownController, ip="127.0.0.1", port=port)
    net.build()
    return net


def destroy_switch(net: Any, name: str) -> None:
    """Delete a switch: its ports, tables and connection are gone when this returns."""
    _run_checked(["ovs-vsctl", "del-br", net.get(name).name])


def create_switch(net: Any, name: str) -> None:
    """Make a switch again that `destroy_switch` has deleted, as it was made at first."""
    switch = net.get(name)
    switch.batch, switch.commands = True, []
    switch.start(net.controllers)
    type(switch).batchStartup([switch])


def fix_airs(net: Any) -> None:
    """Give every air of a town its rules again."""
    for switch in net.switches:
        if isinstance(switch, SsidBridge):
            switch.fix()


def switch_side(net: Any, host: str, name: str) -> str:
    """Return the name of the interface at the other end of a host's cable."""
    link = net.get(host).nameToIntf[name].link
    ends = {link.intf1.name, link.intf2.name} - {name}
    return str(ends.pop())
