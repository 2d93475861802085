"""Which rules of a town a run has met, and why it met no others.

Pure: takes the switches' own dumps with their counters, and the plan. A rule that counted nothing
is *dead* where the plan gives the reason, and *unexplained* where it gives none: then either the
suite lacks a probe, or the table has a rule that nobody needs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.deadness import Reasons
from sekisho.dumps import FlowLine
from sekisho.model import Plan
from sekisho.rules import Cookie

Tables = Mapping[str, list[FlowLine]]
_NO_FIELDS = frozenset({"priority"})
_SHOWN = 200  # unexplained rules listed


@dataclass(frozen=True, slots=True)
class Unmet:
    """A rule that counted nothing though nothing says that it cannot be met."""

    switch: str
    table: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a run has met of a town's rules.

    Attributes:
        rules: How many there are.
        hit: How many counted a packet.
        dead: How many did not, by the reason why they cannot.
        unexplained: Those left over (the first of them), and
        unmet: how many there are of those.
        fields: How many conditions the rules that were hit have, all together, and
        both: how many of them were seen false too: a packet came to the table with another value.
        one_sided: Conditions that were never false, by table and field.
    """

    rules: int
    hit: int
    dead: dict[str, int]
    unmet: int
    unexplained: tuple[Unmet, ...]
    fields: int
    both: int
    one_sided: dict[str, int]


def cover(plan: Plan, tables: Tables) -> Coverage:
    """Say what was met of *tables*."""
    reasons, dead, unmet = Reasons(plan), Counter[str](), list[Unmet]()
    hit = 0
    for switch, lines in sorted(tables.items()):
        for line in lines:
            if line.packets:
                hit += 1
            elif why := reasons.why(switch, line):
                dead[why] += 1
            else:
                unmet.append(Unmet(switch, line.table, _name(line.cookie), line.text))
    total, both, one_sided = _conditions(tables)
    return Coverage(
        rules=sum(map(len, tables.values())),
        hit=hit,
        dead=dict(dead.most_common()),
        unmet=len(unmet),
        unexplained=tuple(unmet[:_SHOWN]),
        fields=total,
        both=both,
        one_sided=one_sided,
    )


def _name(cookie: int) -> str:
    parsed = Cookie.parse(cookie)
    if parsed is None:
        return f"a stranger's rule {cookie:#x}"
    parts = (str(n) for n in (parsed.a, parsed.b, parsed.c) if n)
    return " ".join((parsed.kind.name, *parts))


def _conditions(tables: Tables) -> tuple[int, int, dict[str, int]]:
    """Count the conditions of the rules that were hit, and those that were seen false too.

    A condition was seen false where another rule of the same table was hit whose value in the
    same field excludes it: that packet came here and was something else.
    """
    total = both = 0
    one_sided = Counter[str]()
    for lines in tables.values():
        by_table: dict[int, list[dict[str, str]]] = defaultdict(list)
        for line in lines:
            if line.packets:
                by_table[line.table].append(conditions(line.text))
        for table, rules in by_table.items():
            values: dict[str, set[str]] = defaultdict(set)
            for rule in rules:
                for name, value in rule.items():
                    values[name].add(value)
            for rule in rules:
                for name, value in rule.items():
                    total += 1
                    if len(values[name]) > 1 and any(
                        excludes(value, other) for other in values[name] if other != value
                    ):
                        both += 1
                    else:
                        one_sided[f"table {table} {name}"] += 1
    return total, both, dict(sorted(one_sided.items()))


_PROTOCOLS = {"ip": "ip", "tcp": "ip tcp", "udp": "ip udp", "arp": "arp", "ipv6": "ipv6"}


def conditions(text: str) -> dict[str, str]:
    """Return the match of a dumped flow: field to value, its protocol under ``protocol``."""
    out: dict[str, str] = {}
    for part in text.split(" actions=")[0].split(","):
        name, is_field, value = part.partition("=")
        if name in _NO_FIELDS or not name:
            continue
        if is_field:
            out[name] = value
        else:
            out["protocol"] = _PROTOCOLS.get(name, name)
    return out


def excludes(one: str, other: str) -> bool:
    """Tell whether no packet can have both values; where that is not plain, say no."""
    if "/" not in one and "/" not in other:
        return (
            not (one.startswith(other) or other.startswith(one))
            if " " in one + other
            else (one != other)
        )
    a, b = _masked(one), _masked(other)
    if a is None or b is None:
        return False
    common = a[1] & b[1]
    return bool((a[0] ^ b[0]) & common)


def _masked(value: str) -> tuple[int, int] | None:
    """Read ``value/mask`` of numbers, addresses or prefixes; None where it is something else."""
    text, _, mask = value.partition("/")
    number = _number(text)
    if number is None:
        return None
    if not mask:
        return number, (1 << 64) - 1
    if "." in text and mask.isdigit():
        return number, 0xFFFFFFFF & ~((1 << 32 - int(mask)) - 1)
    limit = _number(mask)
    return None if limit is None else (number, limit)


def _number(text: str) -> int | None:
    if text.count(".") == 3:
        parts = [int(part) for part in text.split(".") if part.isdigit()]
        return sum(p << s for p, s in zip(parts, (24, 16, 8, 0), strict=False))
    if text.count(":") == 5:
        return int(text.replace(":", ""), 16)
    try:
        return int(text, 0)
    except ValueError:
        return None
