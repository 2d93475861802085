"""A proof that is kept: after a change, only what the change can have touched is computed again.

What a packet meets on its way decides what becomes of it. So beside every set of arrivals stands
what came to each table; where a table has become another one, the packets that meet with something
else there are followed anew, from where they enter, and what is known of all others stays. Tables
are compared by what is in them: nobody has to say what was changed, and nobody is believed.

Whatever is not as planned, or is refused, is told by a proof without any memory, which must find
the same: so an answer is always that of `sekisho.proof.verdict.prove`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sekisho.errors import RefusedError, RuleError
from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import Rule
from sekisho.proof.domains import Asked, asked, asked_by, joined, named
from sekisho.proof.engine import Set
from sekisho.proof.entries import needs
from sekisho.proof.flood import Fabric, Reached
from sekisho.proof.meaning import Meaning
from sekisho.proof.memo import Memo
from sekisho.proof.needs import Needs
from sekisho.proof.verdict import (
    Floods,
    Found,
    Proof,
    Tables,
    allowed,
    apart_at,
    beside_at,
    entries,
    prove,
    room_for,
    within,
)

#: How much larger what is remembered of rules may become before it is made anew.
_MOST_GROWTH = 4
#: After so many changes what came to each table is brought up to date, asked for or not.
_OLDEST = 32


_Key = TypeVar("_Key")
#: A switch and the number of a table.
Place = tuple[str, int]
#: What is not as it was, in one table of one switch.
Unlike = tuple[Place, Set]


class _Roomy(Fabric):
    """A fabric that other tables may be laid on."""

    room, notes = 4, True


@dataclass(frozen=True, slots=True)
class _Own:
    """What the rules of one table of one switch need of the variables."""

    rules: tuple[Rule, ...]
    needs: Needs
    asked: Asked


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where packets come to, and what came to each table, which is brought up to date when asked.

    Attributes:
        met: By switch and table, as it was once.
        rest: All packets that no change has touched since.
        more: What has come to each table of those that one did.
        age: How many changes there were.
    """

    reached: Reached
    met: Mapping[Place, Set]
    rest: Set
    more: Mapping[Place, Set]
    age: int = 0

    def at(self, place: Place, nothing: Set) -> Set:
        """Return what comes to one table of one switch."""
        return self.met.get(place, nothing) & self.rest | self.more.get(place, nothing)


@dataclass(frozen=True, slots=True)
class _State:
    """All that is remembered of the last proof.

    Attributes:
        own: What the rules of each table need.
        let_on: What reached the second switch although it may arrive nowhere.
        wanted: What must arrive, by switch.
        size: How many questions about rules the layout had answered at first.
    """

    plan: Plan
    own: dict[Place, _Own]
    fabric: Fabric
    seen: tuple[_Seen, _Seen, _Seen]
    let_on: Mapping[str, Set]
    wanted: Mapping[str, Set]
    size: int

    @property
    def floods(self) -> Floods:
        """Where packets come to, in each of three ways to take what trackers say."""
        return Floods(*(each.reached for each in self.seen))


class Kept:
    """Proves tables again and again, as one town's tables are changed.

    Attributes:
        was_short: Whether the last answer came from what is remembered.
    """

    was_short = False

    def __init__(self, engine: str = "oxidd") -> None:
        self._engine = engine
        self._memo = Memo()
        self._state: _State | None = None

    def prove(self, plan: Plan, tables: Tables) -> Proof:
        """Compare what *tables* do with what *plan* means, for all packets.

        Raises:
            RefusedError: A rule has a part that is not modelled, or the sets grow too large.
            RuleError: What is remembered and a proof without memory do not say the same.
        """
        self.was_short, told = False, None
        try:
            told = self._told(plan, tables)
        except RefusedError:
            told = None  # what is remembered stays: it is of other tables
        except MemoryError:
            self._forget()
        if told == []:
            count = sum(map(len, tables.values()))
            return Proof((), len(self._edges()), count)
        self.was_short = False
        proof = prove(plan, tables, engine=self._engine)
        said = sorted((d.wrong.value, str(d.at), d.entries) for d in proof.differences)
        if told is not None and told != said:
            self._forget()
            raise RuleError(
                f"a proof that remembers the last one tells {told}, and one without memory {said}\n"
                "  hint: a fault of the proof; please report"
            )
        return proof

    def _told(self, plan: Plan, tables: Tables) -> list[tuple[str, str, tuple[PortRef, ...]]]:
        """Return each difference by its kind, its place and where its packets enter, sorted."""
        last, own = self._state, self._own(tables)
        state = self._again(plan, tables, own, last) if last is not None else None
        self.was_short = state is not None
        if state is None:
            self._forget()
            state = self._anew(plan, tables, own)
        self._state = state
        found = list(self._found(state))
        self._memo.turn()
        return sorted((wrong.value, str(at), entries(state.fabric, p)) for wrong, at, p in found)

    def _forget(self) -> None:
        self._state, self._memo = None, Memo()

    def _edges(self) -> list[PortRef]:
        assert self._state is not None
        return self._state.fabric.sources

    def _own(self, tables: Tables) -> dict[Place, _Own]:
        """Return what each table needs; one whose rules are the same is not read again."""
        known = self._state.own if self._state is not None else {}
        out: dict[Place, _Own] = {}
        for (switch, number), rules in _by_table(tables):
            own = known.get((switch, number))
            if own is None or own.rules != rules:
                own = _Own(rules, needs({switch: rules}), asked(rules))
            out[switch, number] = own
        return out

    def _anew(self, plan: Plan, tables: Tables, own: dict[Place, _Own]) -> _State:
        """Compute everything."""
        nodes = room_for(sum(map(len, tables.values())))
        fabric = _Roomy(plan, tables, (self._engine, nodes))
        wanted = self._wanted(plan, fabric)
        whole = fabric.flood()
        let_on = self._let_on(fabric, whole, wanted)
        every = whole, fabric.flood_on(let_on), fabric.flood_on(whole.first)
        one, two, three = (_Seen(each, each.met, fabric.layout.engine.true, {}) for each in every)
        size = fabric.layout.answered
        return _State(plan, own, fabric, (one, two, three), let_on, wanted, size)

    def _again(
        self, plan: Plan, tables: Tables, own: dict[Place, _Own], last: _State
    ) -> _State | None:
        """Compute what the change can have touched; None where the variables do not serve."""
        layout = last.fabric.layout
        if _shape(plan) != _shape(last.plan) or tables.keys() != last.fabric.switches:
            return None
        if layout.answered > _MOST_GROWTH * last.size:
            return None
        domains = named(layout.domains, joined([asked_by(plan), *(o.asked for o in own.values())]))
        if domains is None or not layout.covers(_joined(o.needs for o in own.values())):
            return None
        layout.domains = domains
        fabric = last.fabric.onto(plan, tables)
        unlike = list(fabric.unlike(last.fabric))
        wanted = self._wanted(plan, fabric)
        before, forbidden, apart = last.seen
        hit = _hit(fabric, before, unlike, layout.beside_sent)
        whole = _renewed(fabric, before, fabric.flood(hit), hit)
        let_on, first = self._let_on(fabric, whole.reached, wanted), before.reached.first
        seen = (
            whole,
            _followed(fabric, forbidden, unlike, (last.let_on, let_on)),
            _followed(fabric, apart, unlike, (first, whole.reached.first)),
        )
        return _State(plan, own, fabric, seen, let_on, wanted, last.size)

    def _wanted(self, plan: Plan, fabric: Fabric) -> dict[str, Set]:
        return Meaning(plan, fabric.layout, fabric.number, self._memo).arriving()

    def _let_on(self, fabric: Fabric, whole: Reached, wanted: Mapping[str, Set]) -> dict[str, Set]:
        """Return what reached the second switch although it may arrive nowhere."""
        some = [
            self._memo.of(("allowed", each), partial(allowed, fabric, [each]))
            for each in dict.fromkeys(wanted.values())
        ]
        may = self._any(fabric, some)
        return {switch: packets & ~may for switch, packets in whole.first.items()}

    def _any(self, fabric: Fabric, some: list[Set]) -> Set:
        """Return the union of *some*, half by half: where one has changed, few halves have."""
        if not some[1:]:
            return some[0] if some else fabric.layout.engine.false
        middle = len(some) // 2
        one, two = self._any(fabric, some[:middle]), self._any(fabric, some[middle:])
        return self._memo.of(("any", one, two), lambda: one | two)

    def _found(self, state: _State) -> Iterator[Found]:
        """Yield every difference; of a port where nothing is new, what was found before."""
        fabric, floods, wanted = state.fabric, state.floods, state.wanted
        of = (floods.whole, floods.forbidden, floods.apart)
        for switch in fabric.switches:
            key = ("at", switch, wanted.get(switch), *(each.edges.get(switch) for each in of))
            make = partial(_found_at, fabric, floods, wanted, switch)
            yield from self._memo.of(key, make)
        yield from within(fabric, floods.whole)


def _by_table(tables: Tables) -> Iterator[tuple[Place, tuple[Rule, ...]]]:
    for switch, rules in tables.items():
        by: dict[int, list[Rule]] = {}
        for rule in rules:
            by.setdefault(rule.table, []).append(rule)
        for number, some in by.items():
            yield (switch, number), tuple(some)


def _shape(plan: Plan) -> tuple[object, ...]:
    """Return what the variables and the ways between switches are made from."""
    tagged = frozenset(a.at for a in plan.attachments if a.tag)
    return plan.switches, plan.links, plan.router_mac, tagged


def _joined(some: Iterable[Needs]) -> Needs:
    first, *rest = some
    for each in rest:
        first = first.with_(each)
    return first


def _found_at(
    fabric: Fabric, floods: Floods, wanted: Mapping[str, Set], switch: str
) -> tuple[Found, ...]:
    """Return every difference at the edge ports of one switch."""
    return (
        *beside_at(fabric, floods.whole, wanted, switch),
        *apart_at(fabric, floods, wanted, switch),
    )


def _hit(fabric: Fabric, seen: _Seen, unlike: Iterable[Unlike], free: Set) -> Set:
    """Return, as sent, all packets that met a table where they would meet with something else."""
    engine = fabric.layout.engine
    out = engine.false
    for place, packets in unlike:
        out = out | engine.without(seen.at(place, engine.false) & packets, free)
    return out


def _renewed(fabric: Fabric, before: _Seen, now: Reached, hit: Set) -> _Seen:
    """Return *before* with what is true *now* of the packets that are *hit*."""
    nothing, old = fabric.layout.engine.false, before.reached
    if hit == nothing:
        return before
    rest = ~hit

    def of(some: Mapping[_Key, Set], new: Mapping[_Key, Set]) -> dict[_Key, Set]:
        out: dict[_Key, Set] = {}
        for key in some.keys() | new.keys():
            packets = some.get(key, nothing) & rest | new.get(key, nothing)
            if packets != nothing:
                out[key] = packets
        return out

    reached = Reached(
        of(old.edges, now.edges),
        of(old.controller, now.controller),
        of(old.local, now.local),
        of(old.returned, now.returned),
        of(old.first, now.first),
    )
    if before.age < _OLDEST:
        more = of(before.more, now.met)
        return _Seen(reached, before.met, before.rest & rest, more, before.age + 1)
    met = {place: before.at(place, nothing) for place in before.met.keys() | before.more.keys()}
    return _Seen(reached, of(met, now.met), fabric.layout.engine.true, {})


def _followed(
    fabric: Fabric,
    before: _Seen,
    unlike: Iterable[Unlike],
    arriving: tuple[Mapping[str, Set], Mapping[str, Set]],
) -> _Seen:
    """Return where packets come to that arrived *before* and arrive now, whatever trackers say."""
    layout = fabric.layout
    nothing, (old, new) = layout.engine.false, arriving
    free = layout.beside_sent & layout.free(["phase"])
    hit = _hit(fabric, before, unlike, free)
    for switch in old.keys() | new.keys():
        one, two = (some.get(switch, nothing) for some in arriving)
        if one != two:
            hit = hit | layout.engine.without(one & ~two | two & ~one, free)
    now = fabric.flood_on({switch: packets & hit for switch, packets in new.items()})
    return _renewed(fabric, before, now, hit)
