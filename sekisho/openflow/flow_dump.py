"""Reading what ``ovs-ofctl dump-flows`` prints: counters by rule, and tables without counters.

This is the third reading of a table: text out of the switch, parsed here, compared with rule
values (from the compiler, by way of the controller) and with copies on the wire.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from sekisho.errors import RuleError

_FLOW = re.compile(
    r"cookie=(?P<cookie>0x[0-9a-f]+), duration=[^,]*, table=(?P<table>\d+), "
    r"n_packets=(?P<packets>\d+), n_bytes=\d+, (?P<rest>.*)$"
)
_AGES = re.compile(r"(idle_age|hard_age)=\d+, ")
#: Time-outs and flags, which ovs-ofctl prints before the match.
_OPTIONS = re.compile(
    r"(?:(?:idle_timeout|hard_timeout|importance)=\d+, "
    r"|(?:send_flow_rem|check_overlap|reset_counts|no_packet_counts|no_byte_counts) )*"
)
_DURATION = re.compile(r"duration=([0-9.]+)s")
_PRIORITY = re.compile(r"priority=(\d+)")
_LEADS = re.compile(r"goto_table:(\d+)|table=(\d+)")
_OUTPUT = re.compile(r"output:(\d+)")
_PROTOCOLS = {"tcp": "ip tcp", "udp": "ip udp", "icmp": "ip icmp"}
_KEPT = 1 << 16  # texts that are remembered with their parts: many switches hold the same rules


@dataclass(frozen=True, slots=True)
class FlowLine:
    """One flow as the switch printed it.

    Attributes:
        packets: Packets that it has matched so far.
        text: Priority, match and actions, without counters and ages.
        options: Time-outs and flags; empty for every rule of ours.
    """

    cookie: int
    table: int
    priority: int
    packets: int
    text: str
    options: str = ""

    @property
    def head(self) -> str:
        """Priority and match, as printed."""
        return _parts(self.text).head

    @property
    def match(self) -> Mapping[str, str]:
        """The match: field to value, its protocol under ``protocol`` (``ip tcp`` for TCP)."""
        return _parts(self.text).match

    @property
    def conditions(self) -> tuple[str, ...]:
        """The parts of the match as printed, without the priority."""
        return _parts(self.text).conditions

    @property
    def actions(self) -> str:
        """The actions, as printed."""
        return _parts(self.text).actions

    @property
    def leads_to(self) -> tuple[int, ...]:
        """The tables where a packet goes on, also after connection tracking."""
        return _parts(self.text).leads_to

    @property
    def outputs(self) -> tuple[int, ...]:
        """The numbers of the ports where it sends."""
        return _parts(self.text).outputs

    @property
    def drops(self) -> bool:
        """True where it ends a packet's way, whatever it is called."""
        return self.text.endswith("actions=drop")


class _Parts(NamedTuple):
    """What the text of one rule says, taken apart."""

    head: str
    match: Mapping[str, str]
    conditions: tuple[str, ...]
    actions: str
    leads_to: tuple[int, ...]
    outputs: tuple[int, ...]


@lru_cache(maxsize=_KEPT)
def _parts(text: str) -> _Parts:
    """Take the text of a rule apart; nowhere else is that done."""
    head, mark, actions = text.partition(" actions=")
    if not mark:  # a rule that matches everything, at the default priority
        head, actions = "", text.removeprefix("actions=")
    has_priority = _PRIORITY.match(head) is not None
    conditions = tuple(head.split(",")[has_priority:]) if head else ()
    match: dict[str, str] = {}
    for part in conditions:
        name, is_field, value = part.partition("=")
        match |= {name: value} if is_field else {"protocol": _PROTOCOLS.get(name, name)}
    leads = tuple(int(goto or tracked) for goto, tracked in _LEADS.findall(actions))
    outputs = tuple(map(int, _OUTPUT.findall(actions)))
    return _Parts(head, MappingProxyType(match), conditions, actions, leads, outputs)


def flows(dump: str) -> list[FlowLine]:
    """Parse the dump of one switch.

    Raises:
        RuleError: A line is neither a flow nor the dump's own heading.
    """
    out = []
    for line in dump.splitlines():
        found = _FLOW.match(line.strip())
        if found is None:
            if line.startswith("OFPST_FLOW reply") or not line.strip():
                continue
            raise RuleError(f"cannot read this line of a flow dump: {line.strip()!r}")
        rest = _AGES.sub("", found["rest"])
        options = _OPTIONS.match(rest)
        assert options is not None  # it matches nothing, too
        text = rest[options.end() :]
        priority = _PRIORITY.match(text)
        out.append(
            FlowLine(
                int(found["cookie"], 16),
                int(found["table"]),
                int(priority[1]) if priority else 32768,  # OFP_DEFAULT_PRIORITY
                int(found["packets"]),
                text,
                options[0].strip().rstrip(","),
            )
        )
    return out


def age_s(dump: str) -> float:
    """Return the age of the oldest rule of a dump, in seconds; 0 where it has none."""
    return max((float(found) for found in _DURATION.findall(dump)), default=0.0)


def counters(lines: list[FlowLine]) -> Counter[int]:
    """Return packets by cookie."""
    out = Counter[int]()
    for line in lines:
        out[line.cookie] += line.packets
    return out


def digest(lines: list[FlowLine]) -> str:
    """Return a digest of the tables themselves, whatever their counters and order."""
    text = "\n".join(sorted(f"{x.table} {x.cookie:#x} {x.options} {x.text}" for x in lines))
    return hashlib.sha256(text.encode()).hexdigest()
