"""Rule values in the words of ``ovs-ofctl``: to put faults into a switch by hand, and out again.

A third way to write a rule down, beside the controller's OpenFlow messages and the switch's own
dump: a fault planted here goes past the controller, as a technician's hand would.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from sekisho.errors import RuleError
from sekisho.openflow.rule_text import tracked
from sekisho.openflow.rules import (
    CONTROLLER,
    FLOOD,
    IN_PORT,
    LOCAL,
    NORMAL,
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
from sekisho.packet.packet import mac_text

_MACS = frozenset({"eth_src", "eth_dst", "arp_sha", "arp_tha"})
_IPS = frozenset({"ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"})
_NAMES = {
    "tcp_flags_nxm": "tcp_flags",
    "ipv4_src": "nw_src",
    "ipv4_dst": "nw_dst",
    "ip_proto": "nw_proto",
    "icmpv4_type": "icmp_type",
}
_PORTS = {
    IN_PORT: "in_port",
    NORMAL: "normal",
    FLOOD: "flood",
    CONTROLLER: "controller",
    LOCAL: "local",
}
_FIRST = ("in_port", "eth_type", "ip_proto")  # what others require must be said before them


def match_words(rule: Rule) -> str:
    """Return table, priority and match of *rule*, as ``--strict`` commands want them."""
    fields = {name: (value, mask) for name, value, mask in rule.match}
    order = [name for name in _FIRST if name in fields]
    order += [name for name in fields if name not in _FIRST]
    words = [f"table={rule.table}", f"priority={rule.priority}"]
    return ",".join([*words, *(_field(name, *fields[name]) for name in order)])


def flow_words(rule: Rule) -> str:
    """Return *rule* as ``add-flow`` wants it."""
    actions = [_action(action) for action in rule.actions]
    if rule.metadata is not None:
        actions.append(f"write_metadata:{rule.metadata[0]:#x}/{rule.metadata[1]:#x}")
    if rule.goto is not None:
        actions.append(f"goto_table:{rule.goto}")
    body = ",".join(actions) or "drop"
    return f"cookie={rule.cookie:#x},{match_words(rule)},actions={body}"


def _field(name: str, value: int, mask: int) -> str:
    if name == "ip_frag":
        if (value, mask) != (1, 1):
            raise RuleError(f"ip_frag={value}/{mask} has no word in ovs-ofctl")
        return "ip_frag=yes"
    text = f"{_NAMES.get(name, name)}={_value(name, value)}"
    return text if mask == (1 << WIDTHS[name]) - 1 else f"{text}/{_value(name, mask)}"


def _value(name: str, value: int) -> str:
    if name in _MACS:
        return mac_text(value)
    if name in _IPS:
        return str(IPv4Address(value))
    return f"{value:#x}" if name not in ("in_port", "ip_proto") else str(value)


def _action(action: Action) -> str:
    match action:
        case Output(port):
            return _PORTS.get(port, f"output:{port}")
        case SetField(field, value):
            return f"set_field:{_value(field, value)}->{field}"
        case Move(source, target, bits, first):
            return f"move:{source}[{first}..{first + bits - 1}]->{target}[0..{bits - 1}]"
        case PushVlan():
            return "push_vlan:0x8100"
        case PopVlan():
            return "pop_vlan"
        case DecTtl():
            return "dec_ttl"
        case Track():
            return tracked(action)
    raise RuleError(f"action {action!r} has no word in ovs-ofctl")
