"""Rule values in the words in which a switch dumps them, so that the two can be compared.

What a rule *should* look like in ``ovs-ofctl dump-flows`` (ovs-fields(7), ovs-actions(7)), written
without a switch. Only what our rules use has words here; a dump that says anything else differs.
The parts of a match are compared as a set: their order is the switch's own affair.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from sekisho.errors import RuleError
from sekisho.model import Protocol
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.rules import (
    CONTROLLER,
    FLOOD,
    IN_PORT,
    LOCAL,
    NORMAL,
    VLAN_PRESENT,
    WIDTHS,
    Action,
    DecTtl,
    Match,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Track,
)
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6, ICMP, mac_text

_ETHER_TYPES = {ETH_ARP: "arp", ETH_IPV6: "ipv6"}
_PROTOCOLS = {Protocol.TCP.value: "tcp", Protocol.UDP.value: "udp", ICMP: "icmp"}
_NAMES = {
    "eth_src": "dl_src",
    "eth_dst": "dl_dst",
    "ipv4_src": "nw_src",
    "ipv4_dst": "nw_dst",
    "tcp_src": "tp_src",
    "tcp_dst": "tp_dst",
    "udp_src": "tp_src",
    "udp_dst": "tp_dst",
    "icmpv4_type": "icmp_type",
    "tcp_flags_nxm": "tcp_flags",
}
_MACS = frozenset({"eth_src", "eth_dst", "arp_sha", "arp_tha"})
_IPS = frozenset({"ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"})
_PORTS = frozenset({"tcp_src", "tcp_dst", "udp_src", "udp_dst"})
#: Ports by word; a packet goes to the controller whole (65535 bytes: OFPCML_NO_BUFFER).
_SPECIAL = {
    IN_PORT: "IN_PORT",
    NORMAL: "NORMAL",
    FLOOD: "FLOOD",
    CONTROLLER: "CONTROLLER:65535",
    LOCAL: "LOCAL",
}
_HEX = frozenset({"metadata", "reg0", "ct_mark"})
#: Bits by name, lowest first: RFC 9293, 3.1; ovs-fields(7), "ct_state".
_TCP_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns")
_CT_STATE = ("new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat")
#: Fields of a move by the name that Open vSwitch gives them (ovs-fields(7)), and their width.
_MOVED = {
    "eth_src": ("NXM_OF_ETH_SRC", 48),
    "eth_dst": ("NXM_OF_ETH_DST", 48),
    "arp_sha": ("NXM_NX_ARP_SHA", 48),
    "arp_tha": ("NXM_NX_ARP_THA", 48),
    "arp_spa": ("NXM_OF_ARP_SPA", 32),
    "arp_tpa": ("NXM_OF_ARP_TPA", 32),
    "reg0": ("NXM_NX_REG0", 32),
    "metadata": ("OXM_OF_METADATA", 64),
    "vlan_vid": ("OXM_OF_VLAN_VID", 12),
}


def held(line: FlowLine) -> str:
    """Return what a switch holds, as one statement: everything but counters and ages."""
    options = f"{line.options} " if line.options else ""
    head = f"table={line.table}, cookie={line.cookie:#x}, {options}"
    return _statement(head, line.priority, list(line.conditions), line.actions)


def wanted(rule: Rule) -> str:
    """Return the statement that `held` makes of *rule* once a switch holds it.

    Raises:
        RuleError: The rule has a part without a word here.
    """
    parts = list(_match(rule.match))
    actions = [_action(action) for action in rule.actions]
    if rule.metadata is not None:
        actions.append(f"write_metadata:{rule.metadata[0]:#x}/{rule.metadata[1]:#x}")
    if rule.goto is not None:
        actions.append(f"goto_table:{rule.goto}")
    said = ",".join(actions) or "drop"
    head = f"table={rule.table}, cookie={rule.cookie:#x}, "
    return _statement(head, rule.priority, parts, said)


def _statement(head: str, priority: int, parts: list[str], actions: str) -> str:
    match = ",".join([f"priority={priority}", *sorted(parts)])
    return f"{head}{match} actions={actions}"


def _match(fields: Match) -> Iterator[str]:
    left = {name: (value, mask) for name, value, mask in fields}
    yield from _protocol(left)
    for name, (value, mask) in left.items():
        yield _field(name, value, mask)


def _protocol(left: dict[str, tuple[int, int]]) -> Iterator[str]:
    """Take EtherType and IP protocol out of *left*; yield the one word that says both."""
    ether, _ = left.pop("eth_type", (0, 0))
    number, _ = left.pop("ip_proto", (0, 0))
    if ether == ETH_IPV4:
        yield _PROTOCOLS.get(number, "ip")
        if number and number not in _PROTOCOLS:
            yield f"nw_proto={number}"
    elif ether:
        yield _ETHER_TYPES.get(ether, f"dl_type={ether:#06x}")


def _field(name: str, value: int, mask: int) -> str:
    said, is_whole = _NAMES.get(name, name), mask == (1 << WIDTHS[name]) - 1
    if name == "vlan_vid":
        return _vlan(value, mask, is_whole=is_whole)
    if name == "ip_frag":
        if (value, mask) != (1, 1):
            raise RuleError(f"ip_frag={value}/{mask} has no word in a dump")
        return "nw_frag=yes"
    if name in ("ct_state", "tcp_flags_nxm"):
        return f"{said}={_bits(_CT_STATE if name == 'ct_state' else _TCP_FLAGS, value, mask)}"
    text = f"{said}={_value(name, value, is_whole=is_whole)}"
    return text if is_whole else f"{text}/{_mask(name, mask)}"


def _vlan(value: int, mask: int, *, is_whole: bool) -> str:
    if is_whole and value & VLAN_PRESENT:
        return f"dl_vlan={value & ~VLAN_PRESENT}"
    return f"vlan_tci={value:#06x}/{mask:#06x}"


def _bits(names: tuple[str, ...], value: int, mask: int) -> str:
    """Say which bits under *mask* must be set and which must not."""
    if mask >> len(names):
        raise RuleError(f"bits {mask:#x} have no names in a dump")
    return "".join(
        f"{'+' if value >> bit & 1 else '-'}{name}"
        for bit, name in enumerate(names)
        if mask >> bit & 1
    )


def _value(name: str, value: int, *, is_whole: bool) -> str:
    if name in _MACS:
        return mac_text(value)
    if name in _IPS:
        return str(IPv4Address(value))
    return f"{value:#x}" if name in _HEX or (name in _PORTS and not is_whole) else str(value)


def _mask(name: str, mask: int) -> str:
    if name in _MACS:
        return mac_text(mask)
    if name in _IPS:
        ones = mask.bit_count()
        is_prefix = mask == 0xFFFFFFFF & ~((1 << 32 - ones) - 1)
        return str(ones) if is_prefix else str(IPv4Address(mask))
    return f"{mask:#x}"


def _action(action: Action) -> str:
    match action:
        case Output(port):
            return _SPECIAL.get(port, f"output:{port}")
        case SetField(field, value):
            return f"set_field:{_value(field, value, is_whole=True)}->{field}"
        case Move(source, target, bits, first):
            return f"move:{_bit_range(source, first, bits)}->{_bit_range(target, 0, bits)}"
        case PushVlan():
            return "push_vlan:0x8100"
        case PopVlan():
            return "pop_vlan"
        case DecTtl():
            return "dec_ttl"
        case Track():
            return tracked(action)
    raise RuleError(f"action {action!r} has no word in a dump")


def tracked(action: Track) -> str:
    """Return a pass through connection tracking as dumps and ``ovs-ofctl`` alike have it."""
    said = ["commit"] if action.commit else []
    said += [f"table={action.table}"] if action.table >= 0 else []
    said += [f"zone={action.zone}"]
    said += [f"exec(set_field:{action.mark:#x}->ct_mark)"] if action.mark else []
    return f"ct({','.join(said)})"


def _bit_range(field: str, first: int, bits: int) -> str:
    name, width = _MOVED[field]
    return f"{name}[]" if (first, bits) == (0, width) else f"{name}[{first}..{first + bits - 1}]"
