"""What the fabric of a town holds, against what its plan compiles to and how it was made.

The reading here is not the controller's: the switches are asked with Open vSwitch's own tools, past
every controller, and answer in text. Every table, group, meter and port of every switch *and every
access point*, every row of the database, every interface of every namespace is a `Statement`; so is
everything that should be there. What stands on one side only is a `Difference`, and has a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from sekisho.model import Label, Plan, PortRef
from sekisho.model.tracking import MOST_CONVERSATIONS, zone_limits
from sekisho.openflow import rule_text
from sekisho.openflow.flow_dump import flows
from sekisho.openflow.rules import Rule
from topologies.network import interfaces
from topologies.network.interface_names import switch_interface
from topologies.network.topology import air_ports, air_rules
from topologies.ovs import database
from topologies.ovs.datapath import Datapath
from topologies.town import Town

_AT_ONCE = 6
_HIDDEN = 0xFFFF  # rules above this priority are Open vSwitch's own: in-band, fail-open
_PORT = re.compile(r" *(\w+)\(([^)]*)\): addr:.*\n *config: *(.*)\n *state: *(.*)")
_TABLE, _PRIORITY = re.compile(r"table_id=(\d+)"), re.compile(r"priority=(\d+)")
_AGES = re.compile(r"(duration|n_packets|n_bytes)=[^,]*, ")
_REASON = re.compile(r"controller\([^)]*\)")
#: The table behind all others, and what Open vSwitch keeps there in every bridge
#: (ofproto/ofproto-dpif.c, ``add_internal_flows``); no packet of a complete pipeline comes there.
_INTERNAL_TABLE = 254
_INTERNAL = (
    "table_id=254, priority=2,recirc_id=0,actions=drop",
    "table_id=254, priority=0,reg0=0x1,actions=controller",
    "table_id=254, priority=0,reg0=0x2,actions=drop",
    "table_id=254, priority=0,reg0=0x3,actions=drop",
)
#: How a connection's fragments are put together (ovs-dpctl(8), ``ipf-get-status``): as the daemon
#: starts, and with what the lines of its answer begin that are no counters.
_PUT_TOGETHER = (
    "v4 enabled: 1",
    "v6 enabled: 1",
    "max num frags (v4/v6): 1000",
    "min v4 frag size: 1200",
    "min v6 frag size: 1280",
)
_FRAGMENTS = tuple(line.partition(":")[0] for line in _PUT_TOGETHER)
_KINDS = {
    "rule": Label("規則", "a rule"),
    "hidden rule": Label("内部の規則", "a hidden rule"),
    "group": Label("グループ", "a group"),
    "meter": Label("メーター", "a meter"),
    "port": Label("ポート", "a port"),
    "setting": Label("設定", "a setting"),
    "database": Label("データベースの項目", "a database entry"),
    "tracker": Label("通信状態の追跡の設定", "a setting of connection tracking"),
    "interface": Label("インターフェース", "an interface"),
}


class Statement(NamedTuple):
    """One fact about the fabric.

    Attributes:
        place: Switch, access point or namespace; ``Open vSwitch`` for what all share.
        kind: ``rule``, ``hidden rule``, ``group``, ``meter``, ``port``, ``setting``, ``database``,
            ``tracker`` or ``interface``.
        text: What is said, without counters and ages.
    """

    place: str
    kind: str
    text: str


class Difference(NamedTuple):
    """What is not as planned: a statement that only one side makes."""

    statement: Statement
    is_missing: bool

    @property
    def label(self) -> Label:
        """The difference in words."""
        place, kind, text = self.statement
        name = _KINDS[kind]
        if self.is_missing:
            return Label(
                f"{place}: 計画どおりの{name.ja}がない: {text}",
                f"{place}: {name.en} of the plan is not there: {text}",
            )
        return Label(
            f"{place}: 計画にない{name.ja}: {text}",
            f"{place}: {name.en} that is not planned: {text}",
        )


class Reading(NamedTuple):
    """The whole fabric, as it is now.

    Attributes:
        statements: Every fact.
        dumps: The text of every switch's flow dump.
    """

    statements: frozenset[Statement]
    dumps: Mapping[str, str]


def read(town: Town) -> Reading:
    """Read the fabric of *town*; nothing is left out.

    Raises:
        LabError: A switch, the database or a namespace does not answer.
        RuleError: A switch says something that cannot be read.
    """
    town.ovs.settle()
    plan = town.plan
    bridges = [s.id for s in plan.switches] + [air.id for air in plan.airs]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda name: _bridge(town, name), bridges))
    out = {statement for statements, _ in found for statement in statements}
    dumps = {name: dump for name, (_, dump) in zip(bridges, found, strict=True)}
    out |= _of("Open vSwitch", "database", database.held(town.ovs))
    out |= _of("Open vSwitch", "tracker", _tracker(town))
    out |= _of("hosts", "interface", interfaces.held(town))
    return Reading(frozenset(out), {s.id: dumps[s.id] for s in plan.switches})


def planned(
    town: Town, plan: Plan, tables: Mapping[str, Iterable[Rule]], down: Iterable[PortRef] = ()
) -> frozenset[Statement]:
    """Return the statements of a fabric that is exactly as planned.

    Args:
        town: The town, for what was found out when it was made: its datapath, its lines.
        plan: The plan that is in force.
        tables: Its compiled tables, by switch.
        down: Ports of lines that are cut on purpose: nothing is said of them.
    """
    netdev = "netdev" if town.ovs.datapath is Datapath.USERSPACE else "system"
    out = set[Statement]()
    for switch in plan.switches:
        out |= _of(switch.id, "rule", map(rule_text.wanted, tables[switch.id]))
        out |= _of(switch.id, "port", _ports(plan, switch.id))
    for air in plan.airs:
        stations = [a for a in plan.attachments if a.air == air.id]
        out |= _of(air.id, "rule", map(_as_dumped, air_rules(stations)))
        names = [(n, f"{air.id}-eth{n}") for n in air_ports(plan, air.id)]
        out |= _of(air.id, "port", _port_texts(air.id, names))
    for name in [s.id for s in plan.switches] + [air.id for air in plan.airs]:
        out |= _of(name, "hidden rule", _INTERNAL)
        out |= _of(name, "setting", ["frags=normal miss_send_len=0"])
    out |= _of("Open vSwitch", "database", database.planned(plan, netdev))
    out |= _of("Open vSwitch", "tracker", _planned_tracker(town))
    out |= _of("hosts", "interface", interfaces.planned(town, plan))
    return frozenset(s for s in out if not _is_about(s, down))


def differences(
    wanted: frozenset[Statement], found: frozenset[Statement], down: Iterable[PortRef] = ()
) -> list[Difference]:
    """Return what only one of the two says, what is too much first, in a fixed order."""
    cut = tuple(down)
    extra = sorted(s for s in found - wanted if not _is_about(s, cut))
    return [Difference(s, is_missing=False) for s in extra] + [
        Difference(s, is_missing=True) for s in sorted(wanted - found)
    ]


def _of(place: str, kind: str, texts: Iterable[str]) -> set[Statement]:
    return {Statement(place, kind, text) for text in texts}


def _is_about(statement: Statement, down: Iterable[PortRef]) -> bool:
    """Tell whether a statement is about a port that is down on purpose."""
    if statement.kind not in ("port", "interface"):
        return False
    return any(f"{switch_interface(end)} " in statement.text for end in down)


def _bridge(town: Town, name: str) -> tuple[set[Statement], str]:
    """Read one switch or access point."""

    def ask(*words: str) -> str:
        return town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *words, name)

    dump = town.ovs.flows(name)
    out = _of(name, "rule", map(rule_text.held, flows(dump)))
    out |= _of(name, "hidden rule", _hidden(town.ovs.appctl("bridge/dump-flows", name)))
    out |= _of(name, "hidden rule", _untold(ask("dump-aggregate"), len(flows(dump))))
    out |= _of(name, "group", _entries(ask("dump-groups")))
    out |= _of(name, "meter", _entries(ask("dump-meters")))
    out |= _of(name, "port", _shown(ask("show")))
    out |= _of(name, "setting", _config(ask("show")))
    return out, dump


def _hidden(dump: str) -> Iterator[str]:
    """Yield the rules that ``dump-flows`` does not show (ovs-appctl(8), ``bridge/dump-flows``)."""
    for line in dump.splitlines():
        table, priority = _TABLE.search(line), _PRIORITY.search(line)
        is_internal = table is not None and int(table[1]) >= _INTERNAL_TABLE
        if is_internal or (priority is not None and int(priority[1]) > _HIDDEN):
            yield _REASON.sub("controller", _AGES.sub("", line.strip()))


def _untold(aggregate: str, told: int) -> Iterator[str]:
    """Yield a word for rules that a switch counts and does not tell of.

    Open vSwitch leaves out of its answer a rule that is longer than a message can be.
    """
    counted = int(aggregate.rpartition("flow_count=")[2])
    if counted != told:
        yield f"{counted} rules are counted, {told} are told"


def _entries(said: str) -> Iterator[str]:
    """Yield what follows the heading of a reply of ``ovs-ofctl``."""
    return (line.strip() for line in said.splitlines()[1:] if line.strip())


def _shown(said: str) -> Iterator[str]:
    """Yield the ports of ``ovs-ofctl show``: number, name, configuration and state."""
    for number, name, config, state in _PORT.findall(said):
        yield f"port {number} {name} config {config} state {state}"


def _config(said: str) -> Iterator[str]:
    _, _, config = said.rpartition("OFPT_GET_CONFIG_REPLY")
    yield config.partition(": ")[2].strip()


def _ports(plan: Plan, switch: str) -> Iterator[str]:
    ends = [end for link in plan.links for end in (link.a, link.b)]
    ends += [a.at for a in plan.origin.attachments] + [air.at for air in plan.airs]
    numbers = sorted({end.port for end in ends if end.switch == switch})
    return _port_texts(switch, [(n, switch_interface(PortRef(switch, n))) for n in numbers])


def _port_texts(bridge: str, names: Iterable[tuple[int, str]]) -> Iterator[str]:
    yield f"port LOCAL {bridge} config PORT_DOWN state LINK_DOWN"
    for number, name in names:
        yield f"port {number} {name} config 0 state LIVE"


def _as_dumped(words: str) -> str:
    """Return a rule of an access point as its dump says it: table 0, no cookie."""
    return rule_text.held(flows(_DUMPED.format(words.replace(",actions", " actions")))[0])


_DUMPED = " cookie=0x0, duration=0s, table=0, n_packets=0, n_bytes=0, {}"


def _tracker(town: Town) -> Iterator[str]:
    """Yield how connections are tracked: limits, and whether sequence numbers are looked at."""
    for line in town.ovs.appctl("dpctl/ct-get-limits").splitlines():
        if line.strip():
            yield line.split(",count=")[0].strip()
    if town.ovs.datapath is Datapath.USERSPACE:
        yield f"at most {town.ovs.appctl('dpctl/ct-get-maxconns').strip()} connections"
        yield town.ovs.appctl("dpctl/ct-get-tcp-seq-chk").strip()
        for line in town.ovs.appctl("dpctl/ipf-get-status").splitlines():
            if line.strip().startswith(_FRAGMENTS):
                yield line.strip()


def _planned_tracker(town: Town) -> Iterator[str]:
    yield "default limit=0"
    for zone, limit in zone_limits(town.plan).items():
        yield f"zone={zone},limit={limit}"
    if town.ovs.datapath is Datapath.USERSPACE:
        yield f"at most {MOST_CONVERSATIONS} connections"
        yield "TCP sequence checking: enabled"
        yield from _PUT_TOGETHER
