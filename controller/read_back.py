"""What a switch says of its tables, read byte by byte: nothing is lost, nothing is guessed.

OpenFlow 1.3.5, 7.3.5, and Open vSwitch's own parts as ovs-fields(7) and ovs-actions(7) name them.
Every byte of an entry is either read into a `Rule`, or compared with the only value that a rule of
ours can have there, or it is an age or a counter. So two entries that give the same rule do the
same; an entry with anything else in it is a stranger, known by the bytes of its match alone.

Pure: no connection, no decision, and nothing of the framework's parser, which loses a whole reply
for one entry that it cannot read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from struct import error as PackError  # noqa: N812  # it is a class
from struct import pack, unpack_from

from sekisho.errors import LabError, RuleError
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
    match,
)

_VERSION, _FLOW_MOD, _GROUP_MOD, _METER_MOD = 4, 14, 15, 29  # OpenFlow 1.3.5, 7.1
_DELETE, _DELETE_STRICT, _METER_DELETE, _GROUP_DELETE = 3, 4, 2, 2  # ibid., 7.3.4
_ALL_TABLES, _NO_BUFFER, _ANY = 0xFF, 0xFFFFFFFF, 0xFFFFFFFF
_ALL_GROUPS, _ALL_METERS = 0xFFFFFFFC, 0xFFFFFFFF  # OFPG_ALL, OFPM_ALL
_ENTRY, _OXM_MATCH, _MATCH_HEADER = 48, 1, 4  # bytes before an entry's match; ibid., 7.2.3.1
_GOTO, _METADATA, _APPLY = 1, 2, 4  # instructions, ibid., 7.2.4
_OUTPUT, _PUSH_VLAN, _POP_VLAN, _DEC_TTL, _SET_FIELD = 0, 17, 18, 24, 25  # actions, ibid., 7.2.5
_EXPERIMENTER, _NICIRA, _MOVE, _CT = 0xFFFF, 0x2320, 6, 35  # ovs-actions(7)
_CT_COMMIT, _NO_RECIRCULATION = 1, 255  # NX_CT_F_COMMIT, NX_CT_RECIRC_NONE
_ONF = 0x4F4E4600  # experimenter id of the Open Networking Foundation

#: (class, field, experimenter) of every field that rules have: OpenFlow 1.3.5, 7.2.3.7, and
#: ovs-fields(7) for Open vSwitch's own and for its older numbers, by which it reports a move.
_FIELDS = {
    **{
        (0x8000, number, 0): name
        for number, name in {
            0: "in_port",
            2: "metadata",
            3: "eth_dst",
            4: "eth_src",
            5: "eth_type",
            6: "vlan_vid",
            10: "ip_proto",
            11: "ipv4_src",
            12: "ipv4_dst",
            13: "tcp_src",
            14: "tcp_dst",
            15: "udp_src",
            16: "udp_dst",
            19: "icmpv4_type",
            21: "arp_op",
            22: "arp_spa",
            23: "arp_tpa",
            24: "arp_sha",
            25: "arp_tha",
        }.items()
    },
    (0, 1, 0): "eth_dst",
    (0, 2, 0): "eth_src",
    (0, 15, 0): "arp_op",
    (0, 16, 0): "arp_spa",
    (0, 17, 0): "arp_tpa",
    (1, 0, 0): "reg0",
    (1, 17, 0): "arp_sha",
    (1, 18, 0): "arp_tha",
    (1, 26, 0): "ip_frag",
    (1, 29, 0): "nw_ttl",
    (1, 34, 0): "tcp_flags_nxm",
    (1, 105, 0): "ct_state",
    (1, 107, 0): "ct_mark",
    (_EXPERIMENTER, 42, _ONF): "tcp_flags_nxm",
}


class UnreadableError(LabError):
    """A reply is not made as OpenFlow says: nobody knows which entries it holds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a switch, as a flow-stats reply says it.

    Attributes:
        rule: The same as a rule; None where it has a part that no rule of ours can have.
        foreign: What such a stranger has, or empty.
        delete: The message that deletes it, with the bytes of its match as they came.
    """

    rule: Rule | None
    foreign: str
    delete: bytes


def entries(body: bytes) -> list[Entry]:
    """Read the body of one flow-stats reply.

    Raises:
        UnreadableError: An entry does not end where it says.
    """
    out, offset = [], 0
    while offset < len(body):
        length = int.from_bytes(body[offset : offset + 2], "big")
        if length < _ENTRY + 8 or offset + length > len(body):
            raise UnreadableError(f"an entry of {length} bytes, {len(body) - offset} are left")
        # Same bytes, same rule: only ages and counters differ from switch to switch.
        start = body[offset + 2 : offset + 4] + body[offset + 12 : offset + 32]
        out.append(_entry(start, body[offset + _ENTRY : offset + length]))
        offset += length
    return out


@lru_cache(maxsize=1 << 16)  # most entries stand on every switch: each is read once
def _entry(start: bytes, rest: bytes) -> Entry:
    table, pad, priority, idle, hard, flags, more, cookie = unpack_from("!BBHHHHIQ", start)
    kind, length = unpack_from("!HH", rest)
    end = (length + 7) // 8 * 8
    if kind != _OXM_MATCH or length < _MATCH_HEADER or end > len(rest):
        raise UnreadableError(f"a match of type {kind} and {length} bytes")
    delete = _flow_mod(_DELETE_STRICT, table, priority, rest[:end])
    try:
        if idle or hard or flags:
            raise RuleError("a rule with a time-out or flags is not modelled")
        if pad or more or any(rest[length:end]):
            raise RuleError("bytes that mean nothing are not zero")
        fields = _match(rest[_MATCH_HEADER:length])
        actions, metadata, goto = _instructions(rest[end:])
        rule = Rule(table, priority, fields, cookie, actions, metadata, goto)
        return Entry(rule, "", delete)
    except (RuleError, PackError, IndexError) as error:
        return Entry(None, f"table {table}, priority {priority}: {error}", delete)


def _flow_mod(command: int, table: int, priority: int, match_bytes: bytes) -> bytes:
    """Return a flow-mod without instructions (xid 0); OpenFlow 1.3.5, 7.3.4.1."""
    head = pack("!BBHI", _VERSION, _FLOW_MOD, _ENTRY + len(match_bytes), 0)
    what = pack("!QQBBHHH", 0, 0, table, command, 0, 0, priority)
    return head + what + pack("!IIIH2x", _NO_BUFFER, _ANY, _ANY, 0) + match_bytes


#: Deletes all that a switch holds, whatever it is: every entry, every group and every meter.
WIPE = b"".join((
    _flow_mod(_DELETE, _ALL_TABLES, 0, pack("!HH4x", _OXM_MATCH, _MATCH_HEADER)),
    pack("!BBHIHBxI", _VERSION, _GROUP_MOD, 16, 0, _GROUP_DELETE, 0, _ALL_GROUPS),
    pack("!BBHIHHI", _VERSION, _METER_MOD, 16, 0, _METER_DELETE, 0, _ALL_METERS),
))  # fmt: skip
#: Deletes the groups and meters alone: no plan has any.
WIPE_GROUPS = WIPE[-32:]


def _field(header: bytes, experimenter: int = 0) -> tuple[str, bool, int]:
    """Read an OXM header: the field's name, whether a mask follows, the width in bytes.

    Raises:
        RuleError: No rule of ours has this field, or not with such a width.
    """
    kind, number, length = unpack_from("!HBB", header)
    name = _FIELDS.get((kind, number >> 1, experimenter))
    if name is None:
        raise RuleError(f"field {header.hex()} is not modelled")
    width, is_masked = (WIDTHS[name] + 7) // 8, bool(number & 1)
    if length != width * (1 + is_masked) + (4 if experimenter else 0):
        raise RuleError(f"{name} of {length} bytes is not modelled")
    return name, is_masked, width


def _match(raw: bytes) -> Match:
    fields: dict[str, int | tuple[int, int]] = {}
    offset = 0
    while offset < len(raw):
        header, end = raw[offset : offset + 4], offset + 4 + raw[offset + 3]
        is_foreign = header[:2] == b"\xff\xff"
        experimenter = int.from_bytes(raw[offset + 4 : offset + 8], "big") if is_foreign else 0
        name, is_masked, width = _field(header, experimenter)
        start = end - width * (1 + is_masked)
        value = int.from_bytes(raw[start : start + width], "big")
        mask = int.from_bytes(raw[start + width : end], "big")
        if name in fields or end > len(raw) or (is_masked and (not mask or value & ~mask)):
            raise RuleError(f"{name} is said in a way that is not modelled")
        fields[name] = (value, mask) if is_masked else value
        offset = end
    return match(**fields)


def _parts(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the bytes of each instruction, or of each action."""
    offset = 0
    while offset < len(raw):
        kind, length = unpack_from("!HH", raw, offset)
        if length < 8 or length % 8 or offset + length > len(raw):
            raise RuleError(f"a part of {length} bytes is not modelled")
        yield kind, raw[offset : offset + length]
        offset += length


def _instructions(raw: bytes) -> tuple[tuple[Action, ...], tuple[int, int] | None, int | None]:
    """Return the actions, the metadata that is written, and the next table."""
    actions: tuple[Action, ...] = ()
    metadata, goto, seen = None, None, set[int]()
    for kind, part in _parts(raw):
        if kind == _GOTO:
            goto = part[4]
            is_ours = part == pack("!HHB3x", _GOTO, 8, goto)
        elif kind == _METADATA and len(part) == 24:
            metadata = unpack_from("!QQ", part, 8)
            is_ours = part[4:8] == bytes(4)
        elif kind == _APPLY:
            actions = tuple(_action(one, said) for one, said in _parts(part[8:]))
            is_ours = part[4:8] == bytes(4) and bool(actions)
        else:
            is_ours = False
        if not is_ours or kind in seen:
            raise RuleError(f"instruction {kind} ({part[:32].hex()}) is not modelled")
        seen.add(kind)
    return actions, metadata, goto


def _action(kind: int, raw: bytes) -> Action:
    """Read one action: it is ours only if that very action would be said with the same bytes."""
    action: Action
    if kind == _OUTPUT and len(raw) == 16:
        action = Output(int.from_bytes(raw[4:8], "big"))
        expected = pack("!HHIH6x", _OUTPUT, 16, action.port, 0)
    elif kind == _PUSH_VLAN:
        action, expected = PushVlan(), pack("!HHH2x", _PUSH_VLAN, 8, 0x8100)  # IEEE 802.1Q, 9.5
    elif kind == _POP_VLAN:
        action, expected = PopVlan(), pack("!HH4x", _POP_VLAN, 8)
    elif kind == _DEC_TTL:
        action, expected = DecTtl(), pack("!HH4x", _DEC_TTL, 8)
    elif kind == _SET_FIELD:
        name, is_masked, width = _field(raw[4:8])
        action = SetField(name, int.from_bytes(raw[8 : 8 + width], "big"))
        expected = raw[: 8 + width].ljust((8 + width + 7) // 8 * 8, b"\0")
        expected = b"" if is_masked else expected
    elif kind == _EXPERIMENTER and len(raw) >= 24:
        action, expected = _nicira(raw)
    else:
        raise RuleError(f"action {kind} ({raw[:32].hex()}) is not modelled")
    if raw != expected:
        raise RuleError(f"{action} with more to it ({raw.hex()}) is not modelled")
    return action


def _nicira(raw: bytes) -> tuple[Action, bytes]:
    """Read one of Open vSwitch's own actions; return how it would be said."""
    vendor, subtype = unpack_from("!IH", raw, 4)
    head = pack("!HHIH", _EXPERIMENTER, len(raw), _NICIRA, subtype)
    if (vendor, subtype) == (_NICIRA, _MOVE):
        bits, start = unpack_from("!HH", raw, 10)
        (source, is_masked, _), (target, is_other, _) = _field(raw[16:20]), _field(raw[20:24])
        said = head + pack("!HHH", bits, start, 0) + raw[16:24]
        return Move(source, target, bits, start), b"" if is_masked or is_other else said
    if (vendor, subtype) == (_NICIRA, _CT):
        flags, _, zone, table = unpack_from("!HIHB", raw, 10)
        mark = _mark(raw[24:])
        table = table if table != _NO_RECIRCULATION else -1
        track = Track(zone, table, bool(flags & _CT_COMMIT), mark)
        said = head + pack("!HIHB3xH", int(track.commit), 0, zone, table % 256, 0)
        return track, said + raw[24:]
    raise RuleError(f"action {vendor:#x}/{subtype} is not modelled")


def _mark(raw: bytes) -> int:
    """Return what a tracking action writes into ct_mark; 0 where it does nothing more."""
    actions = [_action(kind, part) for kind, part in _parts(raw)]
    match actions:
        case []:
            return 0
        case [SetField("ct_mark", value)] if value:
            return value
    raise RuleError(f"actions {actions} of connection tracking are not modelled")
