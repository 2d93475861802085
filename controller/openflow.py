"""Rule values to OpenFlow 1.3 messages and back.

Pure translation: no connection, no decision. What a switch reports is turned into the same
values that the compiler makes, so that "wanted" and "held" are compared with ``==``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address
from typing import Any

from controller.framework import nobody, ofp, parser
from sekisho.errors import RuleError
from sekisho.rules import (
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
    match,
)

_MAC_FIELDS = {"eth_src", "eth_dst", "arp_sha", "arp_tha"}
_IP_FIELDS = {"ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"}
#: Open vSwitch reports these under the name that OpenFlow gave them later.
_ALIASES = {"tcp_flags": "tcp_flags_nxm"}
_OLD_NAME = "_nxm"  # Open vSwitch reports the fields of a move under its own old numbers
_PREREQUISITES = {"in_port": 0, "metadata": 1, "eth_type": 2, "vlan_vid": 3, "ip_proto": 4}
_CT_COMMIT = 1  # NX_CT_F_COMMIT, ovs-actions(7)
_NO_RECIRCULATION = 255  # NX_CT_RECIRC_NONE
_MAX_LEN = 0  # bytes of a packet for the controller; nothing is ever sent there


def _to_wire(field: str, value: int) -> int | str:
    if field in _MAC_FIELDS:
        return ":".join(f"{value >> shift & 0xFF:02x}" for shift in range(40, -8, -8))
    if field in _IP_FIELDS:
        return str(IPv4Address(value))
    return value


def _from_wire(field: str, value: Any) -> int:
    if isinstance(value, str):
        return int(value.replace(":", ""), 16) if field in _MAC_FIELDS else int(IPv4Address(value))
    return int(value)


def wire_match(fields: Match) -> Any:
    """Return *fields* as an ``OFPMatch``."""
    wanted: dict[str, Any] = {}
    for name, value, mask in fields:
        full = (1 << WIDTHS[name]) - 1
        exact = mask == full
        wire = _to_wire(name, value)
        wanted[name] = wire if exact else (wire, _to_wire(name, mask))
    out = parser.OFPMatch(**wanted)
    # The framework sorts by number, which puts Open vSwitch's own fields (nw_ttl, ct_state) before
    # the eth_type and ip_proto that they require: OpenFlow 1.3.5, 7.2.3.6, wants those first.
    out._fields2.sort(key=lambda item: _PREREQUISITES.get(item[0], len(_PREREQUISITES)))
    return out


def wire_action(action: Action) -> Any:
    """Return *action* as an OpenFlow action.

    Raises:
        RuleError: The action is not modelled.
    """
    match action:
        case Output(port):
            return parser.OFPActionOutput(port, _MAX_LEN)
        case SetField(field, value):
            return parser.OFPActionSetField(**{field: _to_wire(field, value)})
        case Move(source, target, bits, source_bit):
            return parser.NXActionRegMove(
                src_field=source, dst_field=target, n_bits=bits, src_ofs=source_bit
            )
        case PushVlan():
            return parser.OFPActionPushVlan(0x8100)  # IEEE 802.1Q, 9.5
        case PopVlan():
            return parser.OFPActionPopVlan()
        case DecTtl():
            return parser.OFPActionDecNwTtl()
        case Track(zone, table, commit, mark):
            return parser.NXActionCT(
                flags=_CT_COMMIT if commit else 0,
                zone_src="",
                zone_ofs_nbits=zone,
                recirc_table=table if table >= 0 else _NO_RECIRCULATION,
                alg=0,
                actions=[parser.OFPActionSetField(ct_mark=mark)] if mark else [],
            )
    raise RuleError(f"action {action!r} is not modelled")


@cache
def add_bytes(rule: Rule) -> bytes:
    """Return the message (xid 0) that adds *rule*, or replaces the entry of the same key.

    Most rules stand on every switch: each is put into bytes once.
    """
    instructions = []
    if rule.actions:
        actions = [wire_action(action) for action in rule.actions]
        instructions.append(parser.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, actions))
    if rule.metadata is not None:
        instructions.append(parser.OFPInstructionWriteMetadata(*rule.metadata))
    if rule.goto is not None:
        instructions.append(parser.OFPInstructionGotoTable(rule.goto))
    return _bytes(
        parser.OFPFlowMod(
            nobody,
            cookie=rule.cookie,
            table_id=rule.table,
            command=ofp.OFPFC_ADD,
            priority=rule.priority,
            match=wire_match(rule.match),
            instructions=instructions,
        )
    )


def delete_bytes(table: int, priority: int, fields: Any) -> bytes:
    """Return the message (xid 0) that deletes exactly one entry.

    Args:
        table: Its table.
        priority: Its priority.
        fields: Its match, as an ``OFPMatch``.
    """
    return _bytes(
        parser.OFPFlowMod(
            nobody,
            table_id=table,
            command=ofp.OFPFC_DELETE_STRICT,
            priority=priority,
            out_port=ofp.OFPP_ANY,
            out_group=ofp.OFPG_ANY,
            match=fields,
        )
    )


def _bytes(message: Any) -> bytes:
    message.set_xid(0)
    message.serialize()
    return bytes(message.buf)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a switch, as a flow-stats reply says it.

    Attributes:
        length: Its length in the reply, in bytes.
        rule: The same as a rule; None where it has a part that no rule of ours can have.
        foreign: What such a stranger says of itself, or empty.
        delete: The message that deletes it.
    """

    length: int
    rule: Rule | None
    foreign: str
    delete: bytes

    @classmethod
    def parser(cls, reply: bytes, offset: int) -> Entry:
        """Read the entry at *offset* of *reply*; the framework calls this."""
        length = int.from_bytes(reply[offset : offset + 2], "big")
        entry = bytes(reply[offset : offset + length])
        # Same bytes, same rule: only ages and counters differ from switch to switch.
        return _entry(entry[:4] + bytes(8) + entry[12:32] + bytes(16) + entry[48:])


# The framework would parse every entry of every switch anew, which takes most of a start-up.
parser.OFPFlowStatsReply.cls_stats_body_cls = Entry


@cache
def _entry(raw: bytes) -> Entry:
    stats = parser.OFPFlowStats.parser(raw, 0)
    delete = delete_bytes(stats.table_id, stats.priority, stats.match)
    try:
        return Entry(stats.length, rule_from_stats(stats), "", delete)
    except RuleError as error:
        return Entry(stats.length, None, str(error), delete)


def rule_from_stats(stats: Any) -> Rule:
    """Read one entry of a flow-stats reply.

    Raises:
        RuleError: The entry uses something that is not modelled.
    """
    if stats.idle_timeout or stats.hard_timeout or stats.flags:
        raise RuleError("a rule with a time-out or flags is not modelled")
    actions: list[Action] = []
    metadata, goto = None, None
    for instruction in stats.instructions:
        if isinstance(instruction, parser.OFPInstructionGotoTable):
            goto = instruction.table_id
        elif isinstance(instruction, parser.OFPInstructionWriteMetadata):
            metadata = (instruction.metadata, instruction.metadata_mask)
        elif getattr(instruction, "type", None) == ofp.OFPIT_APPLY_ACTIONS:
            actions += [_action_from_wire(action) for action in instruction.actions]
        else:
            raise RuleError(f"instruction {instruction!r} is not modelled")
    return Rule(
        stats.table_id,
        stats.priority,
        _match_from_wire(stats.match),
        stats.cookie,
        tuple(actions),
        metadata,
        goto,
    )


def _match_from_wire(wire: Any) -> Match:
    fields: dict[str, int | tuple[int, int]] = {}
    for name, given in wire.items():
        field = _ALIASES.get(name, name)
        if isinstance(given, tuple):
            fields[field] = (_from_wire(field, given[0]), _from_wire(field, given[1]))
        else:
            fields[field] = _from_wire(field, given)
    return match(**fields)


def _action_from_wire(action: Any) -> Action:
    if isinstance(action, parser.OFPActionOutput):
        return Output(action.port)
    if isinstance(action, parser.OFPActionSetField):
        return SetField(action.key, _from_wire(action.key, action.value))
    if isinstance(action, parser.NXActionRegMove):
        return Move(
            action.src_field.removesuffix(_OLD_NAME),
            action.dst_field.removesuffix(_OLD_NAME),
            action.n_bits,
            action.src_ofs,
        )
    if isinstance(action, parser.OFPActionPushVlan):
        return PushVlan()
    if isinstance(action, parser.OFPActionPopVlan):
        return PopVlan()
    if isinstance(action, parser.OFPActionDecNwTtl):
        return DecTtl()
    if isinstance(action, parser.NXActionCT):
        table = action.recirc_table if action.recirc_table != _NO_RECIRCULATION else -1
        is_kept = bool(action.flags & _CT_COMMIT)
        return Track(action.zone_ofs_nbits, table, is_kept, _mark(action.actions))
    raise RuleError(f"action {action!r} is not modelled")


def _mark(actions: list[Any]) -> int:
    """Return what a tracking action writes into ct_mark.

    Raises:
        RuleError: It does something else, too.
    """
    marks = [_action_from_wire(action) for action in actions]
    match marks:
        case []:
            return 0
        case [SetField("ct_mark", value)] if value:
            return value
    raise RuleError(f"actions {marks!r} of connection tracking are not modelled")
