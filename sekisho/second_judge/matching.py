"""The rules of one table, level by level: which packets meet with what is done.

Rules of one priority that match one packet must do the same, for OpenFlow leaves open which of
them is met; so each level is a plain "or", and no rule is compared with the other rules of its
level.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sekisho.errors import RefusedError
from sekisho.openflow.rules import Action, Match, Rule
from sekisho.packet.packet import ETH_ARP, ETH_IPV4
from sekisho.second_judge.packets import (
    ARP_FIELDS,
    ICMP,
    IP_FIELDS,
    TCP,
    UDP,
    WIDTH,
    Now,
)
from sekisho.second_judge.terms import Truth, both, every, is_value, no, some

_PORTS = {
    "tcp_src": ("tp_src", TCP), "tcp_dst": ("tp_dst", TCP), "tcp_flags_nxm": ("tcp_flags_nxm", TCP),
    "udp_src": ("tp_src", UDP), "udp_dst": ("tp_dst", UDP), "icmpv4_type": ("tp_src", ICMP),
}  # fmt: skip
_TRACKED, _PHASE = 0x20, 0x1F  # ovs-fields(7), "ct_state"

#: A field under a mask, by name: value and mask.
Asked = dict[str, tuple[int, int]]


class Doing(NamedTuple):
    """What a rule does."""

    actions: tuple[Action, ...]
    metadata: tuple[int, int] | None
    goto: int | None


@dataclass(frozen=True, slots=True)
class Level:
    """The rules of one priority.

    Attributes:
        by: What they ask for, by what they do; None asks for what no packet has.
    """

    by: tuple[tuple[Doing, tuple[Asked, ...]], ...]


def field(name: str) -> str:
    """Return the name under which a field of a rule stands in a packet."""
    return _PORTS[name][0] if name in _PORTS else name


def levels(rules: Sequence[Rule], switch: str) -> tuple[Level, ...]:
    """Return the rules of one table by priority, the highest first.

    Raises:
        RefusedError: Two of one priority match the same packet and do different things.
    """
    out = []
    ordered = sorted(rules, key=lambda rule: -rule.priority)
    for priority, own in groupby(ordered, key=lambda rule: rule.priority):
        by: dict[Doing, list[Asked]] = {}
        for rule in own:
            asked = _asked(rule.match)
            if asked is not None:
                by.setdefault(Doing(rule.actions, rule.metadata, rule.goto), []).append(asked)
        if _overlap(by):
            raise RefusedError(
                f"{switch}: table {rules[0].table}, priority {priority}: two rules match the same "
                "packets and do different things\n"
                "  hint: OpenFlow does not say which of them is met; give them priorities"
            )
        out.append(Level(tuple((doing, tuple(each)) for doing, each in by.items())))
    return tuple(out)


def met(table: Iterable[Level], now: Now) -> Iterator[tuple[Doing, Truth]]:
    """Yield everything that is done in a table, with the packets it is done to."""
    known: dict[tuple[str, int, int], Truth] = {}
    found: dict[Doing, list[Truth]] = {}
    left: Truth = True
    for level in table:
        here = []
        for doing, some_asked in level.by:
            truth = some(_holds(asked, now, known) for asked in some_asked)
            here.append(truth)
            found.setdefault(doing, []).append(both(left, truth))
        left = both(left, no(some(here)))
    for doing, truths in found.items():
        truth = some(truths)
        if truth is not False:
            yield doing, truth


def _holds(asked: Asked, now: Now, known: dict[tuple[str, int, int], Truth]) -> Truth:
    """Return whether a packet is what a rule asks for."""
    parts = []
    for name, (value, mask) in asked.items():
        key = name, value, mask
        if key not in known:
            known[key] = _is(name, value, mask, now)
        if known[key] is False:
            return False
        parts.append(known[key])
    return every(parts)


def _is(name: str, value: int, mask: int, now: Now) -> Truth:
    if name in ("tracked", "hidden"):
        return now[name] if value else no(now[name])
    if name == "phase":  # of a packet that was not looked up, every bit of it is 0
        said = is_value(now["phase"], value, mask, WIDTH["phase"])
        return both(now["tracked"], said) if value else some((no(now["tracked"]), said))
    return is_value(now[name], value, mask, WIDTH[name])


def _asked(match: Match) -> Asked | None:
    """Return what *match* asks for, with what OpenFlow asks for beside it; None: no packet."""
    out: Asked = {}
    for name, value, mask in match:
        parts: list[tuple[str, int, int]] = [(field(name), value, mask)]
        if name == "ct_state":
            if value >> 6:  # translated addresses: no action of ours brings them about
                return None
            parts = [("phase", value & _PHASE, mask & _PHASE)]
            parts.append(("tracked", value >> 5 & 1, mask >> 5 & 1))
        if name in _PORTS:
            parts.append(("ip_proto", _PORTS[name][1], 0xFF))
        if name in _PORTS or name in IP_FIELDS:
            parts.append(("eth_type", ETH_IPV4, 0xFFFF))
        if name in ARP_FIELDS:
            parts.append(("eth_type", ETH_ARP, 0xFFFF))
        if any(part == "eth_type" for part, _, _ in parts):
            parts.append(("hidden", 0, 1))
        for part, wanted, under in parts:
            if not _add(out, part, wanted, under):
                return None
    return out


def _add(to: Asked, name: str, value: int, mask: int) -> bool:
    """Ask for one part more; tell whether it goes together with the others."""
    if not mask:
        return True
    before, under = to.get(name, (0, 0))
    to[name] = before | value, under | mask
    is_fit = not (before ^ value) & under & mask
    if name == "phase" and value:  # only what was looked up has a state
        return is_fit and _add(to, "tracked", 1, 1)
    return is_fit


def _overlap(by: dict[Doing, list[Asked]]) -> bool:
    """Tell whether two rules that do different things match one packet.

    Rules that ask for the same bits are one group; two groups are compared by the bits that both
    ask for, so that no rule is compared with every other one.
    """
    if len(by) < 2:
        return False
    groups: dict[tuple[tuple[str, int], ...], list[tuple[Doing, Asked]]] = {}
    for doing, each in by.items():
        for asked in each:
            key = tuple(sorted((name, mask) for name, (_, mask) in asked.items()))
            groups.setdefault(key, []).append((doing, asked))
    keys = list(groups)
    return any(
        _meet(groups[one], groups[other], _common(one, other))
        for number, one in enumerate(keys)
        for other in keys[number:]
    )


def _common(one: tuple[tuple[str, int], ...], other: tuple[tuple[str, int], ...]) -> Asked:
    masks = dict(other)
    return {name: (0, mask & masks[name]) for name, mask in one if mask & masks.get(name, 0)}


def _meet(one: list[tuple[Doing, Asked]], other: list[tuple[Doing, Asked]], common: Asked) -> bool:
    """Tell whether a rule of each, which do different things, ask for the same *common* bits."""

    def seen(asked: Asked) -> tuple[int, ...]:
        return tuple(asked[name][0] & mask for name, (_, mask) in common.items())

    by: dict[tuple[int, ...], set[Doing]] = {}
    for doing, asked in one:
        by.setdefault(seen(asked), set()).add(doing)
    return any(by.get(seen(asked), set()) - {doing} for doing, asked in other)
