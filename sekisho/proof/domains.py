"""Addresses by number: the few that rules and plan tell apart, and enough of all the others.

A rule asks of an address whether it is one that is written down, or under a mask. Two addresses
that no rule tells apart are one to the tables, so a few of each kind stand for all: as many as
there are address fields in a packet, so that any of them may be the same or different. That is
exact, and an address of 48 or 32 bits becomes a number of 6 to 10. Where a rule cuts addresses
into pieces there are no such numbers, and every bit stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sekisho.model import Plan
from sekisho.openflow.rules import WIDTHS, Move, Rule, SetField

MACS = ("eth_src", "eth_dst", "arp_sha", "arp_tha")
IPS = ("ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa", "reg0")
_SPARE = 4  # fields of one kind in a packet, at most

#: A value and a mask.
Under = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Domain:
    """The addresses that stand for all of one kind.

    Attributes:
        values: By number; 0 comes first.
        masked: What may be asked of an address beside what it is.
    """

    values: tuple[int, ...]
    masked: frozenset[Under]
    full: int
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


def domains(plan: Plan, tables: Mapping[str, Iterable[Rule]]) -> dict[str, Domain]:
    """Return the domain of each address field; none where a rule cuts addresses into pieces."""
    once = {id(rule): rule for rules in tables.values() for rule in rules}.values()
    if any(map(_cuts, once)):
        return {}
    macs, ips = {0, _mac(plan.router_mac)}, {0}
    subnets: set[Under] = set()
    for a in plan.attachments:
        macs.add(_mac(a.mac))
        ips.add(int(a.ip))
    for zone in plan.zones:
        for _, network in zone.subnets:
            subnets.add((int(network.network_address), int(network.netmask)))
    out: dict[str, Domain] = {}
    for fields, known, masked in ((MACS, macs, set[Under]()), (IPS, ips, subnets)):
        for name, value, mask in _asked(once):
            if name in fields:
                if mask == _full(fields):
                    known.add(value)
                else:
                    masked.add((value, mask))
        out |= dict.fromkeys(fields, _domain(_full(fields), known, masked))
    return out


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


def _full(fields: tuple[str, ...]) -> int:
    return (1 << WIDTHS[fields[0]]) - 1


def _mac(text: str) -> int:
    return int(text.replace(":", ""), 16)


def _domain(full: int, known: set[int], masked: set[Under]) -> Domain:
    values = dict.fromkeys([0, *sorted(known)])
    for inside, outside in _cells(full, sorted(masked, key=lambda each: each[1].bit_count())):
        others = (v for v in _points(inside, outside, full) if v not in known)
        values |= dict.fromkeys(islice(others, _SPARE))
    ordered = tuple(values)
    return Domain(ordered, frozenset(masked), full, {v: n for n, v in enumerate(ordered)})


def _cells(full: int, masked: list[Under]) -> list[tuple[Under, list[Under]]]:
    """Return what *masked* tell apart: each as what it is under, and what it is not under."""
    cells: list[tuple[Under, list[Under]]] = [((0, 0), [])]
    for value, mask in masked:
        new = []
        for (inside, within), outside in cells:
            if not (inside ^ value) & within & mask:
                new.append(((inside | value & mask, within | mask), outside))
            new.append(((inside, within), [*outside, (value, mask)]))
        cells = [cell for cell in new if next(_points(*cell, full), None) is not None]
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
