"""Rule values to OpenFlow 1.3 messages.

Pure translation: no connection, no decision. The way back is `reading`.
"""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address
from typing import Any

from controller.framework import nobody, ofp, parser
from controller.reconcile import Step
from sekisho.errors import RuleError
from sekisho.openflow.rules import (
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
from sekisho.packet.packet import mac_text

_MAC_FIELDS = {"eth_src", "eth_dst", "arp_sha", "arp_tha"}
_IP_FIELDS = {"ipv4_src", "ipv4_dst", "arp_spa", "arp_tpa"}
_PREREQUISITES = {"in_port": 0, "metadata": 1, "eth_type": 2, "vlan_vid": 3, "ip_proto": 4}
_CT_COMMIT = 1  # NX_CT_F_COMMIT, ovs-actions(7)
_NO_RECIRCULATION = 255  # NX_CT_RECIRC_NONE
_MAX_LEN = 0  # bytes of a packet for the controller; nothing is ever sent there


def _to_wire(field: str, value: int) -> int | str:
    if field in _MAC_FIELDS:
        return mac_text(value)
    if field in _IP_FIELDS:
        return str(IPv4Address(value))
    return value


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


def step_bytes(step: Step) -> list[bytes]:
    """Return the messages of one step, deletions first."""
    delete = [delete_bytes(r.table, r.priority, wire_match(r.match)) for r in step.delete]
    return [*delete, *map(add_bytes, step.add)]


def _bytes(message: Any) -> bytes:
    message.set_xid(0)
    message.serialize()
    return bytes(message.buf)
