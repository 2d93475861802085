"""What of a switch's rules is modelled; everything else is refused, never guessed past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sekisho.errors import RefusedError
from sekisho.openflow.rules import (
    CONTROLLER,
    IN_PORT,
    LOCAL,
    VLAN_PRESENT,
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
from sekisho.proof.fields import slot
from sekisho.proof.needs import Needs

_LAST_PORT = 0xFFFFFF00  # OFPP_MAX, OpenFlow 1.3.5, 7.2.1: above it ports are words
_WORDS = (IN_PORT, CONTROLLER, LOCAL)
#: Fields that an action may write; what a packet *is* (its types) stays as it was sent.
_WRITABLE = frozenset(WIDTHS) - {
    "in_port",
    "eth_type",
    "ip_proto",
    "ip_frag",
    "tcp_flags_nxm",
    "icmpv4_type",
    "ct_state",
    "ct_mark",
}
_MOVED_FROM = frozenset(WIDTHS) - {"in_port", "ct_state", "ct_mark"}
_PORTS = ("tcp_src", "tcp_dst", "udp_src", "udp_dst", "tcp_flags_nxm", "icmpv4_type")
_LAYER_3 = ("ipv4_src", "ipv4_dst", "ip_proto", "ip_frag", "nw_ttl", *_PORTS)
#: What the plan's own meaning has changed on the way: these always have two copies.
CHANGED = ("eth_src", "eth_dst", "vlan_vid", "nw_ttl")
CHANGED_ARP = ("arp_op", "arp_sha", "arp_tha", "arp_spa", "arp_tpa")

Tables = Mapping[str, Iterable[Rule]]


def needs(tables: Tables) -> Needs:
    """Return what a proof over *tables* needs, once every rule is found to be modelled.

    Raises:
        RefusedError: A rule has a part that is not modelled.
    """
    written = {*CHANGED, *CHANGED_ARP}
    used = {"metadata": 0, "reg0": 0, "ct_mark": 0}
    marking: dict[int, str] = {}
    looked_up: dict[int, tuple[str, Rule]] = {}
    once = {id(rule): (switch, rule) for switch, rules in tables.items() for rule in rules}
    for switch, rule in once.values():  # most rules stand on every switch
        _refuse_match(switch, rule)
        for field, mask in _touched(rule):
            if field in used:
                used[field] |= mask
        for action in rule.actions:
            _refuse_action(switch, rule, action)
            if isinstance(action, SetField) and action.field == "vlan_vid":
                _refuse_bare_tag(switch, rule, action)
            written |= {slot(field) for field in _writes(action)}
            if isinstance(action, Track) and action.mark:
                marking[action.zone] = switch
            elif isinstance(action, Track) and action.table >= 0:
                looked_up[action.zone] = switch, rule
    for zone in marking.keys() & looked_up.keys():
        raise refused(*looked_up[zone], f"looks up zone {zone}, where marks are written")
    return Needs(frozenset(written), used, frozenset(marking), frozenset(looked_up))


def refused(switch: str, rule: Rule, why: str) -> RefusedError:
    """Return the refusal of one rule, with its place."""
    return RefusedError(
        f"{switch}: table {rule.table}, priority {rule.priority}, cookie {rule.cookie:#x}: {why}\n"
        "  hint: this is not modelled, so nothing is proved; take the rule out, or test on the wire"
    )


def _refuse_match(switch: str, rule: Rule) -> None:
    values = {name: value for name, value, _ in rule.match}
    if values.get("eth_type") == ETH_IPV6 and any(name in values for name in _LAYER_3):
        raise refused(switch, rule, "reads fields inside IPv6")
    if any(name in values for name in _LAYER_3) and values.get("eth_type") != ETH_IPV4:
        raise refused(switch, rule, "reads fields of IPv4 without asking for IPv4")
    if rule.goto is not None and rule.goto <= rule.table:
        raise refused(switch, rule, f"goes back to table {rule.goto}")


def _refuse_action(switch: str, rule: Rule, action: Action) -> None:
    match action:
        case Output(port) if port >= _LAST_PORT and port not in _WORDS:
            raise refused(switch, rule, f"sends out of the special port {port:#x}")
        case SetField(field, value) if field not in _WRITABLE or value >> WIDTHS[field]:
            raise refused(switch, rule, f"writes {field}={value:#x}")
        case Move(source, target, bits, first):
            _refuse_move(switch, rule, (source, target), (bits, first))
        case Track(_, table) if 0 <= table <= rule.table:
            raise refused(switch, rule, f"goes back to table {table}")
        case Output() | SetField() | PushVlan() | PopVlan() | DecTtl() | Track():
            return
        case _:
            raise refused(switch, rule, f"has the action {action!r}")


def _refuse_bare_tag(switch: str, rule: Rule, action: SetField) -> None:
    """Refuse a VLAN id that is written where no tag is known to be."""
    before = rule.actions[: rule.actions.index(action)]
    if not action.value & VLAN_PRESENT or PushVlan() not in before or PopVlan() in before:
        raise refused(switch, rule, f"writes vlan_vid={action.value:#x} into no tag of its own")


def _refuse_move(switch: str, rule: Rule, fields: tuple[str, str], bits: tuple[int, int]) -> None:
    source, target = fields
    if source not in _MOVED_FROM or target not in _WRITABLE or source == target:
        raise refused(switch, rule, f"moves {source} to {target}")
    if sum(bits) > WIDTHS[source] or bits[0] > min(
        WIDTHS[target], 12 if target == "vlan_vid" else 64
    ):
        raise refused(switch, rule, f"moves more bits than {source} or {target} has")


def _touched(rule: Rule) -> Iterator[tuple[str, int]]:
    """Yield every field that *rule* reads or writes, with the bits of it."""
    for name, _, mask in rule.match:
        yield name, mask
    if rule.metadata is not None:
        yield "metadata", rule.metadata[1]
    for action in rule.actions:
        match action:
            case SetField(field, _):
                yield field, (1 << WIDTHS[field]) - 1
            case Move(source, target, bits, first):
                yield source, (1 << bits) - 1 << first
                yield target, (1 << bits) - 1
            case Track(mark=mark):
                yield "ct_mark", mark


def _writes(action: Action) -> Iterator[str]:
    match action:
        case SetField(field, _) | Move(_, field, _, _):
            yield field
        case PushVlan() | PopVlan():
            yield "vlan_vid"
        case DecTtl():
            yield "nw_ttl"
