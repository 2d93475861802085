"""Seeded faults that need more than one rule, or the plan: parts left out, people taken for others.

Pure. A mistake in a plan's permissions is compiled for every switch, as a town would get it; a
mistake at a port is put into the one switch that has the port.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from sekisho.compiler.tables import compile_town
from sekisho.model import Allow, Attachment, Plan
from sekisho.model.terms import resting
from sekisho.mutation.table_faults import Edit, Fault, Tables
from sekisho.openflow.pipeline import SOURCE_MASK, Numbers, Table
from sekisho.openflow.rules import LOCAL, Cookie, Kind, Output, Rule, match
from sekisho.packet.packet import ETH_IPV4

_OF_A_PERMISSION = frozenset(kind for kind in Kind if kind.is_of_permission)
_COMPILED = 12  # mistakes in permissions that are compiled, at most: each is a whole town

Family = Callable[[Plan, Tables], Iterator[Fault]]


def plan_faults(plan: Plan, tables: Tables, *, seed: int, each: int) -> list[Fault]:
    """Return at most *each* faults of every kind, drawn by *seed*."""
    chance = random.Random(seed)
    out: list[Fault] = []
    for family in FAMILIES:
        pool = list(family(plan, tables))
        out += chance.sample(pool, min(each, len(pool)))
    return out


def _cookie(rule: Rule) -> Cookie:
    parsed = Cookie.parse(rule.cookie)
    assert parsed is not None, "compiled rules have names of ours"
    return parsed


def _by_clause(rules: tuple[Rule, ...], kinds: frozenset[Kind]) -> dict[int, list[Rule]]:
    """Return those of *rules* that are of *kinds*, by the number of their clause."""
    out: dict[int, list[Rule]] = {}
    for rule in rules:
        cookie = _cookie(rule)
        if cookie.kind in kinds:
            out.setdefault(cookie.a, []).append(rule)
    return out


def _gone(switch: str, rules: list[Rule]) -> tuple[Edit, ...]:
    return tuple(Edit(switch, rule, None) for rule in rules)


def omitted_switch(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Forget a clause, or the drops of all cells, on one switch."""
    for switch, rules in tables.items():
        own = _by_clause(rules, _OF_A_PERMISSION)
        for number, clause in enumerate(plan.clauses, 1):
            if number in own:
                words = f"{clause.id} is forgotten on one switch"
                yield Fault(("M-12",), words, _gone(switch, own[number]))
        cells = [r for r in rules if _cookie(r).kind is Kind.DROP_CELL]
        yield Fault(("M-12",), "all cells are forgotten on one switch", _gone(switch, cells))


def omitted_site(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Forget a clause on all the switches of a site."""
    own = {switch: _by_clause(rules, _OF_A_PERMISSION) for switch, rules in tables.items()}
    for site in plan.sites:
        here = [s.id for s in plan.switches if s.site == site.id]
        for number, clause in enumerate(plan.clauses, 1):
            edits = tuple(
                Edit(switch, rule, None) for switch in here for rule in own[switch].get(number, [])
            )
            if edits:
                yield Fault(("M-12",), f"{clause.id} is forgotten at {site.id}", edits)


def omitted_family(_plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Forget IPv6 at a switch: its own rule is gone, or it is let on."""
    for switch, rules in tables.items():
        ipv6 = [r for r in rules if _cookie(r).kind is Kind.DROP_IPV6]
        if ipv6:
            yield Fault(("M-13", "M07"), "IPv6 has no rule", _gone(switch, ipv6))
            on = tuple(Edit(switch, r, replace(r, goto=Table.ROUTER)) for r in ipv6)
            yield Fault(("M-13", "M07"), "IPv6 is let on", on)


def omitted_direction(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Forget the replies of a clause on one switch."""
    for switch, rules in tables.items():
        own = _by_clause(rules, frozenset({Kind.REPLY}))
        for number, clause in enumerate(plan.clauses, 1):
            if number in own:
                words = f"{clause.id} has no replies"
                yield Fault(("M-11",), words, _gone(switch, own[number]))


def wrong_port(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Put a port into another zone: its terminal is taken for one of another class."""
    numbers = Numbers(plan)
    pairs = sorted({numbers.pair(a) for a in plan.attachments})
    for own in plan.attachments:
        rule = _admits(tables, own, numbers)
        for pair in pairs:
            if rule is not None and pair != numbers.pair(own):
                wrong = replace(rule, metadata=(numbers.as_source(pair), SOURCE_MASK))
                row = plan.sources[pair[0] - 1].id
                words = f"{own.id} is taken for one of {row}"
                yield Fault(("M-34", "M01"), words, (Edit(own.at.switch, rule, wrong),))


def _admits(tables: Tables, own: Attachment, numbers: Numbers) -> Rule | None:
    name = int(Cookie(Kind.ADMIT, own.at.port, numbers.attachment[own.id]))
    return next((r for r in tables[own.at.switch] if r.cookie == name), None)


def second_holder(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Admit an address at a second port: the same MAC and IP address, or the IP address alone."""
    numbers = Numbers(plan)
    for own in plan.attachments:
        rule = _admits(tables, own, numbers)
        for other in plan.attachments:
            if rule is None or other.at.switch != own.at.switch or other.at == own.at:
                continue
            full = match(in_port=other.at.port)[0]
            fields = tuple(full if f[0] == "in_port" else f for f in rule.match)
            name = int(Cookie(Kind.ADMIT, other.at.port, numbers.attachment[own.id]))
            twice = replace(rule, match=fields, cookie=name)
            words = f"{own.id} is let in at {other.at} too"
            yield Fault(("M19",), words, (Edit(own.at.switch, None, twice),))
            mac = match(eth_src=int(other.mac.replace(":", ""), 16))[0]
            same = replace(twice, match=tuple(mac if f[0] == "eth_src" else f for f in fields))
            words = f"{other.id} may use the address of {own.id}"
            yield Fault(("M14",), words, (Edit(own.at.switch, None, same),))


def open_management(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Let an address of a segment lead to the switch itself, where its management listens."""
    for switch in tables:
        here = {plan.subnet(a) for a in plan.attachments if a.at.switch == switch}
        if here:
            asked = {int(plan.subnet(a)[-2]) for a in plan.attachments}
            for address in sorted(asked):
                local = Rule(
                    Table.DESTINATION,
                    200,
                    match(eth_type=ETH_IPV4, ipv4_dst=address),
                    int(Cookie(Kind.DROP_DESTINATION)),
                    (Output(LOCAL),),
                )
                words = "an address leads to the switch's own port"
                yield Fault(("M-35", "M17"), words, (Edit(switch, None, local),))


def extra_member(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Put one class too many into the group that a clause names."""
    done = 0
    for position, clause in enumerate(plan.clauses):
        for allow in clause.allows:
            for row in plan.sources:
                users = [a for a in plan.attachments if a.source == row.id and a.registered]
                if row.id in allow.sources or not users or done >= _COMPILED:
                    continue
                done += 1
                wide = replace(allow, sources=(*allow.sources, row.id), only_from=())
                words = f"{clause.id} is given to {row.id} too"
                yield from _compiled(plan, tables, (position, wide), ("M15",), words)


def server_speaks(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Let a class that only answers, such as printers, open conversations."""
    asking = {row for clause in plan.clauses for allow in clause.allows for row in allow.sources}
    silent = [a for a in plan.attachments if a.registered and a.source not in asking and a.services]
    rows = sorted({a.source for a in silent}, key=lambda row: not _prints(plan, row))
    directions = [(n, c, c.allows[0]) for n, c in enumerate(plan.clauses) if c.allows]
    for position, clause, allow in directions:
        for row in rows[:1]:
            if not _has_others(plan, row, allow.destination):
                continue
            wide = replace(allow, sources=(row,), only_from=())
            words = f"{row}, which only answers, may open what {clause.id} allows"
            yield from _compiled(plan, tables, (position, wide), ("M-33",), words)


def outlived(plan: Plan, tables: Tables) -> Iterator[Fault]:
    """Let a rule permit on whose time is over."""
    whole, rest = {c.id: c for c in plan.origin.clauses}, resting(plan)
    for position, clause in enumerate(plan.clauses):
        for allow in whole[clause.id].allows if clause in rest else ():
            words = f"{clause.id} permits on, and its time is over"
            yield from _compiled(plan, tables, (position, allow), ("M05",), words)


def _has_others(plan: Plan, row: str, column: str) -> bool:
    """Whether anybody of the class *column* is not a device of the row itself."""
    own = {a.device for a in plan.attachments if a.source == row}
    return any(a.destination == column and a.device not in own for a in plan.attachments)


def _prints(plan: Plan, row: str) -> bool:
    own = [a for a in plan.attachments if a.source == row]
    return any(plan.service[name].kind == "print" for a in own for name in a.services)


def _compiled(
    plan: Plan, tables: Tables, more: tuple[int, Allow], ids: tuple[str, ...], words: str
) -> Iterator[Fault]:
    """The plan with one more permission in a clause, in every switch that it changes."""
    position, allow = more
    clause = plan.clauses[position]
    wrong = replace(clause, allows=(*clause.allows, allow))
    clauses = (*plan.clauses[:position], wrong, *plan.clauses[position + 1 :])
    changed = compile_town(replace(plan, clauses=clauses))
    edits = tuple(
        Edit(switch, None, rule)
        for switch, rules in changed.items()
        for rule in sorted(set(rules) - set(tables[switch]), key=lambda r: r.key)
    )
    if edits:
        yield Fault(ids, words, edits)


FAMILIES: tuple[Family, ...] = (
    omitted_switch,
    omitted_site,
    omitted_family,
    omitted_direction,
    wrong_port,
    second_holder,
    open_management,
    extra_member,
    server_speaks,
    outlived,
)
