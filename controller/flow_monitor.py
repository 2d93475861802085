"""Being told of every change that somebody else makes to a switch's tables, when it is made.

OpenFlow 1.3 has no word for it; the Open Networking Foundation's extension 187, flow monitors, has,
and Open vSwitch speaks it from 2.16 on (ovs-ofctl(8), ``monitor``). What this connection changes
itself comes back abbreviated, without the rule; any other update is somebody else's.
"""

from __future__ import annotations

from struct import pack
from typing import Any

from controller.framework import ofp

ONF = 0x4F4E4600  # experimenter id of the Open Networking Foundation
_FLOW_MONITOR = 1870  # the extension's type, of the request as of the replies
_PAUSED, _RESUMED = 1870, 1871  # experimenter messages: too many updates at once; the end of that
_ADD, _DELETE, _MODIFY = 2, 4, 8  # without the rules' actions, which may be longer than a reply
_ABBREVIATED = 3  # event of an update: a change of this connection's own
_ALL_TABLES = 0xFF
_EXPERIMENTER_HEADER = 8


def watch_bytes() -> bytes:
    """Return the message (xid 0) that asks for every change of every table."""
    everything = pack("!HH4x", 1, 4)  # an OXM match without a field
    what = _ADD | _DELETE | _MODIFY
    monitor = pack("!IHHIB3x", 1, what, len(everything) - 4, ofp.OFPP_ANY, _ALL_TABLES)
    body = pack("!HH4xII", ofp.OFPMP_EXPERIMENTER, 0, ONF, _FLOW_MONITOR) + monitor + everything
    length = 8 + len(body)
    return pack("!BBHI", ofp.OFP_VERSION, ofp.OFPT_MULTIPART_REQUEST, length, 0) + body


def changes_of_others(body: bytes) -> int:
    """Return of how many changes that somebody else made a flow monitor's reply tells.

    Args:
        body: The reply's body, from the experimenter's id on.
    """
    rest, foreign = body[_EXPERIMENTER_HEADER:], 0
    while len(rest) >= 4:
        length, event = int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:4], "big")
        foreign += event != _ABBREVIATED
        rest = rest[max(length, 8) :]
    return foreign


def is_pause(message: Any) -> bool:
    """Tell whether a switch says that it keeps updates back, or does so no longer."""
    return message.experimenter == ONF and message.exp_type in (_PAUSED, _RESUMED)
