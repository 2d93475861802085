"""Addresses by number: the few that rules and plan tell apart, and enough of all the others.

A rule asks of an address whether it is one that is written down, or under a mask. Two addresses
that no rule tells apart are one to the tables, so a few of each kind stand for all: as many as
there are address fields in a packet, so that any of them may be the same or different. That is
exact, and an address of 48 or 32 bits becomes a number of 6 to 10. Where a rule cuts addresses
into pieces there are no such numbers, and every bit stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from sekisho.model import Plan
from sekisho.openflow.rules import WIDTHS, Move, Rule, SetField

MACS = ("eth_src", "eth_dst", "arp_sha", "arp_tha")
IPS = ("ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa", "reg0")
_SPARE = 4  # fields of one kind in a packet, at most

#: A value and a mask.
Under = tuple[int, int]


class Cell(NamedTuple):
    """Addresses that nothing tells apart but by name.

    Attributes:
        inside: What they are under.
        outside: What they are not under.
        spare: Those of them that stand for all that have no name.
        is_whole: Whether there are no more of them than those that have a number.
    """

    inside: Under
    outside: tuple[Under, ...]
    spare: tuple[int, ...]
    is_whole: bool

    def __contains__(self, address: object) -> bool:
        """Tell whether *address* is one of them."""
        assert isinstance(address, int)
        value, mask = self.inside
        return not (address ^ value) & mask and all((address ^ v) & m for v, m in self.outside)


@dataclass(frozen=True, slots=True)
class Domain:
    """The addresses that stand for all of one kind.

    Attributes:
        values: By number; 0 comes first.
        masked: What may be asked of an address beside what it is.
        cells: What the masks tell apart.
    """

    values: tuple[int, ...]
    masked: frozenset[Under]
    full: int
    cells: tuple[Cell, ...] = ()
    code: dict[int, int] = field(default_factory=dict)

    @property
    def bits(self) -> int:
        """How many bits a number has."""
        return max(1, (len(self.values) - 1).bit_length())

    def codes(self, value: int, mask: int) -> list[int]:
        """Return the numbers of all addresses with *value* under *mask*.

        Raises:
            KeyError: The addresses were not chosen with that in mind.
        """
        if mask & self.full == self.full:
            return [self.code[value]]
        if mask & self.full and (value & mask, mask) not in self.masked:
            raise KeyError(f"addresses were not told apart by {value:#x}/{mask:#x}")
        return [number for number, each in enumerate(self.values) if each & mask == value & mask]

    def naming(self, known: AbstractSet[int], masked: AbstractSet[Under]) -> Domain | None:
        """Return the domain with *known* among those that have a name; None where it has no room.

        A number whose address nobody has asked for is given another one of its own cell: no set
        that was made of the old ones can tell. Four of each cell stay without a name.
        """
        if not masked <= self.masked:
            return None
        values, cells = list(self.values), list(self.cells)
        for address in sorted(known):
            at = next(n for n, cell in enumerate(cells) if address in cell)
            cell = cells[at]
            if address in self.code and address not in cell.spare:
                continue  # it has one, or had one before
            if not cell.is_whole and len(cell.spare) <= _SPARE:
                return None
            gone = address if address in cell.spare else cell.spare[-1]
            values[self.code[gone]] = address
            cells[at] = cell._replace(spare=tuple(v for v in cell.spare if v != gone))
        code = {value: number for number, value in enumerate(values)}
        return Domain(tuple(values), self.masked, self.full, tuple(cells), code)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of addresses, MAC and IP.

    Attributes:
        known: Each address that has a name.
        masked: Each value under a mask.
        is_cut: Whether addresses are cut into pieces.
    """

    known: tuple[frozenset[int], frozenset[int]]
    masked: tuple[frozenset[Under], frozenset[Under]]
    is_cut: bool = False


_KINDS = (MACS, IPS)


def domains(
    plan: Plan, tables: Mapping[str, Iterable[Rule]], *, room: int = 0
) -> dict[str, Domain]:
    """Return the domain of each address field; none where a rule cuts addresses into pieces.

    Args:
        plan: The town.
        tables: By switch.
        room: How many addresses of each kind may get a name later.
    """
    once = {id(rule): rule for rules in tables.values() for rule in rules}.values()
    every = joined([asked_by(plan), asked(once)])
    if every.is_cut:
        return {}
    out: dict[str, Domain] = {}
    for fields, full, known, masked in zip(_KINDS, _FULL, every.known, every.masked, strict=True):
        out |= dict.fromkeys(fields, _domain(full, known, masked, _SPARE + room))
    return out


def named(have: Mapping[str, Domain], every: Asked) -> dict[str, Domain] | None:
    """Return the domains of *have* with everything that is asked; None where they have no room."""
    if not have:
        return {}
    out: dict[str, Domain] = {}
    for fields, known, masked in zip(_KINDS, every.known, every.masked, strict=True):
        domain = have[fields[0]].naming(known, masked)
        if domain is None or every.is_cut:
            return None
        out |= dict.fromkeys(fields, domain)
    return out


def joined(parts: Iterable[Asked]) -> Asked:
    """Return what is asked in any of *parts*."""
    some = tuple(parts)
    macs, ips = (frozenset[int]().union(*(p.known[kind] for p in some)) for kind in (0, 1))
    under, masked = (frozenset[Under]().union(*(p.masked[kind] for p in some)) for kind in (0, 1))
    return Asked((macs, ips), (under, masked), any(p.is_cut for p in some))


def asked_by(plan: Plan) -> Asked:
    """Return what the meaning of *plan* asks of addresses."""
    macs = {0, _mac(plan.router_mac), *(_mac(a.mac) for a in plan.attachments)}
    ips = {0, *(int(a.ip) for a in plan.attachments)}
    subnets = {
        (int(network.network_address), int(network.netmask))
        for zone in plan.zones
        for _, network in zone.subnets
    }
    return Asked((frozenset(macs), frozenset(ips)), (frozenset(), frozenset(subnets)))


def asked(rules: Iterable[Rule]) -> Asked:
    """Return what *rules* ask of addresses, and write into them."""
    some = tuple(rules)
    known: tuple[set[int], set[int]] = (set(), set())
    masked: tuple[set[Under], set[Under]] = (set(), set())
    for name, value, mask in _asked(some):
        kind = _KIND.get(name)
        if kind is None:
            continue
        if mask == _FULL[kind]:
            known[kind].add(value)
        else:
            masked[kind].add((value, mask))
    (macs, ips), (under, nets) = map(frozenset, known), map(frozenset, masked)
    return Asked((macs, ips), (under, nets), any(map(_cuts, some)))


_FULL = tuple((1 << WIDTHS[fields[0]]) - 1 for fields in _KINDS)
_KIND = {name: kind for kind, fields in enumerate(_KINDS) for name in fields}


def _asked(rules: Iterable[Rule]) -> Iterator[tuple[str, int, int]]:
    """Yield every field that is asked for or set to a value, with its mask."""
    for rule in rules:
        yield from rule.match
        for action in rule.actions:
            if isinstance(action, SetField):
                yield action.field, action.value, (1 << WIDTHS[action.field]) - 1


def _cuts(rule: Rule) -> bool:
    """Tell whether *rule* moves a part of an address, or an address to what is none."""
    for action in rule.actions:
        if isinstance(action, Move):
            ends = (action.source, action.target)
            kinds = [kind for kind in (MACS, IPS) if any(end in kind for end in ends)]
            for kind in kinds:
                is_whole = action.bits == WIDTHS[kind[0]] and action.source_bit == 0
                if not is_whole or any(end not in kind for end in ends):
                    return True
    return False


def _mac(text: str) -> int:
    return int(text.replace(":", ""), 16)


def _domain(
    full: int, known: AbstractSet[int], masked: AbstractSet[Under], spare: int = _SPARE
) -> Domain:
    values, cells = dict.fromkeys([0, *sorted(known)]), list[Cell]()
    for inside, outside in _cells(full, sorted(masked, key=lambda each: each[1].bit_count())):
        others = (v for v in _points(inside, outside, full) if v not in known)
        some = tuple(islice(others, spare))
        values |= dict.fromkeys(some)
        cells.append(Cell(inside, tuple(outside), some, len(some) < spare))
    ordered = tuple(values)
    code = {v: n for n, v in enumerate(ordered)}
    return Domain(ordered, frozenset(masked), full, tuple(cells), code)


def _cells(full: int, masked: list[Under]) -> list[tuple[Under, list[Under]]]:
    """Return what *masked* tell apart: each as what it is under, and what it is not under."""
    cells: list[tuple[Under, list[Under]]] = [((0, 0), [])]
    for value, mask in masked:
        new = []
        for cell in cells:
            (inside, within), outside = cell
            if (inside ^ value) & within & mask:  # none of the cell is under it
                new.append(cell)
                continue
            parts = (
                ((inside | value & mask, within | mask), outside),
                ((inside, within), [*outside, (value, mask)]),
            )
            new += [part for part in parts if next(_points(*part, full), None) is not None]
        cells = new
    return cells


def _points(inside: Under, outside: list[Under], full: int) -> Iterator[int]:
    """Yield every address under *inside* and under none of *outside*, without trying them all."""
    value, mask = inside
    near = [(v, m) for v, m in outside if not (v ^ value) & m & mask]
    if any(not m & ~mask for _, m in near):  # all of it is outside
        return
    open_bits = near[0][1] & ~mask if near else full & ~mask
    if not open_bits:
        yield value
        return
    bit = 1 << open_bits.bit_length() - 1
    for choice in (0, bit):
        yield from _points((value | choice, mask | bit), near, full)
