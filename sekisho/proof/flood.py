"""All packets from all edge ports at once, switch by switch, until nothing new arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from sekisho.errors import RefusedError
from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import LOCAL, Rule
from sekisho.proof.actions import Actor, Event, To
from sekisho.proof.domains import domains
from sekisho.proof.engine import LARGE, Set, union
from sekisho.proof.entries import needs
from sekisho.proof.fields import SWITCH, Layout
from sekisho.proof.refusals import refuse_unmodelled
from sekisho.proof.tables import Table

_LOCAL_FIELDS = ("in_port", "metadata", "reg0", "ct_mark", "tracked", "again", "hidden")
#: A frame may come from the host's own side of a switch, too.
Tables = Mapping[str, tuple[Rule, ...]]


@dataclass
class Reached:
    """Where packets come to, each as it was sent and as it is there.

    Attributes:
        edges: By switch: what leaves by its edge ports; ``out_port`` says by which.
        controller: By switch: what it hands to the controller.
        local: By switch: what it hands to its own host.
        returned: By switch: what comes to it a second time, in the same state.
        first: By switch: what comes to it straight from the switch that it entered the town by.
        met: By switch and table: what has come to it; noted only where it is asked for.
        kept: By switch: what its connection tracker keeps; likewise.
    """

    edges: dict[str, Set] = field(default_factory=dict)
    controller: dict[str, Set] = field(default_factory=dict)
    local: dict[str, Set] = field(default_factory=dict)
    returned: dict[str, Set] = field(default_factory=dict)
    first: dict[str, Set] = field(default_factory=dict)
    met: dict[tuple[str, int], Set] = field(default_factory=dict)
    kept: dict[str, Set] = field(default_factory=dict)


@dataclass
class _Done:
    """What became of packets in one switch: to its controller, its own host, out of ports.

    Beside it stands what came to each table and what is kept, where that is noted.
    """

    controller: Set
    local: Set
    kept: Set
    left: Set
    met: dict[int, Set] = field(default_factory=dict)


class Fabric:
    """All switches of a plan with some tables, ready to be flooded.

    Args:
        plan: Its switches, ports and lines; its rules are not looked at.
        tables: By switch.
        library: Name of the engine, and how many nodes it may have.
        others: Tables that it will be asked about later, with `cut`.
        is_short: Whether addresses are numbers, as far as the tables let them.

    Raises:
        RefusedError: A rule has a part that is not modelled.

    Attributes:
        room: How many addresses of each kind may get a name later, in other tables.
        notes: Whether it is noted what comes to each table.
        notes_kept: Whether it is noted what trackers keep.
    """

    room: ClassVar[int] = 0
    notes: ClassVar[bool] = False
    notes_kept: ClassVar[bool] = False

    def __init__(
        self,
        plan: Plan,
        tables: Tables,
        library: tuple[str, int] = ("oxidd", LARGE),
        *,
        others: Iterable[Tables] = (),
        is_short: bool = True,
    ) -> None:
        self.plan = plan
        self._peer = {link.a: link.b for link in plan.links}
        self._peer |= {link.b: link.a for link in plan.links}
        self.sources = list(_edges(plan, self._peer))
        tagged = sorted({a.at for a in plan.attachments if a.tag}, key=lambda p: (p.switch, p.port))
        self._under_tags = {s.id: [p for p in tagged if p.switch == s.id] for s in plan.switches}
        self._lines = {s.id: [p for p in self._peer if p.switch == s.id] for s in plan.switches}
        self.number = {port: number for number, port in enumerate(self.sources)}
        every: dict[str, list[Rule]] = {}
        for some in (tables, *others):
            for switch, rules in some.items():
                every.setdefault(switch, []).extend(rules)
        size = len(self.sources), max(switch.ports for switch in plan.switches)
        short = domains(plan, every, room=self.room) if is_short else {}
        self.layout = Layout(size, needs(every), library, short)
        self._actor = Actor(self.layout)
        self._made: dict[object, Table] = {}
        self._done: dict[object, _Done] = {}
        self._entering: dict[str, Set] = {}
        self._leaving: dict[tuple[int, ...], Set] = {}
        self._coming: dict[int, Set] = {}
        self._down: frozenset[PortRef] = frozenset()
        self._rules: dict[str, tuple[Rule, ...]] = {}
        self._tables: dict[str, dict[int, Table]] = {}
        self._ready(tables)
        local = [name for name in _LOCAL_FIELDS if self.layout.bits(name)]
        self._forget = self.layout.free([*local, *(n for n in SWITCH if n not in local)])
        self._which = self.layout.free(["out_port"])
        self._pass_on = self.layout.free([*local, "out_port"])

    def cut(self, tables: Tables, down: Iterable[PortRef]) -> Fabric:
        """Return the same fabric with other tables, one of *others*, and dead lines."""
        out = copy(self)
        out._down = frozenset(down)
        out._ready(tables)
        return out

    def onto(self, plan: Plan, tables: Tables) -> Fabric:
        """Return the same fabric with other tables, and *plan*, whose ports and lines are the same.

        The layout has variables and names for all that these tables have; the caller sees to it.
        """
        out = copy(self)
        out.plan, out._done = plan, {}
        out._ready(tables)
        used = {id(table) for own in out._tables.values() for table in own.values()}
        out._made = {key: table for key, table in out._made.items() if id(table) in used}
        return out

    def unlike(self, other: Fabric) -> Iterator[tuple[tuple[str, int], Set]]:
        """Yield each switch and table that is not what it is in *other*, with the packets."""
        for switch, own in self._tables.items():
            theirs = other._tables[switch]
            for number in own.keys() | theirs.keys():
                one, two = own.get(number), theirs.get(number)
                if one is not two:
                    here = one.unlike(two) if one is not None else theirs[number].unlike(None)
                    yield (switch, number), here

    def _ready(self, tables: Tables) -> None:
        """Take *tables*; one that was made before, for whichever switch, is made once."""
        known, made = self._rules, self._tables
        self._rules, self._tables = dict(tables), {}
        for switch, rules in tables.items():
            if known.get(switch) == rules:
                self._tables[switch] = made[switch]
                continue
            by_number: dict[int, list[Rule]] = {}
            refuse_unmodelled(self.plan.switch[switch], rules)
            for rule in rules:
                by_number.setdefault(rule.table, []).append(rule)
            own: dict[int, Table] = {}
            for number, some in by_number.items():
                key = tuple((r.priority, r.match, r.actions, r.metadata, r.goto) for r in some)
                if key not in self._made:
                    self._made[key] = Table(self.layout, some, switch)
                own[number] = self._made[key]
            self._tables[switch] = own

    @property
    def switches(self) -> KeysView[str]:
        """Every switch that has tables."""
        return self._tables.keys()

    @property
    def honest(self) -> Set:
        """All packets that there are, as they are where they enter."""
        return self.layout.possible & self.layout.unchanged(self.layout.copied)

    def flood(self, only: Set | None = None) -> Reached:
        """Let every packet in at every edge port; follow all copies to their ends.

        Args:
            only: No others than these, as they are sent.
        """
        out = Reached()
        for switch in self.plan.switches:
            if switch.id not in self._entering:
                self._entering[switch.id] = self._sent(switch.id)
            packets = self._entering[switch.id]
            self._through(switch.id, packets if only is None else packets & only, out, out.first)
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
        return here & self.honest

    def _through(self, switch: str, packets: Set, out: Reached, on: dict[str, Set]) -> None:
        """Let *packets* through the tables of one switch."""
        key = switch, packets, tuple(self._tables[switch].items())
        if key not in self._done:  # the same tables, and the same packets, as in another case
            self._done[key] = self._carried(switch, packets)
        done = self._done[key]
        for number, some in done.met.items():
            _add(out.met, (switch, number), some)
        for to, some in (
            (out.controller, done.controller),
            (out.local, done.local),
            (out.kept, done.kept),
        ):
            if some != self.layout.engine.false:
                _add(to, switch, some)
        self._leave(switch, done.left, out, on)

    def _carried(self, switch: str, packets: Set) -> _Done:
        """Return what becomes of *packets* in one switch."""
        nothing = self.layout.engine.false
        out = _Done(nothing, nothing, nothing, nothing)
        waiting = {0: packets}
        while waiting:
            number = min(waiting)
            packets, table = waiting.pop(number), self._tables[switch].get(number)
            if self.notes and packets != nothing:
                out.met[number] = packets
            if table is None or packets == nothing:
                continue  # a miss drops: OpenFlow 1.3.5, 5.4
            self._refuse_second_look(switch, table, packets, number)
            for group, some in table.split(packets):
                for event in self._actor.run(group, some):
                    self._settle(event, waiting, out)
        return out

    def _settle(self, event: Event, waiting: dict[int, Set], out: _Done) -> None:
        to, number, packets = event
        match to:
            case To.TABLE:
                _add(waiting, number, packets)
            case To.OUT:
                own = packets & self.layout.equals("out_port", self.layout.port(LOCAL))
                if own != self.layout.engine.false:  # sent back to the switch's own host
                    out.local = out.local | self._forgotten(own, "out_port")
                out.left = out.left | packets & ~own
            case To.CONTROLLER:
                out.controller = out.controller | self._forgotten(packets)
            case To.LOCAL:
                out.local = out.local | self._forgotten(packets)
            case To.KEPT if self.notes_kept:
                out.kept = out.kept | packets

    def _leave(self, switch: str, packets: Set, out: Reached, on: dict[str, Set]) -> None:
        """Let *packets* out: over the lines that are up, to other switches, or at the edge."""
        nothing = self.layout.engine.false
        lines = self._lines[switch]
        for port, some in self._split(packets, lines):
            if port not in self._down:
                self._go_on(self._peer[port], some, on)
        packets = packets & ~self._by(lines)
        if packets == nothing:
            return
        self._refuse_second_tags(switch, packets)
        _add(out.edges, switch, self._forgotten(packets))

    def _split(self, packets: Set, ports: Sequence[PortRef]) -> Iterator[tuple[PortRef, Set]]:
        """Yield what of *packets* leaves by each of *ports* that something leaves by."""
        here = packets & self._by(ports)
        if here == self.layout.engine.false:
            return
        if len(ports) == 1:
            yield ports[0], here
            return
        middle = len(ports) // 2
        for half in (ports[:middle], ports[middle:]):
            yield from self._split(here, half)

    def _by(self, ports: Sequence[PortRef]) -> Set:
        """Return all packets that leave by one of *ports*."""
        key = tuple(port.port for port in ports)
        if key not in self._leaving:
            each = [self.layout.equals("out_port", port) for port in key]
            self._leaving[key] = union(self.layout.engine, each)
        return self._leaving[key]

    def _go_on(self, peer: PortRef, packets: Set, on: dict[str, Set]) -> None:
        """Let *packets* come in by *peer*, the other end of a line."""
        there = self.layout.engine.without(packets, self._pass_on)
        _add(on, peer.switch, there & self._come_in(peer.port))

    def _come_in(self, port: int) -> Set:
        """Return all packets as they come in by *port*: a switch has noted nothing of them yet."""
        if port not in self._coming:
            layout = self.layout
            double, hidden = (layout.equals(name, 1) for name in ("double", "hidden"))
            here = (double & hidden | ~double & ~hidden) & layout.equals("in_port", port)
            for name in _LOCAL_FIELDS:
                if name not in ("hidden", "in_port"):
                    here = here & layout.equals(name, 0)
            self._coming[port] = here
        return self._coming[port]

    def _refuse_second_tags(self, switch: str, packets: Set) -> None:
        """Refuse what leaves with two tags where one is expected: which is inside is in no set."""
        double = packets & self.layout.equals("double", 1)
        for port in self._under_tags[switch] if double != self.layout.engine.false else ():
            if double & self.layout.equals("out_port", port.port) != self.layout.engine.false:
                raise RefusedError(
                    f"{port}: packets leave with two VLAN tags\n"
                    "  hint: this is not modelled; nothing is proved"
                )

    def _forgotten(self, packets: Set, *more: str) -> Set:
        """Return *packets* without what only a switch knows."""
        free = self._forget & self.layout.free(more) if more else self._forget
        return self.layout.engine.without(packets, free)

    def at(self, of: Mapping[str, Set], port: PortRef) -> Set:
        """Return what of some sets, by switch, leaves by one edge *port*."""
        packets: Set = of.get(port.switch, self.layout.engine.false)
        here = packets & self.layout.equals("out_port", self.layout.port(port.port))
        return self.layout.engine.without(here, self._which)

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
