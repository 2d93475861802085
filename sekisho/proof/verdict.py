"""What arrives against what may and must, for all packets; and the packets that show a difference.

Three questions: does anything arrive that the plan does not let arrive; does everything arrive
that it promises; and does anything forbidden arrive if each switch's tracker says what it likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from sekisho.errors import RefusedError
from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import CONTROLLER, LOCAL, Rule
from sekisho.proof.engine import LARGE, SMALL, Set
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
    for nodes in (min(LARGE, max(SMALL, 1 << (_NODES * rules).bit_length())), LARGE):
        try:
            return dict(_proofs(plan, cases, (engine, nodes)))
        except MemoryError:
            continue
    raise RefusedError(
        "the sets of packets do not fit the memory that the proof may use\n"
        "  hint: nothing is proved; a town of several parts is proved part by part"
    )


def _proofs(
    plan: Plan, cases: Mapping[Cut, Tables], library: tuple[str, int]
) -> Iterator[tuple[Cut, Proof]]:
    whole = Fabric(plan, next(iter(cases.values())), library, others=cases.values())
    wanted = Meaning(plan, whole.layout, whole.number).arriving()
    for down, tables in cases.items():
        found = differences(whole.cut(tables, down), wanted)
        yield down, Proof(tuple(found), len(whole.sources), sum(map(len, tables.values())))


def differences(fabric: Fabric, wanted: Mapping[PortRef, Set]) -> Iterator[Difference]:
    """Yield every place where the fabric's tables are not its plan, whose meaning is *wanted*."""
    reached = fabric.flood()
    yield from _beside(fabric, reached, wanted)
    yield from _apart(fabric, reached, wanted)


def _beside(
    fabric: Fabric, reached: Reached, wanted: Mapping[PortRef, Set]
) -> Iterator[Difference]:
    """Yield where more arrives than may, or less than must."""
    nothing, room = fabric.layout.engine.false, fabric.layout.equals("room", 1)
    for port in fabric.sources:
        here: Set = reached.ports.get(port, nothing)
        there: Set = wanted.get(port, nothing)
        yield from _different(fabric, Wrong.FORBIDDEN, port, here & ~there)
        yield from _different(fabric, Wrong.MISSING, port, there & room & ~here)
    for switch, packets in reached.controller.items():
        yield from _different(fabric, Wrong.FORBIDDEN, PortRef(switch, CONTROLLER), packets)
    for switch, packets in reached.local.items():
        yield from _different(fabric, Wrong.FORBIDDEN, PortRef(switch, LOCAL), packets)
    for switch, packets in reached.returned.items():
        yield from _different(fabric, Wrong.RETURNS, PortRef(switch, LOCAL), packets)


def _apart(fabric: Fabric, reached: Reached, wanted: Mapping[PortRef, Set]) -> Iterator[Difference]:
    """Yield what arrives where later switches say of a packet's conversation what they like.

    What the plan lets arrive in any state of its conversation may arrive then; what the first
    switch let on although it is forbidden may not arrive at all.
    """
    layout = fabric.layout
    nothing, phase = layout.engine.false, layout.free(["phase"])
    allowed = _allowed(fabric, wanted)
    let_on = {s: p & ~allowed for s, p in reached.first.items()}
    for port, packets in fabric.flood_on(let_on).ports.items():
        already = layout.engine.without(reached.ports.get(port, nothing), phase)
        yield from _different(fabric, Wrong.APART, port, packets & ~already)
    for port, packets in fabric.flood_on(reached.first).ports.items():
        known = reached.ports.get(port, nothing) | wanted.get(port, nothing)
        yield from _different(
            fabric, Wrong.APART, port, packets & ~layout.engine.without(known, phase)
        )


def _allowed(fabric: Fabric, wanted: Mapping[PortRef, Set]) -> Set:
    """Return every packet, as sent, that the plan lets arrive somewhere."""
    out = fabric.layout.engine.false
    for packets in wanted.values():
        out = out | packets
    return fabric.layout.engine.without(out, fabric.layout.changing)


def _different(fabric: Fabric, wrong: Wrong, at: PortRef, packets: Set) -> Iterator[Difference]:
    if packets == fabric.layout.engine.false:
        return
    chosen = packet_of(fabric, simplest(fabric, packets))
    yield Difference(wrong, at, chosen, _sources(fabric, packets))


def _sources(fabric: Fabric, packets: Set) -> tuple[PortRef, ...]:
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
