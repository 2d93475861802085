"""What arrives against what may and must, for all packets; and the packets that show a difference.

Three questions: does anything arrive that the plan does not let arrive; does everything arrive
that it promises; and does anything forbidden arrive if each switch's tracker says what it likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from sekisho.errors import RefusedError, RuleError
from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import CONTROLLER, LOCAL, Rule
from sekisho.proof.engine import LARGE, SMALL, Set, union
from sekisho.proof.fields import HEADER, Part
from sekisho.proof.flood import Fabric, Reached
from sekisho.proof.meaning import Meaning
from sekisho.proof.simple import simplest

_NODES = 500  # for each rule, at first

Tables = Mapping[str, tuple[Rule, ...]]
#: The ends of the lines that are down.
Cut = tuple[PortRef, ...]


class Wrong(Enum):
    """In what way tables are not the plan."""

    FORBIDDEN = "forbidden"  # something arrives that must not
    MISSING = "missing"  # something promised does not arrive
    APART = "apart"  # it arrives where trackers of two switches say different things
    RETURNS = "returns"  # a packet comes to a switch again, as it was: a loop


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of a difference.

    Attributes:
        source: The edge port that it enters by.
        sent: Its fields as sent.
        now: The same where it arrives, or must.
        phase: What connection tracking says of it: the lower bits of ``ct_state``.
        has_room: Whether the share of its port has room.
    """

    source: PortRef
    sent: dict[str, int]
    now: dict[str, int]
    phase: int
    has_room: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which tables are not the plan.

    Attributes:
        at: Where the packet arrives, or must; a switch's own port for its controller and host.
        packet: The simplest packet that shows it.
        entries: The edge ports that have such packets.
    """

    wrong: Wrong
    at: PortRef
    packet: Packet
    entries: tuple[PortRef, ...]

    @property
    def sources(self) -> int:
        """How many edge ports have such packets."""
        return len(self.entries)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proved of some tables, or what speaks against it.

    Attributes:
        differences: Every place where tables and plan differ; none: proved.
        sources: Edge ports that packets were let in by.
        rules: Rules of all switches together.
    """

    differences: tuple[Difference, ...]
    sources: int
    rules: int

    def count(self, wrong: Wrong) -> int:
        """Return how many pairs of ports differ in this way."""
        return sum(each.sources for each in self.differences if each.wrong is wrong)


def prove(plan: Plan, tables: Tables, *, engine: str = "oxidd") -> Proof:
    """Compare what *tables* do with what *plan* means, for all packets.

    Raises:
        RefusedError: A rule has a part that is not modelled, or the sets grow too large.
    """
    (proof,) = prove_cuts(plan, {(): tables}, engine=engine).values()
    return proof


def prove_cuts(
    plan: Plan, cases: Mapping[Cut, Tables], *, engine: str = "oxidd"
) -> dict[Cut, Proof]:
    """Compare what tables do with what *plan* means, for each set of lines that are down.

    Args:
        plan: The town.
        cases: The tables of all switches, by the ends of the lines that are down.
        engine: Name of the engine.

    Raises:
        RefusedError: A rule has a part that is not modelled, or the sets grow too large.
    """
    rules = max(sum(map(len, tables.values())) for tables in cases.values())
    for nodes in (room_for(rules), LARGE):
        try:
            return dict(_proofs(plan, cases, (engine, nodes)))
        except MemoryError:
            continue
    raise RefusedError(
        "the sets of packets do not fit the memory that the proof may use\n"
        "  hint: nothing is proved; a town of several parts is proved part by part"
    )


def room_for(rules: int) -> int:
    """Return how many nodes a proof over as many rules may have at first."""
    return min(LARGE, max(SMALL, 1 << (_NODES * rules).bit_length()))


def _proofs(
    plan: Plan, cases: Mapping[Cut, Tables], library: tuple[str, int]
) -> Iterator[tuple[Cut, Proof]]:
    whole = Fabric(plan, next(iter(cases.values())), library, others=cases.values())
    wanted = Meaning(plan, whole.layout, whole.number).arriving()
    for down, tables in cases.items():
        found = differences(whole.cut(tables, down), wanted)
        yield down, Proof(tuple(found), len(whole.sources), sum(map(len, tables.values())))


@dataclass(frozen=True, slots=True)
class Floods:
    """Where packets come to, in three ways to take what trackers say.

    Attributes:
        whole: All packets, of which every tracker says the same.
        forbidden: What the first switch let on although it may arrive nowhere, as later switches
            say of it what they like.
        apart: All that the first switch let on, in the same way.
    """

    whole: Reached
    forbidden: Reached
    apart: Reached


#: One way in which tables are not the plan, where, and the packets that show it.
Found = tuple[Wrong, PortRef, Set]


def differences(fabric: Fabric, wanted: Mapping[str, Set]) -> Iterator[Difference]:
    """Yield every place where the fabric's tables are not its plan, whose meaning is *wanted*."""
    whole = fabric.flood()
    for found in beside(fabric, whole, wanted):
        yield _different(fabric, *found)
    may = allowed(fabric, wanted.values())
    let_on = {switch: packets & ~may for switch, packets in whole.first.items()}
    floods = Floods(whole, fabric.flood_on(let_on), fabric.flood_on(whole.first))
    for found in apart(fabric, floods, wanted):
        yield _different(fabric, *found)


def beside(fabric: Fabric, reached: Reached, wanted: Mapping[str, Set]) -> Iterator[Found]:
    """Yield where more arrives than may, or less than must."""
    for switch in fabric.plan.switches:
        yield from beside_at(fabric, reached, wanted, switch.id)
    yield from within(fabric, reached)


def within(fabric: Fabric, reached: Reached) -> Iterator[Found]:
    """Yield what comes to a controller, a switch's own host, or to a switch a second time."""
    nothing = fabric.layout.engine.false
    for wrong, number, of in (
        (Wrong.FORBIDDEN, CONTROLLER, reached.controller),
        (Wrong.FORBIDDEN, LOCAL, reached.local),
        (Wrong.RETURNS, LOCAL, reached.returned),
    ):
        for switch, packets in of.items():
            if packets != nothing:
                yield wrong, PortRef(switch, number), packets


def beside_at(
    fabric: Fabric, reached: Reached, wanted: Mapping[str, Set], switch: str
) -> Iterator[Found]:
    """Yield where more arrives at the edge ports of one switch than may, and less than must."""
    nothing, room = fabric.layout.engine.false, fabric.layout.equals("room", 1)
    here: Set = reached.edges.get(switch, nothing)
    there: Set = wanted.get(switch, nothing)
    if here == there:
        return
    more, less = here & ~there, there & room & ~here
    yield from _by_port(fabric, switch, (Wrong.FORBIDDEN, more), (Wrong.MISSING, less))


def _by_port(fabric: Fabric, switch: str, *some: tuple[Wrong, Set]) -> Iterator[Found]:
    """Yield what is wrong at a switch port by port.

    Raises:
        RuleError: It is at no edge port, which cannot be.
    """
    nothing = fabric.layout.engine.false
    own = [port for port in fabric.sources if port.switch == switch]
    for wrong, packets in some:
        at = [(port, fabric.at({switch: packets}, port)) for port in own if packets != nothing]
        found = [(wrong, port, here) for port, here in at if here != nothing]
        if packets != nothing and not found:
            raise RuleError(
                f"{switch}: packets leave by a port that is none\n"
                "  hint: a fault of the proof; please report"
            )
        yield from found


def apart(fabric: Fabric, floods: Floods, wanted: Mapping[str, Set]) -> Iterator[Found]:
    """Yield what arrives where later switches say of a packet's conversation what they like.

    What the plan lets arrive in any state of its conversation may arrive then; what the first
    switch let on although it is forbidden may not arrive at all.
    """
    for switch in fabric.plan.switches:
        yield from apart_at(fabric, floods, wanted, switch.id)


def apart_at(
    fabric: Fabric, floods: Floods, wanted: Mapping[str, Set], switch: str
) -> Iterator[Found]:
    """Yield the same of the edge ports of one switch."""
    layout = fabric.layout
    nothing, phase = layout.engine.false, layout.free(["phase"])
    whole: Set = floods.whole.edges.get(switch, nothing)
    for reached, known in (
        (floods.forbidden, whole),
        (floods.apart, whole | wanted.get(switch, nothing)),
    ):
        packets: Set = reached.edges.get(switch, nothing)
        if packets != nothing:
            packets = packets & ~layout.engine.without(known, phase)
        yield from _by_port(fabric, switch, (Wrong.APART, packets))


def allowed(fabric: Fabric, wanted: Iterable[Set]) -> Set:
    """Return every packet, as sent, that the plan lets arrive somewhere."""
    engine = fabric.layout.engine
    return union(engine, [engine.without(each, fabric.layout.changing) for each in wanted])


def _different(fabric: Fabric, wrong: Wrong, at: PortRef, packets: Set) -> Difference:
    chosen = packet_of(fabric, simplest(fabric, packets))
    return Difference(wrong, at, chosen, entries(fabric, packets))


def entries(fabric: Fabric, packets: Set) -> tuple[PortRef, ...]:
    """Return the edge ports that *packets* come from."""
    layout = fabric.layout
    kept = {number for _, number in layout.bits("source")}
    left = layout.engine.without(packets, layout.all_but(kept))
    return tuple(
        port
        for number, port in enumerate(fabric.sources)
        if left & layout.equals("source", number) != layout.engine.false
    )


def packet_of(fabric: Fabric, bits: Mapping[int, bool]) -> Packet:
    """Return the packet that *bits* stand for."""
    layout = fabric.layout

    def value(field: str, part: Part = Part.SENT) -> int:
        code = sum(1 << place for place, n in layout.bits(field, part) if bits.get(n, False))
        return layout.value(field, code)

    return Packet(
        fabric.sources[value("source")],
        {field: value(field) for field in HEADER},
        {field: value(field, Part.NOW) for field in HEADER},
        value("phase"),
        bool(value("room")),
    )
