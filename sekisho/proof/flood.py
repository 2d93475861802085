"""All packets from all edge ports at once, switch by switch, until nothing new arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sekisho.errors import RefusedError
from sekisho.model import Plan, PortRef
from sekisho.proof.actions import Actor, Event, To
from sekisho.proof.domains import domains
from sekisho.proof.engine import LARGE, Set
from sekisho.proof.entries import needs
from sekisho.proof.fields import SWITCH, Layout
from sekisho.proof.tables import Table
from sekisho.rules import LOCAL, Rule

_LOCAL_FIELDS = ("in_port", "metadata", "reg0", "ct_mark", "tracked", "again", "hidden")
#: A frame may come from the host's own side of a switch, too.
Tables = Mapping[str, tuple[Rule, ...]]


@dataclass
class Reached:
    """Where packets come to, each as it was sent and as it is there.

    Attributes:
        ports: By edge port.
        controller: By switch: what it hands to the controller.
        local: By switch: what it hands to its own host.
        returned: By switch: what comes to it a second time, in the same state.
        first: By switch: what comes to it straight from the switch that it entered the town by.
    """

    ports: dict[PortRef, Set] = field(default_factory=dict)
    controller: dict[str, Set] = field(default_factory=dict)
    local: dict[str, Set] = field(default_factory=dict)
    returned: dict[str, Set] = field(default_factory=dict)
    first: dict[str, Set] = field(default_factory=dict)


class Fabric:
    """All switches of a plan with some tables, ready to be flooded.

    Args:
        plan: Its switches, ports and lines; its rules are not looked at.
        tables: By switch.
        engine: Name of the engine.
        nodes: How many it may have.
        is_short: Whether addresses are numbers, as far as the tables let them.

    Raises:
        RefusedError: A rule has a part that is not modelled.
    """

    def __init__(
        self,
        plan: Plan,
        tables: Tables,
        engine: str = "oxidd",
        nodes: int = LARGE,
        *,
        is_short: bool = True,
    ) -> None:
        self.plan = plan
        self._peer = {link.a: link.b for link in plan.links}
        self._peer |= {link.b: link.a for link in plan.links}
        self.sources = list(_edges(plan, self._peer))
        self.number = {port: number for number, port in enumerate(self.sources)}
        ports = max(switch.ports for switch in plan.switches)
        wanted = needs(tables)
        self.layout = Layout(
            (len(self.sources), ports),
            wanted,
            (engine, nodes),
            domains(plan, tables) if is_short else {},
        )
        self._actor = Actor(self.layout)
        self._tables: dict[str, dict[int, Table]] = {}
        made: dict[object, Table] = {}
        for switch, rules in tables.items():
            self._tables[switch] = _ready(self.layout, rules, switch, made)
        local = [name for name in _LOCAL_FIELDS if self.layout.bits(name)]
        self._forget = self.layout.free([*local, *(n for n in SWITCH if n not in local)])
        self._pass_on = self.layout.free(local)

    def flood(self) -> Reached:
        """Let every packet in at every edge port; follow all copies to their ends."""
        out = Reached()
        sent = {switch.id: self._sent(switch.id) for switch in self.plan.switches}
        for switch, packets in sent.items():
            self._through(switch, packets, out, out.first)
        self._follow(dict(out.first), out, self._as_it_is)
        return out

    def flood_on(self, arriving: Mapping[str, Set]) -> Reached:
        """Follow what arrives at each switch; each one's tracker says of it what it likes."""
        out = Reached()
        self._follow({s: self._any_phase(p) for s, p in arriving.items()}, out, self._any_phase)
        return out

    def _follow(self, waiting: dict[str, Set], out: Reached, between: Callable[[Set], Set]) -> None:
        """Follow *waiting*, by switch, until nothing new arrives anywhere."""
        nothing = self.layout.engine.false
        seen: dict[str, Set] = {}
        while waiting:
            arriving: dict[str, Set] = {}
            for switch, packets in waiting.items():
                known: Set = seen.get(switch, nothing)
                if packets & known != nothing:
                    out.returned[switch] = out.returned.get(switch, nothing) | packets & known
                    packets = packets & ~known
                seen[switch] = known | packets
                if packets != nothing:
                    self._through(switch, packets, out, arriving)
            waiting = {switch: between(packets) for switch, packets in arriving.items()}

    def _as_it_is(self, packets: Set) -> Set:
        return packets

    def _any_phase(self, packets: Set) -> Set:
        """Return *packets* in every state of their conversation that a tracker knows."""
        freed = self.layout.engine.without(packets, self.layout.free(["phase"]))
        return freed & self.layout.tracked

    def _sent(self, switch: str) -> Set:
        """Return every packet that may come in by an edge port of *switch*."""
        layout, here = self.layout, self.layout.engine.false
        for number, port in enumerate(self.sources):
            if port.switch == switch:
                here = here | layout.equals("source", number) & layout.equals(
                    "in_port", layout.port(port.port)
                )
        fresh = [f for f in (*_LOCAL_FIELDS, *SWITCH) if f != "in_port"]
        for name in dict.fromkeys(fresh):
            here = here & layout.equals(name, 0)
        return here & layout.possible & layout.unchanged(layout.copied)

    def _through(self, switch: str, packets: Set, out: Reached, on: dict[str, Set]) -> None:
        """Let *packets* through the tables of one switch."""
        nothing = self.layout.engine.false
        waiting = {0: packets}
        left: dict[int, Set] = {}
        while waiting:
            number = min(waiting)
            packets, table = waiting.pop(number), self._tables[switch].get(number)
            if table is None or packets == nothing:
                continue  # a miss drops: OpenFlow 1.3.5, 5.4
            self._refuse_second_look(switch, table, packets, number)
            for group, some in table.split(packets):
                for event in self._actor.run(group, some):
                    self._settle(switch, event, (waiting, left), out)
        for port, some in left.items():
            self._leave(PortRef(switch, port), some, out, on)

    def _settle(
        self, switch: str, event: Event, places: tuple[dict[int, Set], dict[int, Set]], out: Reached
    ) -> None:
        to, number, packets = event
        waiting, left = places
        match to:
            case To.TABLE:
                _add(waiting, number, packets)
            case To.PORT:
                _add(left, number, packets)
            case To.BACK:
                for port in self._ports(switch):
                    _add(left, port, packets & self.layout.equals("in_port", port))
            case To.CONTROLLER if packets != self.layout.engine.false:
                _add(out.controller, switch, self._forgotten(packets))
            case To.LOCAL if packets != self.layout.engine.false:
                _add(out.local, switch, self._forgotten(packets))

    def _leave(self, port: PortRef, packets: Set, out: Reached, on: dict[str, Set]) -> None:
        layout = self.layout
        if packets == layout.engine.false:
            return
        peer = self._peer.get(port)
        if peer is None:
            _add(out.ports, port, self._forgotten(packets))
            return
        there = layout.engine.without(packets, self._pass_on)
        for name in _LOCAL_FIELDS:
            if name != "hidden":
                there = there & layout.equals(name, peer.port if name == "in_port" else 0)
        double, hidden = (layout.equals(name, 1) for name in ("double", "hidden"))
        _add(on, peer.switch, there & (double & hidden | ~double & ~hidden))

    def _forgotten(self, packets: Set) -> Set:
        return self.layout.engine.without(packets, self._forget)

    def _ports(self, switch: str) -> Iterable[int]:
        return range(1, self.plan.switch[switch].ports + 1)

    def _refuse_second_look(self, switch: str, table: Table, packets: Set, number: int) -> None:
        again = self.layout.equals("again", 1)
        if table.reads_state and packets & again != self.layout.engine.false:
            raise RefusedError(
                f"{switch}: table {number} asks connection tracking of packets that were looked up "
                "twice\n  hint: this is not modelled; nothing is proved"
            )


_Key = TypeVar("_Key")


def _add(to: dict[_Key, Set], key: _Key, packets: Set) -> None:
    there = to.get(key)
    to[key] = packets if there is None else there | packets


def _edges(plan: Plan, peer: Mapping[PortRef, PortRef]) -> Iterable[PortRef]:
    """Yield every port that a packet may enter by: all that no line uses, and the host's own."""
    for switch in plan.switches:
        for port in range(1, switch.ports + 1):
            if PortRef(switch.id, port) not in peer:
                yield PortRef(switch.id, port)
        yield PortRef(switch.id, LOCAL)


def _ready(
    layout: Layout, rules: Iterable[Rule], switch: str, made: dict[object, Table]
) -> dict[int, Table]:
    """Return the tables of one switch; one that another switch has as well is made once."""
    by_number: dict[int, list[Rule]] = {}
    for rule in rules:
        by_number.setdefault(rule.table, []).append(rule)
    out = {}
    for number, own in by_number.items():
        key = tuple((r.priority, r.match, r.actions, r.metadata, r.goto) for r in own)
        if key not in made:
            made[key] = Table(layout, own, switch)
        out[number] = made[key]
    return out
