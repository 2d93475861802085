"""What the second judge models; everything else is refused, and never taken to agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from sekisho.errors import RefusedError
from sekisho.model import Plan, Switch
from sekisho.openflow.rules import (
    CONTROLLER,
    IN_PORT,
    LOCAL,
    WIDTHS,
    Action,
    DecTtl,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Track,
)
from sekisho.packet.packet import ETH_IPV4, ETH_IPV6
from sekisho.second_judge.matching import field
from sekisho.second_judge.packets import WIDTH

#: Rules by switch.
Tables = Mapping[str, tuple[Rule, ...]]

_NAMED = (IN_PORT, CONTROLLER, LOCAL)
#: Beside these, what a packet is and what a switch says of it is never written.
_WRITTEN = frozenset({
    "eth_src", "eth_dst", "ipv4_src", "ipv4_dst", "nw_ttl",
    "tcp_src", "tcp_dst", "udp_src", "udp_dst",
    "arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha", "metadata", "reg0",
})  # fmt: skip
_NOT_COPIED = frozenset({"in_port", "ct_state", "ct_mark", "ip_frag", "tcp_flags_nxm"})
_INSIDE_IP = frozenset({
    "ipv4_src", "ipv4_dst", "ip_proto", "ip_frag", "nw_ttl",
    "tcp_src", "tcp_dst", "udp_src", "udp_dst", "tcp_flags_nxm", "icmpv4_type",
})  # fmt: skip
_TAG_BITS = 12  # of vlan_vid that are the number


def refuse_unmodelled(plan: Plan, tables: Tables) -> None:
    """Refuse tables that have a part that is not modelled.

    Raises:
        RefusedError: They have one: its switch, table, priority and cookie, and why.
    """
    once = {id(rule): (switch, rule) for switch, rules in tables.items() for rule in rules}
    for switch, rule in once.values():
        for why in (*_of_match(rule), *(w for a in rule.actions for w in _of_action(rule, a))):
            refuse(switch, rule, why)
    _refuse_zones(list(once.values()))
    for each in plan.switches:
        for rule, why in (*_ports(each, tables[each.id]), *_tracking(tables[each.id])):
            refuse(each.id, rule, why)


def refuse(switch: str, rule: Rule, why: str) -> NoReturn:
    """Refuse one rule, with its place."""
    raise RefusedError(
        f"{switch}: table {rule.table}, priority {rule.priority}, cookie {rule.cookie:#x}: {why}\n"
        "  hint: the second judge does not model this, so it says nothing"
    )


def _of_match(rule: Rule) -> Iterator[str]:
    asked = {name: value for name, value, _ in rule.match}
    for name in asked:
        if name not in WIDTHS or (field(name) not in WIDTH and name != "ct_state"):
            yield f"asks for {name}"
    if _INSIDE_IP & asked.keys():
        if asked.get("eth_type") == ETH_IPV6:
            yield "reads fields inside IPv6"
        elif asked.get("eth_type") != ETH_IPV4:
            yield "reads fields of IPv4 without asking for IPv4"
    if rule.goto is not None and rule.goto <= rule.table:
        yield f"goes back to table {rule.goto}"


def _of_action(rule: Rule, action: Action) -> Iterator[str]:
    match action:
        case Output(port):
            if port > 0xFFFFFF00 and port not in _NAMED:  # OFPP_MAX, OpenFlow 1.3.5, 7.2.1
                yield f"sends out of the special port {port:#x}"
        case SetField("vlan_vid", value):
            before = rule.actions[: rule.actions.index(action)]
            if not value >> _TAG_BITS & 1 or PushVlan() not in before or PopVlan() in before:
                yield f"writes vlan_vid={value:#x} into no tag of its own"
            elif value >> WIDTHS["vlan_vid"]:
                yield f"writes vlan_vid={value:#x}"
        case SetField(name, value):
            if name not in _WRITTEN or value >> WIDTHS[name]:
                yield f"writes {name}={value:#x}"
        case Move(source, target, bits, first):
            ends = source in WIDTHS.keys() - _NOT_COPIED, target in {*_WRITTEN, "vlan_vid"}
            width = _TAG_BITS if target == "vlan_vid" else WIDTHS.get(target, 0)
            if not all(ends) or source == target:
                yield f"moves {source} to {target}"
            elif first + bits > WIDTHS[source] or bits > width:
                yield f"moves more bits than {source} or {target} has"
        case Track(_, table):
            if 0 <= table <= rule.table:
                yield f"goes back to table {table}"
        case PushVlan() | PopVlan() | DecTtl():
            return
        case _:
            yield f"has the action {action!r}"


def _refuse_zones(rules: Iterable[tuple[str, Rule]]) -> None:
    """Refuse a zone whose entries carry marks, and in which conversations are looked up."""
    marked, asked = set(), dict[int, tuple[str, Rule]]()
    for switch, rule in rules:
        for action in rule.actions:
            if isinstance(action, Track) and action.mark:
                marked.add(action.zone)
            elif isinstance(action, Track) and action.table >= 0:
                asked[action.zone] = switch, rule
    for zone in marked & asked.keys():
        refuse(*asked[zone], f"looks up zone {zone}, where marks are written")


def _ports(switch: Switch, rules: Iterable[Rule]) -> Iterator[tuple[Rule, str]]:
    for rule in rules:
        named = [action.port for action in rule.actions if isinstance(action, Output)]
        named += [value for name, value, _ in rule.match if name == "in_port"]
        for port in named:
            if not 1 <= port <= switch.ports and port not in _NAMED:
                yield rule, f"names port {port}, and the plan gives the switch {switch.ports}"


def _tracking(rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, str]]:
    """Yield uses of connection tracking of which the judge would not know what they say."""
    kept = {a.zone for r in rules for a in _tracks(r) if a.commit and not a.mark}
    forgotten = {rule.goto for rule in rules if _tracks(rule) and rule.goto is not None}
    while (
        more := {r.goto for r in rules if r.table in forgotten and r.goto is not None} - forgotten
    ):
        forgotten |= more
    for rule in rules:
        lookups = [action for action in _tracks(rule) if action.table >= 0]
        if len(lookups) > 1:
            yield rule, "asks connection tracking twice at once"
        for action in lookups:
            if not action.commit and action.zone not in kept:
                yield rule, f"looks up zone {action.zone}, where no conversation is kept"
        reads = any(name in ("ct_state", "ct_mark") for name, _, _ in rule.match)
        if reads and rule.table in forgotten:  # ovs-actions(7), "ct"
            yield rule, "reads what connection tracking said, behind another use of it"


def _tracks(rule: Rule) -> list[Track]:
    return [action for action in rule.actions if isinstance(action, Track)]
