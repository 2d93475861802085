"""Forwarding rules of others as sets: from every port at once, what arrives where, exactly.

A network here is a list of rules, first match first, and where each port that they send to leads.
It knows nothing of towns and plans; what it shares with the proof is the engine of its sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sekisho.proof.engine import Engine, Set, cube, engine


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: who reads it, what it matches, what it writes, where it sends.

    Attributes:
        at: The in-ports whose packets are compared with it.
        match: Value and mask of the header.
        write: Value and mask of what is written; a mask of 0 writes nothing.
        out: Out-ports; none drops.
    """

    at: tuple[str, ...]
    match: tuple[int, int]
    write: tuple[int, int]
    out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A network as its files have it.

    Attributes:
        rules: The first that matches decides.
        leads: In-ports that an out-port leads to; a packet leaves by an out-port that is not named.
        entries: In-ports that packets enter by.
        nodes: How many switches there are.
        is_one_way: Whether a packet may not leave by the port that it came in by (OpenFlow).
    """

    name: str
    rules: tuple[Rule, ...]
    leads: dict[str, tuple[str, ...]]
    entries: tuple[str, ...]
    nodes: int
    is_one_way: bool


@dataclass(frozen=True, slots=True)
class _Doing:
    """What some rules do alike."""

    write: tuple[int, int]
    out: tuple[str, ...]


_Folded = tuple[dict[_Doing, Set], Set]


class Sets:
    """All packets from all entries of *network*, followed until nothing new arrives.

    Args:
        network: The rules.
        library: Name of the engine, and how many nodes it may have.
    """

    def __init__(self, network: Network, library: tuple[str, int]) -> None:
        self.network = network
        used = 0
        for rule in network.rules:
            used |= rule.match[1] | rule.write[1]
        self._places = [n for n in reversed(range(used.bit_length())) if used >> n & 1]
        self._source_bits = max(1, (len(network.entries) - 1).bit_length())
        self._number = {place: self._source_bits + i for i, place in enumerate(self._places)}
        size = self._source_bits + len(self._places)
        self.engine: Engine = engine(library[0], size, library[1])
        self._cubes: dict[tuple[int, int], Set] = {}
        self._written: dict[int, Set] = {}
        self._senders: dict[Set, tuple[int, ...]] = {}
        self.arriving = self._flooded()

    @property
    def pairs(self) -> int:
        """How many pairs of an entry and an out-port some packet passes between."""
        return sum(len(self.senders(packets)) for packets in self.arriving.values())

    def entry(self, number: int) -> Set:
        """Return all packets of the entry with this number."""
        bits = range(self._source_bits)
        return cube(self.engine, [(bit, bool(number >> bit & 1)) for bit in bits])

    def header(self, value: int, mask: int = -1) -> Set:
        """Return all packets whose header has *value* under *mask*, as far as any rule reads it."""
        if (value & mask, mask) not in self._cubes:
            bits = [(n, bool(value >> at & 1)) for at, n in self._number.items() if mask >> at & 1]
            self._cubes[value & mask, mask] = cube(self.engine, bits)
        return self._cubes[value & mask, mask]

    def between(self, entry: int, out: str) -> Set:
        """Return the headers that arrive at *out* from the entry with this number."""
        return self.arriving.get(out, self.engine.false) & self.entry(entry)

    def picked(self, packets: Set) -> tuple[int, int]:
        """Return the entry and the header of one of *packets*; bits that do not matter are 0."""
        bits = self.engine.pick(packets)
        entry = sum(1 << bit for bit in range(self._source_bits) if bits.get(bit))
        return entry, sum(1 << place for place, n in self._number.items() if bits.get(n))

    def senders(self, packets: Set) -> tuple[int, ...]:
        """Return the numbers of all entries that some of *packets* entered by."""
        only = self.engine.without(packets, self._every_header)
        if only not in self._senders:
            self._senders[only] = tuple(self._numbers(only, self._source_bits - 1, 0))
        return self._senders[only]

    def _numbers(self, left: Set, bit: int, number: int) -> Iterator[int]:
        if left == self.engine.false:
            return
        if bit < 0:
            yield number
            return
        var = self.engine.var(bit)
        yield from self._numbers(left & ~var, bit - 1, number)
        yield from self._numbers(left & var, bit - 1, number | 1 << bit)

    @cached_property
    def _every_header(self) -> Set:
        return cube(self.engine, [(n, True) for n in self._number.values()])

    def _flooded(self) -> dict[str, Set]:
        tables = self._tables()
        nothing = self.engine.false
        fresh = {port: self.entry(number) for number, port in enumerate(self.network.entries)}
        seen = dict(fresh)
        arrived: dict[str, Set] = {}
        while fresh:
            coming: dict[str, Set] = {}
            for out, packets in self._sent(fresh, tables):
                if out not in self.network.leads:
                    arrived[out] = arrived.get(out, nothing) | packets
                for port in self.network.leads.get(out, ()):
                    coming[port] = coming.get(port, nothing) | packets
            fresh = {}
            for port, packets in coming.items():
                known: Set = seen.get(port, nothing)
                new = packets & ~known
                if new != nothing:
                    fresh[port], seen[port] = new, known | new
        return arrived

    def _sent(
        self, fresh: dict[str, Set], tables: dict[str, dict[_Doing, Set]]
    ) -> Iterator[tuple[str, Set]]:
        for port, packets in fresh.items():
            for doing, when in tables.get(port, {}).items():
                here = packets & when
                if here == self.engine.false:
                    continue
                value, mask = doing.write
                if mask:
                    here = self.engine.without(here, self._free(mask)) & self.header(value, mask)
                for out in doing.out:
                    if out != port or not self.network.is_one_way:
                        yield out, here

    def _free(self, mask: int) -> Set:
        if mask not in self._written:
            bits = [(n, True) for place, n in self._number.items() if mask >> place & 1]
            self._written[mask] = cube(self.engine, bits)
        return self._written[mask]

    def _tables(self) -> dict[str, dict[_Doing, Set]]:
        """Return what becomes of the packets of every in-port; ports with the same rules share."""
        read: dict[str, list[int]] = {}
        for number, rule in enumerate(self.network.rules):
            for port in rule.at:
                read.setdefault(port, []).append(number)
        made: dict[tuple[int, ...], dict[_Doing, Set]] = {}
        out = {}
        for port, numbers in read.items():
            key = tuple(numbers)
            if key not in made:
                rules = [self.network.rules[number] for number in numbers]
                made[key] = {d: when for d, when in self._folded(rules)[0].items() if d.out}
            out[port] = made[key]
        return out

    def _folded(self, rules: Sequence[Rule]) -> _Folded:
        """Return who meets with what, and all who meet anything; the first rules decide."""
        if len(rules) == 1:
            (rule,) = rules
            packets = self.header(*rule.match)
            return {_Doing(rule.write, rule.out): packets}, packets
        middle = len(rules) // 2
        (by, high), (lower, low) = self._folded(rules[:middle]), self._folded(rules[middle:])
        out = dict(by)
        for doing, packets in lower.items():
            rest = packets & ~high
            out[doing] = out[doing] | rest if doing in out else rest
        return out, high | low


def kept(network: Network, keeps: Callable[[Rule], bool]) -> Network:
    """Return *network* with those rules alone that are kept, in their order."""
    return replace(network, rules=tuple(rule for rule in network.rules if keeps(rule)))
