"""Being told of every change that somebody else makes to a switch's tables, when it is made.

OpenFlow 1.3 has no word for it; the Open Networking Foundation's extension 187, flow monitors, has,
and Open vSwitch speaks it from 2.16 on (ovs-ofctl(8), ``monitor``). What this connection changes
itself comes back abbreviated, without the rule; any other update is somebody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack
from typing import Any

from controller.framework import ofp, parser

ONF = 0x4F4E4600  # experimenter id of the Open Networking Foundation
_FLOW_MONITOR = 1870  # the extension's type, of the request as of the replies
_PAUSED, _RESUMED = 1870, 1871  # experimenter messages: too many updates at once; the end of that
_ADD, _DELETE, _MODIFY, _ACTIONS = 2, 4, 8, 16
_ABBREVIATED = 3  # event of an update: a change of this connection's own
_ALL_TABLES = 0xFF
_MULTIPART_HEADER, _EXPERIMENTER_HEADER = 16, 8


def watch_bytes() -> bytes:
    """Return the message (xid 0) that asks for every change of every table."""
    everything = pack("!HH4x", 1, 4)  # an OXM match without a field
    what = _ADD | _DELETE | _MODIFY | _ACTIONS
    monitor = pack("!IHHIB3x", 1, what, len(everything) - 4, ofp.OFPP_ANY, _ALL_TABLES)
    body = pack("!HH4xII", ofp.OFPMP_EXPERIMENTER, 0, ONF, _FLOW_MONITOR) + monitor + everything
    length = 8 + len(body)
    return pack("!BBHI", ofp.OFP_VERSION, ofp.OFPT_MULTIPART_REQUEST, length, 0) + body


@dataclass(frozen=True, slots=True)
class Update:
    """One reply of a flow monitor.

    Attributes:
        length: Its length in bytes.
        foreign: How many changes it tells of that somebody else made.
    """

    length: int
    foreign: int

    @classmethod
    def parser(cls, reply: bytes, offset: int) -> Update:
        """Read the whole body of *reply*, which begins at *offset*; the framework calls this."""
        body, foreign = bytes(reply[offset + _EXPERIMENTER_HEADER :]), 0
        while len(body) >= 4:
            length, event = int.from_bytes(body[:2], "big"), int.from_bytes(body[2:4], "big")
            foreign += event != _ABBREVIATED
            body = body[max(length, 8) :]
        return cls(len(reply) - offset, foreign)


# The framework reads sixteen bytes of such a body over and over.
parser.OFPExperimenterStatsReply.cls_stats_body_cls = Update


def is_pause(message: Any) -> bool:
    """Tell whether a switch says that it keeps updates back, or does so no longer."""
    return message.experimenter == ONF and message.exp_type in (_PAUSED, _RESUMED)
