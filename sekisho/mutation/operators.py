"""Mutation operators: the small wrongs that one flow rule can have.

Pure: an operator takes a rule and yields (words, rule that goes, rule that comes). They follow the
mutation-testing literature for access control (Martin and Xie, WWW 2007; Hwang, Xie, Chen and Liu,
TNSM 9(1), 2012): effects, conditions, targets, order, and whole parts left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sekisho.openflow.pipeline import ONWARD, Table
from sekisho.openflow.rules import (
    CONTROLLER,
    CT_REL,
    CT_TRACKED,
    FLOOD,
    NORMAL,
    WIDTHS,
    Cookie,
    Kind,
    Match,
    Output,
    PopVlan,
    Rule,
    Track,
    match,
)

_PORTS = ("tcp_dst", "udp_dst", "tcp_src", "udp_src")
_SAME = ("ipv4_src", "ipv4_dst", "eth_src", "vlan_vid", "arp_spa", *_PORTS)
_CATCH_ALL = 50  # rules of this priority or less take what no other rule takes
_TENANTS = 0xFFFF0000  # a /16, where a /24 or one address was meant
_OUT = {NORMAL: "switched as usual", FLOOD: "flooded", CONTROLLER: "handed to the controller"}

#: What was done in a few words, the rule that goes, the rule that comes.
Change = tuple[str, Rule | None, Rule | None]
Operator = Callable[[Rule], Iterator[Change]]


def _without(fields: Match, *names: str) -> Match:
    return tuple(field for field in fields if field[0] not in names)


def _with(fields: Match, name: str, value: int, mask: int) -> Match:
    return tuple(sorted((*_without(fields, name), (name, value & mask, mask))))


def _kind(rule: Rule) -> Kind | None:
    parsed = Cookie.parse(rule.cookie)
    return parsed.kind if parsed else None


def _is_exact(name: str, mask: int) -> bool:
    return mask == (1 << WIDTHS[name]) - 1


def delete_drop(rule: Rule) -> Iterator[Change]:
    """Take away a rule that drops."""
    if rule.drops and rule.priority:
        yield "a dropping rule is deleted", rule, None


def delete_permission(rule: Rule) -> Iterator[Change]:
    """Take away a rule that lets on."""
    if not rule.drops:
        yield "a permitting rule is deleted", rule, None


def flip_effect(rule: Rule) -> Iterator[Change]:
    """Make a drop a permit, and a permit a drop."""
    if rule.drops and rule.table in ONWARD:
        yield "a drop lets on", rule, replace(rule, goto=ONWARD[Table(rule.table)])
    elif not rule.drops:
        yield "a permission drops", rule, replace(rule, actions=(), metadata=None, goto=None)


def sink_rule(rule: Rule) -> Iterator[Change]:
    """Put a rule below what it should stand above."""
    if rule.priority >= 100:
        yield "a rule's priority is 1", rule, replace(rule, priority=1)


def raise_permission(rule: Rule) -> Iterator[Change]:
    """Put a wide permission above the narrow drops that it overlaps."""
    if not rule.drops and rule.table in (Table.ADMISSION, Table.ROUTER) and rule.priority < 400:
        yield "a permission stands above drops", rule, replace(rule, priority=rule.priority + 250)


def shadow_drop(rule: Rule) -> Iterator[Change]:
    """Put a permission over a drop: the drop is still there, and never met."""
    if rule.drops and rule.priority and rule.table in ONWARD:
        over = replace(rule, priority=rule.priority + 1, goto=ONWARD[Table(rule.table)])
        yield "a permission shadows a drop", None, over


def open_miss(rule: Rule) -> Iterator[Change]:
    """Let what no other rule takes go on, or out, instead of dying."""
    if not rule.drops or rule.priority > _CATCH_ALL:
        return
    if rule.table in ONWARD:
        yield "a table miss goes on", rule, replace(rule, goto=ONWARD[Table(rule.table)])
    for port, words in _OUT.items():
        yield f"a table miss is {words}", rule, replace(rule, actions=(Output(port),))


def forget_port(rule: Rule) -> Iterator[Change]:
    """Ask no longer at which port a packet came in."""
    if any(name == "in_port" for name, _, _ in rule.match) and rule.priority >= 200:
        yield "in_port is not asked", rule, replace(rule, match=_without(rule.match, "in_port"))


def forget_type(rule: Rule) -> Iterator[Change]:
    """Ask no longer for the protocol, nor for what requires it."""
    names = {name for name, _, _ in rule.match}
    if "ip_proto" in names and not rule.drops:
        fields = _without(rule.match, "ip_proto", "tcp_flags_nxm", *_PORTS)
        yield "protocol and port are not asked", rule, replace(rule, match=fields)


def flip_bit(rule: Rule) -> Iterator[Change]:
    """Get one bit of an address, a port number or a tag wrong."""
    for name, value, mask in rule.match:
        if name in _SAME and _is_exact(name, mask):
            fields = _with(rule.match, name, value ^ 1, mask)
            yield f"the lowest bit of {name} is flipped", rule, replace(rule, match=fields)


def widen_range(rule: Rule) -> Iterator[Change]:
    """Let a port range reach one bit too far."""
    for name, value, mask in rule.match:
        if name in _PORTS and not rule.drops:
            fields = _with(rule.match, name, value, mask & (mask << 1) & 0xFFFF)
            wide = replace(rule, match=fields, priority=rule.priority + 1)
            yield f"{name} is twice as wide", None, wide


def narrow_range(rule: Rule) -> Iterator[Change]:
    """Let a port range end too soon."""
    for name, value, mask in rule.match:
        if name in _PORTS and not rule.drops and not _is_exact(name, mask):
            fields = _with(rule.match, name, value, (mask >> 1 | 0x8000) & 0xFFFF)
            yield f"{name} is half as wide", rule, replace(rule, match=fields)


def widen_prefix(rule: Rule) -> Iterator[Change]:
    """Type /16 where /24, or one address, was meant."""
    if rule.drops or rule.table not in (Table.ARP, Table.DESTINATION, Table.POLICY):
        return
    fields = rule.match
    for name, value, mask in rule.match:
        if name in ("arp_spa", "arp_tpa", "ipv4_src", "ipv4_dst") and mask != _TENANTS:
            fields = _with(fields, name, value, _TENANTS)
    if fields != rule.match:
        yield "an address is written as a /16", rule, replace(rule, match=fields)


def omit_direction(rule: Rule) -> Iterator[Change]:
    """Forget the replies of a permission."""
    if _kind(rule) is Kind.REPLY:
        yield "replies are forgotten", rule, None


def stateless_reply(rule: Rule) -> Iterator[Change]:
    """Let whatever looks like a reply pass, asked for or not."""
    if _kind(rule) is Kind.REPLY:
        yield "replies need no request", rule, replace(rule, match=_without(rule.match, "ct_state"))


def loose_state(rule: Rule) -> Iterator[Change]:
    """Let any segment open a conversation."""
    if any(name == "tcp_flags_nxm" for name, _, _ in rule.match):
        fields = _without(rule.match, "tcp_flags_nxm")
        yield "any segment opens a conversation", rule, replace(rule, match=fields)
        fields = _without(fields, "ct_state")
        yield "an invalid segment opens one", rule, replace(rule, match=fields)


def accept_related(rule: Rule) -> Iterator[Change]:
    """Let every error message pass that the tracker calls related."""
    if rule.drops and not rule.priority and rule.table == Table.POLICY:
        state = (CT_REL | CT_TRACKED, CT_REL | CT_TRACKED)
        wide = replace(rule, priority=300, match=match(ct_state=state), goto=Table.FORWARDING)
        yield "what is related passes", None, wide


def wrong_zone(rule: Rule) -> Iterator[Change]:
    """Remember conversations where they are not looked up."""
    if _kind(rule) in (Kind.SHARE, Kind.COUNTED):
        actions = tuple(
            replace(a, zone=a.zone + 1000) if isinstance(a, Track) else a for a in rule.actions
        )
        yield "a conversation is remembered in another zone", rule, replace(rule, actions=actions)


def wrong_class(rule: Rule) -> Iterator[Change]:
    """Take a sender for one of another class."""
    if rule.metadata is not None and rule.table == Table.ADMISSION:
        value, mask = rule.metadata
        wrong = replace(rule, metadata=((value & ~0xFF | (value & 0xFF) + 1) & mask, mask))
        yield "the sender's class is the next one", rule, wrong


def swap_cookie(rule: Rule) -> Iterator[Change]:
    """Give the right effect the wrong name."""
    if _kind(rule) is Kind.DROP_CELL:
        wrong = replace(rule, cookie=rule.cookie ^ 1 << 16)
        yield "a cell's drop bears another's name", rule, wrong


def flood_group(rule: Rule) -> Iterator[Change]:
    """Flood broadcast, multicast, or other people's ARP across all segments."""
    if _kind(rule) in (Kind.DROP_GROUP, Kind.DROP_ARP_CLAIM):
        yield "what should die is flooded", rule, replace(rule, actions=(Output(FLOOD),))


def take_tags(rule: Rule) -> Iterator[Change]:
    """Let an edge port, such as an access point's, take every VLAN tag."""
    if _kind(rule) is Kind.DROP_TAGGED:
        on = replace(rule, actions=(PopVlan(),), goto=Table.ROUTER)
        yield "an edge port takes every tag", rule, on


def pass_lldp(rule: Rule) -> Iterator[Change]:
    """Hand LLDP of an edge port to the controller, as topology discovery would."""
    if _kind(rule) is Kind.DROP_ETHERTYPE:
        fields = _with(rule.match, "eth_type", 0x88CC, 0xFFFF)  # IEEE 802.1AB
        lldp = replace(rule, priority=60, match=fields, actions=(Output(CONTROLLER),))
        yield "LLDP of an edge port goes to the controller", None, lldp


def forget_address(rule: Rule) -> Iterator[Change]:
    """Know a sender by port and MAC alone, as a reactive controller's rule does."""
    if _kind(rule) is Kind.ADMIT:
        fields = _without(rule.match, "ipv4_src")
        yield "a sender is known by its MAC alone", rule, replace(rule, match=fields)


def leak_over_line(rule: Rule) -> Iterator[Change]:
    """Lead what goes to another switch out of the port beside."""
    if _kind(rule) is Kind.TRANSIT:
        wrong = tuple(Output(a.port - 1) if isinstance(a, Output) else a for a in rule.actions)
        yield "what goes elsewhere leaves by another port", rule, replace(rule, actions=wrong)


#: Operators by what they stand for: ids of the mutation catalogue, and of the seeded faults.
OPERATORS: dict[tuple[str, ...], tuple[Operator, ...]] = {
    ("M-01",): (delete_drop,),
    ("M-02",): (delete_permission,),
    ("M-03",): (flip_effect,),
    ("M-04", "M04"): (sink_rule, raise_permission),
    ("M-04", "M16"): (shadow_drop,),
    ("M-05",): (open_miss,),
    ("M-06",): (forget_port,),
    ("M-07",): (forget_type,),
    ("M-09",): (flip_bit,),
    ("M-10",): (widen_range, narrow_range),
    ("M-10", "M12"): (widen_prefix,),
    ("M-11",): (omit_direction,),
    ("M-17",): (pass_lldp,),
    ("M-22",): (forget_address,),
    ("M-26", "M02"): (take_tags,),
    ("M-28",): (loose_state, accept_related, wrong_zone),
    ("M-28", "M03"): (stateless_reply,),
    ("M-34", "M01"): (wrong_class,),
    ("M-36", "M08"): (flood_group,),
    ("M-39",): (swap_cookie,),
    ("M11",): (leak_over_line,),
}
