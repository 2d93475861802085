"""One flow table as predicates: which packets meet with which actions, by priority, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sekisho.errors import RefusedError
from sekisho.openflow.rules import Action, Move, Output, Rule, SetField, Track
from sekisho.proof.engine import Set
from sekisho.proof.fields import Layout


class Doing(NamedTuple):
    """What a rule does: actions, then metadata (value, mask), then the next table."""

    actions: tuple[Action, ...]
    metadata: tuple[int, int] | None
    goto: int | None


_DROP = Doing((), None, None)


@dataclass(frozen=True, slots=True)
class Group:
    """All packets of a table that meet with the same actions.

    Attributes:
        when: The packets, before anything is written.
        mask: Bits of the metadata that are written; 0 for none.
        writes: What is true of the packets once they are written, under *mask*.
        is_early: Whether they may be written before the actions, which is much faster.
    """

    actions: tuple[Action, ...]
    goto: int | None
    when: Set
    mask: int
    writes: Set
    is_early: bool


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
        """Yield groups; those that differ in the metadata they write alone become one."""
        spread: dict[tuple[tuple[Action, ...], int | None, int], list[tuple[Set, int]]] = {}
        for doing, packets in by.items():
            value, mask = doing.metadata or (0, 0)
            if mask & self._read or not all(map(_is_plain, doing.actions)):
                written = self._layout.equals("metadata", value, mask)
                yield Group(doing.actions, doing.goto, packets, mask, written, is_early=False)
                continue
            spread.setdefault((doing.actions, doing.goto, mask), []).append((packets, value))
        for (actions, goto, mask), some in spread.items():
            when, writes = self._layout.engine.false, self._layout.engine.false
            for packets, value in some:
                when = when | packets
                writes = writes | packets & self._layout.equals("metadata", value, mask)
            yield Group(actions, goto, when, mask, writes, is_early=True)


def _is_plain(action: Action) -> bool:
    """Tell whether *action* neither knows the metadata nor lets a copy go on elsewhere."""
    match action:
        case Move(source, target, _, _):
            return "metadata" not in (source, target)
        case SetField(field, _):
            return field != "metadata"
    return not isinstance(action, Track | Output)


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
