"""The way of one frame through the switches, rule by rule, as Open vSwitch itself traces it.

Open vSwitch traces one switch at a time. What leaves by a line between switches is traced again
at the line's other end, with the tag and the addresses that the first trace ended with.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sekisho.errors import LabError
from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import Cookie, drop_point
from topologies.town import Town

_MOST_SWITCHES = 8
_STEP = re.compile(
    r"^\s*(?P<table>\d+)\. (?P<match>.*?)(?:, )?priority (?P<priority>\d+)"
    r"(?:, cookie (?P<cookie>0x[0-9a-f]+))?"
)
_OUTPUT = re.compile(r"^\s+output:(\d+)")
_FINAL = re.compile(r"^Final flow: (.*)$", re.M)
_FIELD = re.compile(r"(dl_vlan|dl_src|dl_dst)=([^,\s]+)")
_TPID = b"\x81\x00"  # IEEE 802.1Q
_TAG_BYTES = 4


class Step(NamedTuple):
    """One rule that a frame met.

    Attributes:
        cookie: 0 where the rule has none.
    """

    table: int
    priority: int
    cookie: int
    match: str


def steps(trace: str) -> list[Step]:
    """Return the rules of one trace (``ofproto/trace``), in order."""
    found = (_STEP.match(line) for line in trace.splitlines())
    return [
        Step(int(m["table"]), int(m["priority"]), int(m["cookie"] or "0", 16), m["match"])
        for m in found
        if m
    ]


def follow(town: Town, at: PortRef, frame: bytes) -> tuple[str, ...]:
    """Return the way of *frame* from the port *at*, a line for each port and rule."""
    out: list[str] = []
    waiting, seen = [(at, frame)], set[PortRef]()
    while waiting and len(seen) < _MOST_SWITCHES:
        port, data = waiting.pop(0)
        if port in seen:
            out.append(f"{port}: once more, a loop")
            continue
        seen.add(port)
        try:
            trace = town.ovs.trace(port.switch, port.port, data)
        except LabError as error:
            return (*out, f"{port}: {error}")
        out.append(f"{port} in")
        out += [f"  {_words(step, port.switch, town.plan)}" for step in steps(trace)]
        ports = [town.plan.switch[port.switch].port(n) for n in outputs(trace)]
        if not ports:
            out.append(f"{port.switch}: {'NORMAL' if 'NORMAL' in trace else 'ends here'}")
        for each in ports:
            end, name = _beyond(town.plan, each)
            out.append(f"{each} out to {name}")
            if end is not None:
                waiting.append((end, rewritten(data, trace)))
    return tuple(out)


def outputs(trace: str) -> list[int]:
    """Return the ports by which a traced frame leaves, each once."""
    found = (_OUTPUT.match(line) for line in trace.splitlines())
    return list(dict.fromkeys(int(m[1]) for m in found if m))


def rewritten(frame: bytes, trace: str) -> bytes:
    """Return *frame* with the addresses and the tag that it has at the end of *trace*."""
    finals = _FINAL.findall(trace)
    fields = dict(_FIELD.findall(finals[-1])) if finals else {}
    macs = [
        bytes.fromhex(fields[key].replace(":", "")) if key in fields else frame[at : at + 6]
        for key, at in (("dl_dst", 0), ("dl_src", 6))
    ]
    rest = frame[12 + _TAG_BYTES :] if frame[12:14] == _TPID else frame[12:]
    tag = _TPID + int(fields["dl_vlan"]).to_bytes(2, "big") if "dl_vlan" in fields else b""
    return b"".join((*macs, tag, rest))


def _words(step: Step, switch: str, plan: Plan) -> str:
    return (
        f"table {step.table}, priority {step.priority}, {rule_words(step.cookie, switch, plan)}: "
        f"{step.match or 'everything'}"
    )


def rule_words(cookie: int, switch: str, plan: Plan) -> str:
    """Say what a rule is for, by its cookie."""
    parsed = Cookie.parse(cookie)
    if parsed is None:
        return "not a rule of ours"
    if parsed.kind.is_of_permission and 0 < parsed.a <= len(plan.clauses):
        return f"{parsed.kind.name.lower()} by {plan.clauses[parsed.a - 1].id}"
    point = drop_point(cookie, switch, plan)
    if point is not None:
        return f"drop {point.reason} {point.key}".strip()
    return parsed.kind.name.lower().replace("_", " ")


def _beyond(plan: Plan, port: PortRef) -> tuple[PortRef | None, str]:
    """Return the port at the other end of the line, if it is one, and who is there."""
    for link in plan.links:
        for near, far in ((link.a, link.b), (link.b, link.a)):
            if near == port:
                return far, str(far)
    here = [a.id for a in plan.attachments if a.at == port]
    return None, " or ".join(here) or "nobody"
