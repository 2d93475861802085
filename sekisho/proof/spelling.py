"""Spellings of one match that mean the same: brought to the one that a switch's dump has.

Only what certainly means the same is written anew; all else stays as it is, and is refused by
whoever reads it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.rules import IN_PORT, LOCAL, WIDTHS

#: Fields by the word of a dump, as whole numbers: those that a dump prints in base 16, and in 10.
_HEX = ("metadata", "reg0", "ct_mark")
_DECIMAL = ("in_port", "tp_src", "tp_dst", "dl_vlan", "nw_proto", "icmp_type", "arp_op")
_PORTS = {"LOCAL": LOCAL, "IN_PORT": IN_PORT}
_BITS = {
    "ct_state": ("new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"),
    "tcp_flags": ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns"),
}
_NUMBER = re.compile("0x[0-9a-fA-F]{1,16}|0|[1-9][0-9]{0,19}")
_STATES = re.compile(r"(?:[+-][a-z]+)+")


def plain(line: FlowLine) -> FlowLine:
    """Return a rule with its match as a switch would print it."""
    if not line.head:
        return line
    parts = (f"priority={line.priority}", *map(_part, line.conditions))
    return replace(line, text=f"{','.join(parts)} actions={line.actions}")


def _part(part: str) -> str:
    name, mark, value = part.partition("=")
    if not mark:
        return part
    if name in _BITS:
        return f"{name}={_bits(value, _BITS[name])}"
    if name == "in_port" and value in _PORTS:
        return f"{name}={_PORTS[value]}"
    if name in _HEX:
        return f"{name}={_hex(value, (1 << WIDTHS[name]) - 1)}"
    if name in _DECIMAL and _NUMBER.fullmatch(value):
        return f"{name}={int(value, 0)}"
    return part


def _hex(value: str, full: int) -> str:
    """Return a number, and a mask that does not say everything, in base 16."""
    number, mark, mask = value.partition("/")
    if not _NUMBER.fullmatch(number) or (mark and not _NUMBER.fullmatch(mask)):
        return value
    said = f"{int(number, 0):#x}"
    return said if not mark or int(mask, 0) == full else f"{said}/{int(mask, 0):#x}"


def _bits(value: str, names: tuple[str, ...]) -> str:
    """Return signs and names in the order of their bits; a name that stands twice stays."""
    said = {each[1:]: each for each in re.findall("[+-][a-z]+", value)}
    is_known = _STATES.fullmatch(value) and said.keys() <= set(names)
    if not is_known or sum(map(len, said.values())) != len(value):
        return value
    return "".join(said[name] for name in names if name in said)
