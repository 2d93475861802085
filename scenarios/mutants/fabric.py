"""Faults beside the rules: time-outs, groups, meters, ports, mirrors, bridges, tracker, cables.

What Open vSwitch and the kernel offer besides a flow entry that is always there, each set in the
running town as somebody with a shell would set it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scenarios.capture.packet_io import Wire
from scenarios.mutants.planting import (
    Plant,
    Planted,
    Subject,
    commands,
    ofctl,
    restore,
    rules,
    subjects,
)
from sekisho.model import Air, Plan
from sekisho.model.tracking import zone_limits
from sekisho.openflow.flow_dump import flows
from topologies.network.interface_names import interface, switch_interface, uplink
from topologies.network.topology import fix_airs
from topologies.town import Town

_VSCTL = "ovs-vsctl"
_BRIDGE = "sk-foreign"
_EXTRA = ("sk-extra-a", "sk-extra-b")


def faults(plan: Plan) -> Iterator[Planted]:
    """Yield every fault of the fabric of *plan*, for its gravest subject."""
    for subject in subjects(plan)[:1]:
        for maker in (
            _timed,
            _groups,
            _ports,
            _database,
            _modes,
            _bridges,
            _tracker,
            _cables,
            _elsewhere,
        ):
            yield from maker(plan, subject)
    for air in plan.airs[:2]:
        yield from _air(plan, air)


def _timed(plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Rules that are right today and gone tomorrow, or that count nothing."""
    switch = subject.source.at.switch
    for words, options in (
        ("falls after an hour", "hard_timeout=3600"),
        ("falls when nobody asks for it", "idle_timeout=600"),
        ("tells when it is gone", "send_flow_rem"),
        ("counts no packets", "no_packet_counts"),
    ):
        yield Planted(
            "N-08",
            "fabric",
            switch,
            f"the drop of the cell {words}",
            _again(switch, "table=5,", f"priority=100,{subject.cell}", options),
        )
    port = subject.source.at.port
    yield Planted(
        "N-08",
        "fabric",
        switch,
        "an admission falls after an hour",
        _again(switch, "table=0,", f"priority=200,ip,in_port={port}", "hard_timeout=3600"),
    )
    yield Planted(
        "N-08",
        "fabric",
        switch,
        "the drop of the cell has another cookie",
        _again(switch, "table=5,", f"priority=100,{subject.cell}", "", cookie="0x1"),
    )


def _again(switch: str, table: str, start: str, options: str, cookie: str = "") -> Plant:
    """Put the rules of a table that begin so once more, with other options."""

    @contextmanager
    def planted(town: Town, _wire: Wire) -> Iterator[None]:
        lines = flows(town.ovs.flows(switch))
        found = [x for x in lines if table == f"table={x.table}," and start in x.head]
        assert found, f"{switch} has no rule {table}{start}"
        for line in found:
            own = f"cookie={cookie or hex(line.cookie)},{table}{line.head}"
            more = f",{options}" if options else ""
            ofctl(town, "add-flow", switch, f"{own}{more},actions={line.actions}")
        try:
            yield
        finally:
            restore(town, [switch])

    return planted


def _groups(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    switch = subject.source.at.switch
    add = ["ovs-ofctl", "-O", "OpenFlow13"]
    group = [*add, "add-group", switch, "group_id=7,type=all,bucket=output:1,bucket=output:2"]
    no_group = [*add, "del-groups", switch]
    yield Planted("N-09", "fabric", switch, "a group is there", commands([group], [no_group]))
    text = f"table=5,priority=211,ip,{subject.cell},actions=group:7"
    flow = [*add, "add-flow", switch, text]
    gone = [*add, "--strict", "del-flows", switch, text.partition(",actions")[0]]
    yield Planted(
        "N-09",
        "fabric",
        switch,
        "a group copies what the cell must drop",
        commands([group, flow], [gone, no_group]),
    )
    meter = [*add, "add-meter", switch, "meter=3,kbps,band=type=drop,rate=1000"]
    no_meter = [*add, "del-meters", switch]
    yield Planted("N-10", "fabric", switch, "a meter is there", commands([meter], [no_meter]))


def _ports(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Settings of single ports."""
    switch, port = subject.source.at.switch, str(subject.source.at.port)
    own = switch_interface(subject.source.at)
    mod = ["ovs-ofctl", "-O", "OpenFlow13", "mod-port", switch]
    for words, there, back in (
        ("takes nothing in", [*mod, port, "no-receive"], [*mod, port, "receive"]),
        ("lets nothing out", [*mod, port, "no-forward"], [*mod, port, "forward"]),
        ("is down", [*mod, port, "down"], [*mod, port, "up"]),
    ):
        yield Planted("N-11", "fabric", own, f"the port {words}", commands([there], [back]))
    for words, column, value in (
        ("has a VLAN of its own", "tag", "5"),
        ("is protected", "protected", "true"),
        ("drops all its traffic", "ingress_policing_rate", "1"),
    ):
        table = "Interface" if column.startswith("ingress") else "Port"
        plant = commands(
            [[_VSCTL, "set", table, own, f"{column}={value}"]],
            [[_VSCTL, "clear", table, own, column] if column == "tag" else
             [_VSCTL, "set", table, own, f"{column}={'0' if value == '1' else 'false'}"]],
        )  # fmt: skip
        yield Planted("N-11", "fabric", own, f"the port {words}", plant)


def _database(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Mirrors and samplers, and others who may give orders."""
    switch = subject.source.at.switch
    out = f"{switch}-eth{subject.source.at.port}"
    bridge, clear = ["set", "Bridge", switch], [_VSCTL, "clear", "Bridge", switch]
    mirror = [
        *(_VSCTL, "--", "--id=@p", "get", "Port", out, "--", "--id=@m", "create", "Mirror"),
        *("name=sk", "select_all=true", "output_port=@p", "--", *bridge, "mirrors=@m"),
    ]
    plant = commands([mirror], [[*clear, "mirrors"]])
    yield Planted("N-12", "fabric", switch, f"a mirror copies all to {out}", plant)
    for table, values in (
        ("sFlow", ['targets="127.0.0.1:6343"', "sampling=1", "polling=1"]),
        ("NetFlow", ['targets="127.0.0.1:5566"']),
        ("IPFIX", ['targets="127.0.0.1:4739"', "sampling=1"]),
    ):
        name = table.lower()
        make = [_VSCTL, "--", "--id=@s", "create", table, *values, "--", *bridge, f"{name}=@s"]
        plant = commands([make], [[*clear, name]])
        yield Planted("N-12", "fabric", switch, f"{table} samples packets", plant)
    first = [_VSCTL, "set-controller", switch, "tcp:127.0.0.1:6653"]
    wait = [_VSCTL, "set", "Controller", switch, "max_backoff=1000"]
    plant = commands([[*first, "ptcp:16633:127.0.0.1"]], [first, wait])
    yield Planted("N-12", "fabric", switch, "a second controller may come", plant)
    plant = commands([[_VSCTL, "set-manager", "ptcp:16640:127.0.0.1"]], [[_VSCTL, "del-manager"]])
    yield Planted("N-12", "fabric", "all switches", "anybody may write the database", plant)


_MODES = (
    ("runs a spanning tree", "stp_enable=true", "stp_enable=false"),
    ("runs a rapid spanning tree", "rstp_enable=true", "rstp_enable=false"),
    ("snoops multicast", "mcast_snooping_enable=true", "mcast_snooping_enable=false"),
    ("fails open", "fail_mode=standalone", "fail_mode=secure"),
    (
        "is controlled in-band",
        "other_config:disable-in-band=false",
        "other_config:disable-in-band=true",
    ),
    ("speaks OpenFlow 1.5 as well", "protocols=OpenFlow13,OpenFlow15", "protocols=OpenFlow13"),
)


def _modes(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    """How a switch works, or all of them."""
    switch = subject.source.at.switch
    bridge = [_VSCTL, "set", "Bridge", switch]
    for words, there, back in _MODES:
        plant = commands([[*bridge, there]], [[*bridge, back]])
        yield Planted("N-13", "fabric", switch, f"the switch {words}", plant)
    remove = [_VSCTL, "remove", "Bridge", switch, "other_config"]
    for key, value in (
        ("forward-bpdu", "true"),
        ("mac-table-size", "8"),
        ("flow-eviction-threshold", "1"),
    ):
        plant = commands([[*bridge, f"other_config:{key}={value}"]], [[*remove, key]])
        yield Planted("N-13", "fabric", switch, f"the switch has {key}={value}", plant)
    frags = ["ovs-ofctl", "-O", "OpenFlow13", "set-frags", switch]
    plant = commands([[*frags, "nx-match"]], [[*frags, "normal"]])
    yield Planted("N-13", "fabric", switch, "the switch takes fragments by first parts", plant)
    whole = [_VSCTL, "set", "Open_vSwitch", "."]
    drop = [_VSCTL, "remove", "Open_vSwitch", ".", "other_config"]
    for key, value in (("vlan-limit", "2"), ("max-revalidator", "9999"), ("flow-limit", "10")):
        plant = commands([[*whole, f"other_config:{key}={value}"]], [[*drop, key]])
        yield Planted("N-13", "fabric", "all switches", f"Open vSwitch has {key}={value}", plant)


def _bridges(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Bridges and patches that no plan has."""
    switch, other = subject.source.at.switch, subject.target.at.switch
    add = [_VSCTL, "add-br", _BRIDGE, "--", "set", "Bridge", _BRIDGE, "datapath_type=netdev"]
    gone = [_VSCTL, "--if-exists", "del-br", _BRIDGE]
    yield Planted("N-14", "fabric", _BRIDGE, "a bridge is in no plan", commands([add], [gone]))
    one = [_VSCTL, "add-port", switch, "sk-p1", "--", "set", "Interface", "sk-p1", "type=patch"]
    one.append("options:peer=sk-p2")

    def end(bridge: str) -> list[str]:
        made = [_VSCTL, "add-port", bridge, "sk-p2", "--", "set", "Interface", "sk-p2"]
        return [*made, "type=patch", "options:peer=sk-p1"]

    cut = [_VSCTL, "--if-exists", "del-port", "sk-p1"]
    plant = commands([add, one, end(_BRIDGE)], [cut, gone])
    yield Planted("N-14", "fabric", switch, "a patch leads to a bridge in no plan", plant)
    if other != switch:
        plant = commands([one, end(other)], [cut, [*cut[:-1], "sk-p2"]])
        yield Planted("N-14", "fabric", switch, "a patch joins two switches", plant)
    for words, kind, more in (
        ("a tunnel leads out of a switch", "vxlan", ["options:remote_ip=127.0.0.1"]),
        ("a switch has a port of its own", "internal", []),
    ):
        make = [_VSCTL, "add-port", switch, "sk-p3", "--", "set", "Interface", "sk-p3"]
        plant = commands([[*make, f"type={kind}", *more]], [[*cut[:-1], "sk-p3"]])
        yield Planted("N-14", "fabric", switch, words, plant)


def _tracker(plan: Plan, subject: Subject) -> Iterator[Planted]:
    zone = plan.switch[subject.source.at.switch].dpid
    limit = zone_limits(plan)[zone]
    ask = ["ovs-appctl", "-t", "ovs-vswitchd"]
    for words, there, back in (
        ("tracks at most 3 conversations in a zone",
         ["dpctl/ct-set-limits", f"zone={zone},limit=3"],
         ["dpctl/ct-set-limits", f"zone={zone},limit={limit}"]),
        ("tracks at most 100 conversations", ["dpctl/ct-set-maxconns", "100"],
         ["dpctl/ct-set-maxconns", "3000000"]),
        ("looks at no sequence numbers", ["dpctl/ct-disable-tcp-seq-chk"],
         ["dpctl/ct-enable-tcp-seq-chk"]),
        ("puts smaller fragments together", ["dpctl/ipf-set-min-frag", "v4", "400"],
         ["dpctl/ipf-set-min-frag", "v4", "1200"]),
    ):  # fmt: skip
        plant = commands([[*ask, *there]], [[*ask, *back]])
        yield Planted("N-15", "fabric", "all switches", f"the tracker {words}", plant)


def _cables(plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Interfaces, hooks and queues that no plan has."""
    one, other = _EXTRA
    gone = [["ip", "link", "del", one]]
    add = ["ip", "link", "add", one, "type"]
    for words, made in (
        ("a bridge of the kernel", ["bridge"]),
        ("a pair of interfaces", ["veth", "peer", "name", other]),
        ("a tunnel of the kernel", ["vxlan", "id", "3", "dev", "lo", "dstport", "4789"]),
    ):
        plant = commands([[*add, *made]], gone)
        yield Planted("N-16", "fabric", "switches", f"{words} is there", plant)
    trunk = next((switch_interface(link.a) for link in plan.links), None)
    own = trunk or switch_interface(subject.source.at)
    hook = ["tc", "qdisc", "add", "dev", own, "clsact"]
    plant = commands([hook], [["tc", "qdisc", "del", "dev", own, "clsact"]])
    yield Planted("N-16", "fabric", own, "a filter may copy packets", plant)
    slow = ["tc", "qdisc", "add", "dev", own, "root", "pfifo", "limit", "1000"]
    plant = commands([slow], [["tc", "qdisc", "del", "dev", own, "root"]])
    yield Planted("N-16", "fabric", own, "a queue holds packets", plant)
    yield from _in_host(plan, subject)


def _in_host(plan: Plan, subject: Subject) -> Iterator[Planted]:
    """A second cable into a host, and a second address."""
    device = plan.device[subject.target.device]
    leg, (one, other) = interface(subject.target, device), _EXTRA

    @contextmanager
    def second(town: Town, _wire: Wire) -> Iterator[None]:
        pid = str(town.pid(subject.target))
        town.ovs.run("ip", "link", "add", one, "type", "veth", "peer", "name", other, "netns", pid)
        try:
            yield
        finally:
            town.ovs.run("ip", "link", "del", one)

    @contextmanager
    def addressed(town: Town, _wire: Wire) -> Iterator[None]:
        host = town.net.get(device.id)
        host.cmd(f"ip addr add 192.0.2.77/32 dev {leg}")
        try:
            yield
        finally:
            host.cmd(f"ip addr del 192.0.2.77/32 dev {leg}")

    yield Planted("N-16", "fabric", device.id, "a second cable leads into the host", second)
    yield Planted("N-16", "fabric", device.id, "the host has a second address", addressed)


def _elsewhere(plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Forbidden frames that are copied to where nobody should see them."""
    switch = subject.source.at.switch
    ports = [link.a.port for link in plan.links if link.a.switch == switch]
    ports += [link.b.port for link in plan.links if link.b.switch == switch]
    match = f"table=5,priority=211,ip,{subject.cell}"
    for words, action in (
        ("the controller", "controller:128"),
        *((f"the line at port {port}", f"output:{port}") for port in ports[:2]),
        ("all ports", "flood"),
    ):
        plant = rules({switch: [f"{match},actions={action}"]})
        yield Planted("N-17", "fabric", switch, f"forbidden frames are copied to {words}", plant)
    up, down = [["ip", "link", "set", switch, how] for how in ("up", "down")]
    copied = [
        *("ovs-ofctl", "-O", "OpenFlow13", "add-flow", switch),
        f"{match},actions=local",
    ]
    gone = ["ovs-ofctl", "-O", "OpenFlow13", "--strict", "del-flows", switch, match]
    yield Planted(
        "N-17", "fabric", switch, "forbidden frames are copied to the LOCAL port",
        commands([up, copied], [gone, down]),
    )  # fmt: skip


def _air(plan: Plan, air: Air) -> Iterator[Planted]:
    """An access point that does not do what it should."""
    stations = [a for a in plan.attachments if a.air == air.id]
    own, last = uplink(air.id), len(stations) + 1
    for words, text in (
        ("floods what comes down", "priority=20,in_port=1,actions=flood"),
        ("hands frames to its own LOCAL port", "priority=20,in_port=2,actions=output:1,local"),
        ("is an ordinary switch", "priority=20,actions=normal"),
        ("copies frames to its controller", "priority=20,in_port=2,actions=output:1,controller"),
        ("forgets its rule after an hour",
         "priority=20,hard_timeout=3600,in_port=2,actions=output:1"),
        *((("lets stations talk sideways", f"priority=20,in_port=2,actions=output:1,{last}"),)
          if last > 2 else ()),
    ):  # fmt: skip
        yield Planted("N-18", "fabric", air.id, f"it {words}", rules({air.id: [text]}))

    @contextmanager
    def open_(town: Town, _wire: Wire) -> Iterator[None]:
        town.ovs.run(_VSCTL, "set-fail-mode", air.id, "standalone")
        try:
            yield
        finally:
            town.ovs.run(_VSCTL, "set-fail-mode", air.id, "secure")
            fix_airs(town.net)  # Open vSwitch forgets the rules with the mode

    yield Planted("N-18", "fabric", air.id, "it fails open", open_)
    there = [_VSCTL, "set", "Port", own, "vlan_mode=trunk"]
    back = [_VSCTL, "clear", "Port", own, "vlan_mode"]
    yield Planted("N-18", "fabric", own, "its uplink has a VLAN mode", commands([there], [back]))
