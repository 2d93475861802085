"""One flow table as predicates: which packets meet with which actions, by priority, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sekisho.errors import RefusedError
from sekisho.openflow.rules import Action, Output, Rule, SetField
from sekisho.proof.engine import Set, union
from sekisho.proof.fields import Layout, slot
from sekisho.proof.ways import Doing, Way, way_of

_DROP = Doing((), None, None)


class Written(NamedTuple):
    """Values that a group writes, of each packet its own.

    Attributes:
        free: The cube of what is written over.
        by: What is true of the packets once they are written.
    """

    free: Set
    by: Set


@dataclass(frozen=True, slots=True)
class Group:
    """All packets of a table that meet with the same actions, but for the values they write.

    Attributes:
        when: The packets, before anything is written.
        before: Actions before *written*.
        after: Those behind it.
        leaves: Whether they leave at last, by the port that is written too.
    """

    when: Set
    before: tuple[Action, ...]
    written: Written | None
    after: tuple[Action, ...]
    goto: int | None
    leaves: bool = False


class _Folded(NamedTuple):
    """Rules taken together: packets by what is done, and all packets that meet any."""

    by: dict[Doing, Set]
    all: Set


class Table:
    """One table, ready to be asked.

    Args:
        layout: The variables.
        rules: Of this table alone.
        switch: Whose table, for what is refused.
    """

    def __init__(self, layout: Layout, rules: Sequence[Rule], switch: str) -> None:
        self._layout, self._switch = layout, switch
        self.reads_state = any(name == "ct_state" for r in rules for name, _, _ in r.match)
        self._read = 0
        for rule in rules:
            self._read |= next((mask for name, _, mask in rule.match if name == "metadata"), 0)
        self._asked = {"eth_type", "ip_proto", *(slot(n) for r in rules for n, _, _ in r.match)}
        folded = self._folded(sorted(rules, key=lambda rule: -rule.priority))
        folded.by.pop(_DROP, None)
        self._by = folded.by
        self._tree = _tree(layout, list(self._groups(folded.by)))

    def split(self, packets: Set) -> Iterator[tuple[Group, Set]]:
        """Yield what becomes of *packets*, group by group; who drops is not said."""
        if self._tree is not None:
            yield from self._tree.split(self._layout.engine.false, packets)

    def unlike(self, other: Table | None) -> Set:
        """Return all packets that do not meet with the same in *other*; None is no table."""
        nothing = self._layout.engine.false
        out, before = nothing, (other._by if other is not None else {})
        if self.reads_state and not (other is not None and other.reads_state):
            return self._layout.engine.true  # what is refused of any packet depends on it
        for doing in self._by.keys() | before.keys():
            one: Set = self._by.get(doing, nothing)
            two: Set = before.get(doing, nothing)
            if one != two:
                out = out | one & ~two | two & ~one
        return out

    def _folded(self, rules: Sequence[Rule]) -> _Folded:
        levels = [self._level(list(same)) for _, same in groupby(rules, key=lambda r: r.priority)]
        return self._joined(levels)

    def _joined(self, parts: Sequence[_Folded]) -> _Folded:
        """Take parts together, the first before all others."""
        if not parts:
            return _Folded({}, self._layout.engine.false)
        if len(parts) == 1:
            return parts[0]
        middle = len(parts) // 2
        high, low = self._joined(parts[:middle]), self._joined(parts[middle:])
        out = dict(high.by)
        for doing, packets in low.by.items():
            rest = packets & ~high.all
            out[doing] = out[doing] | rest if doing in out else rest
        return _Folded(out, high.all | low.all)

    def _level(self, rules: Sequence[Rule]) -> _Folded:
        """Take rules of one priority together; OpenFlow leaves open which of two is met."""
        if len(rules) == 1:
            (rule,) = rules
            packets = self._layout.matching(rule.match)
            return _Folded({Doing(rule.actions, rule.metadata, rule.goto): packets}, packets)
        middle = len(rules) // 2
        one, other = self._level(rules[:middle]), self._level(rules[middle:])
        if one.all & other.all != self._layout.engine.false:
            self._refuse_overlap(one, other, rules[0])
        out = dict(one.by)
        for doing, packets in other.by.items():
            out[doing] = out[doing] | packets if doing in out else packets
        return _Folded(out, one.all | other.all)

    def _refuse_overlap(self, one: _Folded, other: _Folded, rule: Rule) -> None:
        for a, those in one.by.items():
            for b, these in other.by.items():
                if a != b and those & these != self._layout.engine.false:
                    raise RefusedError(
                        f"{self._switch}: table {rule.table}, priority {rule.priority}: two rules "
                        "match the same packets and do different things\n"
                        "  hint: OpenFlow does not say which of them is met; give them priorities"
                    )

    def _groups(self, by: dict[Doing, Set]) -> Iterator[Group]:
        """Yield groups; those that do alike, each with values of its own, become one."""
        spread: dict[Way, list[tuple[Set, Doing]]] = {}
        for doing, packets in by.items():
            way = way_of(doing, self._asked, self._read)
            if way is None:
                yield self._alone(doing, packets)
            else:
                spread.setdefault(way, []).append((packets, doing))
        for way, some in spread.items():
            if way.leaves and not some[1:]:
                yield self._alone(some[0][1], some[0][0])
            else:
                yield self._together(way, some)

    def _alone(self, doing: Doing, packets: Set) -> Group:
        """Return the group of what is like nothing else."""
        value, mask = doing.metadata or (0, 0)
        free = self._layout.free(["metadata"], mask)
        written = Written(free, self._layout.equals("metadata", value, mask)) if mask else None
        return Group(packets, doing.actions, written, (), doing.goto)

    def _together(self, way: Way, some: Sequence[tuple[Set, Doing]]) -> Group:
        """Return the group of what goes the same *way*."""
        layout, written = self._layout, None
        when = union(layout.engine, [packets for packets, _ in some])
        if way.mask or way.leaves:
            by = union(layout.engine, [p & self._values(way, doing) for p, doing in some])
            free = layout.free(["metadata"], way.mask) & layout.free([*way.fields, "out_port"])
            written = Written(free, by)
        return Group(when, way.before, written, way.after, way.goto, way.leaves)

    def _values(self, way: Way, doing: Doing) -> Set:
        """Return all packets with the values that *doing* writes."""
        layout = self._layout
        if not way.leaves:
            value, mask = doing.metadata or (0, 0)
            return layout.equals("metadata", value, mask)
        out = layout.engine.true
        for action in doing.actions:
            if isinstance(action, SetField):
                out = out & layout.equals(slot(action.field), action.value)
            elif isinstance(action, Output):
                here = layout.port(action.port)
                out = out & layout.equals("out_port", here) & ~layout.equals("in_port", here)
        return out


@dataclass(frozen=True, slots=True)
class _Tree:
    """Groups in a balanced tree, so that each packet is carried down one way."""

    when: Set
    groups: tuple[Group, ...]
    halves: tuple[_Tree, ...]

    def split(self, nothing: Set, packets: Set) -> Iterator[tuple[Group, Set]]:
        here = packets & self.when
        if here == nothing:
            return
        for group in self.groups:
            yield group, here
        for half in self.halves:
            yield from half.split(nothing, here)


def _tree(layout: Layout, groups: Sequence[Group]) -> _Tree | None:
    if not groups:
        return None
    if len(groups) == 1:
        return _Tree(groups[0].when, tuple(groups), ())
    middle = len(groups) // 2
    halves = tuple(
        half for half in (_tree(layout, groups[:middle]), _tree(layout, groups[middle:])) if half
    )
    when = layout.engine.false
    for half in halves:
        when = when | half.when
    return _Tree(when, (), halves)
