"""The match of a dumped flow, field by field, and which values exclude each other. Pure."""

from __future__ import annotations

_NO_FIELDS = frozenset({"priority"})
_PROTOCOLS = {
    "ip": "ip",
    "tcp": "ip tcp",
    "udp": "ip udp",
    "icmp": "ip icmp",
    "arp": "arp",
    "ipv6": "ipv6",
}


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


def within(one: str, other: str) -> bool:
    """Tell whether every packet with the value *one* has *other* too; in doubt, say no."""
    if one == other or one.startswith(f"{other} "):  # TCP is IP
        return True
    a, b = _masked(one), _masked(other)
    if a is None or b is None:
        return False
    return a[1] & b[1] == b[1] and not (a[0] ^ b[0]) & b[1]


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
