"""Seeded faults: small wrongs in a town's tables, generated from the tables themselves.

Pure: takes compiled rules and gives faults as rules to remove and rules to add. Operators follow
the mutation-testing literature for access control (Martin and Xie, WWW 2007; Hwang, Xie, Chen and
Liu, TNSM 9(1), 2012): effects, conditions, targets, order, and whole parts left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from sekisho.pipeline import Table
from sekisho.rules import WIDTHS, Cookie, Kind, Match, Rule, Track

#: What a POLICY rule leads to: a dropping rule with its effect flipped goes on there.
_NEXT = {
    Table.ADMISSION: Table.ROUTER,
    Table.ROUTER: Table.DESTINATION,
    Table.DESTINATION: Table.STATE,
    Table.STATE: Table.POLICY,
    Table.POLICY: Table.FORWARDING,
}
_PORTS = ("tcp_dst", "udp_dst", "tcp_src", "udp_src")


@dataclass(frozen=True, slots=True)
class Fault:
    """One small wrong in the tables of one switch.

    Attributes:
        operator: Id of the mutation operator, e.g. ``M-01``.
        switch: Where it is planted.
        words: What was done, in a few words.
        remove: The rule that goes, or None.
        add: The rule that comes, or None.
    """

    operator: str
    switch: str
    words: str
    remove: Rule | None
    add: Rule | None

    @property
    def rule(self) -> Rule:
        """The rule that the fault is about: the one that goes, else the one that comes."""
        rule = self.remove or self.add
        assert rule is not None
        return rule

    def applied(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return the switch's rules with the fault in them."""
        kept = [r for r in rules if self.remove is None or r.key != self.remove.key]
        if self.add is not None:
            kept = [r for r in kept if r.key != self.add.key] + [self.add]
        return tuple(sorted(kept, key=lambda r: r.key))


Operator = Callable[[Rule], Iterator[tuple[str, Rule | None, Rule | None]]]


def _without(match: Match, *names: str) -> Match:
    return tuple(field for field in match if field[0] not in names)


def _kind(rule: Rule) -> Kind | None:
    parsed = Cookie.parse(rule.cookie)
    return parsed.kind if parsed else None


def delete_drop(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-01: a rule that drops is gone."""
    if rule.drops and rule.priority:
        yield "a dropping rule is deleted", rule, None


def delete_permission(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-02: a rule that lets on is gone."""
    if not rule.drops:
        yield "a permitting rule is deleted", rule, None


def flip_effect(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-03: drop becomes permit, permit becomes drop."""
    if rule.drops and rule.table in _NEXT:
        yield "a drop lets on", rule, replace(rule, goto=_NEXT[Table(rule.table)])
    elif not rule.drops:
        yield "a permission drops", rule, replace(rule, actions=(), metadata=None, goto=None)


def swap_order(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-04: a rule stands below what it should stand above."""
    if rule.priority >= 100:
        yield "a rule's priority is 1", rule, replace(rule, priority=1)


def open_miss(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-05: what matches nothing goes on instead of dying."""
    if rule.drops and not rule.priority and rule.table in _NEXT:
        yield "a table miss goes on", rule, replace(rule, goto=_NEXT[Table(rule.table)])


def forget_port(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-06: the port is no longer asked."""
    if any(name == "in_port" for name, _, _ in rule.match) and rule.priority >= 200:
        yield "in_port is not asked", rule, replace(rule, match=_without(rule.match, "in_port"))


def forget_type(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-07: the protocol is no longer asked (nor what requires it)."""
    names = {name for name, _, _ in rule.match}
    if "ip_proto" in names and not rule.drops:
        match = _without(rule.match, "ip_proto", "tcp_flags_nxm", *_PORTS)
        yield "protocol and port are not asked", rule, replace(rule, match=match)


def flip_bit(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-09: one bit of an address, a port number or a tag is wrong."""
    for position, (name, value, mask) in enumerate(rule.match):
        if name not in ("ipv4_src", "ipv4_dst", "eth_src", "vlan_vid", "arp_spa", *_PORTS):
            continue
        if mask != (1 << WIDTHS[name]) - 1:
            continue
        fields = (*rule.match[:position], (name, value ^ 1, mask), *rule.match[position + 1 :])
        yield f"the lowest bit of {name} is flipped", rule, replace(rule, match=fields)


def widen_range(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-10: a port range reaches one bit too far."""
    for position, (name, value, mask) in enumerate(rule.match):
        if name in _PORTS and not rule.drops:
            wide = mask & (mask << 1) & 0xFFFF
            fields = (
                *rule.match[:position],
                (name, value & wide, wide),
                *rule.match[position + 1 :],
            )
            yield (
                f"{name} is twice as wide",
                None,
                replace(rule, match=fields, priority=rule.priority + 1),
            )


def omit_direction(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-11: the replies of a permission are forgotten."""
    if _kind(rule) is Kind.REPLY:
        yield "replies are forgotten", rule, None


def loose_state(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-28: the state of the conversation is no longer asked."""
    if _kind(rule) is Kind.REPLY:
        yield "replies need no request", rule, replace(rule, match=_without(rule.match, "ct_state"))
    if any(name == "tcp_flags_nxm" for name, _, _ in rule.match):
        match = _without(rule.match, "tcp_flags_nxm")
        yield "any segment opens a conversation", rule, replace(rule, match=match)


def wrong_class(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-19, M-34: somebody is taken for another class."""
    if rule.metadata is not None and rule.table == Table.ADMISSION:
        value, mask = rule.metadata
        yield (
            "the sender's class is the next one",
            rule,
            replace(rule, metadata=((value & ~0xFF | (value & 0xFF) + 1) & mask, mask)),
        )


def swap_cookie(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-39: the right effect under the wrong name."""
    if _kind(rule) is Kind.DROP_CELL:
        yield (
            "a cell's drop bears another's name",
            rule,
            replace(rule, cookie=rule.cookie ^ 1 << 16),
        )


def wrong_zone(rule: Rule) -> Iterator[tuple[str, Rule | None, Rule | None]]:
    """M-28: conversations are remembered where they are not looked up."""
    if _kind(rule) is Kind.OPEN:
        actions = tuple(
            replace(a, zone=a.zone + 1000) if isinstance(a, Track) else a for a in rule.actions
        )
        yield "a conversation is remembered in another zone", rule, replace(rule, actions=actions)


OPERATORS: dict[str, tuple[Operator, ...]] = {
    "M-01": (delete_drop,),
    "M-02": (delete_permission,),
    "M-03": (flip_effect,),
    "M-04": (swap_order,),
    "M-05": (open_miss,),
    "M-06": (forget_port,),
    "M-07": (forget_type,),
    "M-09": (flip_bit,),
    "M-10": (widen_range,),
    "M-11": (omit_direction,),
    "M-19": (wrong_class,),
    "M-28": (loose_state, wrong_zone),
    "M-39": (swap_cookie,),
}


def table_faults(rules: Mapping[str, tuple[Rule, ...]], *, seed: int, count: int) -> list[Fault]:
    """Return *count* different faults, the operators taking turns, drawn by *seed*.

    All the rules of all switches are candidates; the same rules, seed and count give the same
    faults. Fewer come back only when there are not as many.
    """
    chance = random.Random(seed)
    pools = {name: list(_all(rules, name)) for name in OPERATORS}
    for pool in pools.values():
        chance.shuffle(pool)
    out: list[Fault] = []
    while len(out) < count and any(pools.values()):
        for pool in pools.values():
            if pool and len(out) < count:
                out.append(pool.pop())
    return out


def _all(rules: Mapping[str, tuple[Rule, ...]], name: str) -> Iterator[Fault]:
    for switch in sorted(rules):
        for rule in rules[switch]:
            for operator in OPERATORS[name]:
                for words, remove, add in operator(rule):
                    yield Fault(name, switch, words, remove, add)
