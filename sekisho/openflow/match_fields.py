"""Values of a dumped match: which exclude each other, and which are within another. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address

from sekisho.errors import RuleError

_MAC_PARTS, _IP_PARTS = 6, 4


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
    """Return a number, an IPv4 or a MAC address as a number; None where it is something else.

    Raises:
        RuleError: It is written as an address, and is none.
    """
    try:
        if text.count(".") == _IP_PARTS - 1:
            return int(IPv4Address(text))
        if text.count(":") == _MAC_PARTS - 1:
            return int.from_bytes(bytes.fromhex(text.replace(":", " ")))
    except ValueError as error:
        raise RuleError(f"cannot read this address of a flow dump: {text!r}") from error
    try:
        return int(text, 0)
    except ValueError:
        return None
