"""Whose conversations are tracked where, and how many of them: zones and their limits.

A switch tracks the conversations that pass it in a zone of its own, whose number is its datapath
id. A port with devices has a zone beside it, in which only the conversations are counted that
begin there: no station can take the room of the others.
"""

from __future__ import annotations

from itertools import count, islice

from sekisho.errors import RuleError
from sekisho.model import Plan, PortRef

_MOST_ZONES = 1 << 16  # a zone is a number of 16 bits, ovs-actions(7) "ct"
#: Conversations that all zones together may hold: Open vSwitch's own limit, dpctl/ct-get-maxconns.
MOST_CONVERSATIONS = 3_000_000
#: Conversations that one port may have begun and that nobody has answered yet. Such an entry ends
#: after 30 s (TCP) or 60 s (UDP) without a packet, so a port may begin 68 a second for ever.
SHARE = 4096
MARK = 1  # stands in ct_mark of a conversation that the share of its port had room for


def share_zones(plan: Plan) -> dict[PortRef, int]:
    """Return the zone of each port with devices; a moved port keeps its own.

    Raises:
        RuleError: There are more ports and switches than zones.
    """
    taken = {switch.dpid for switch in plan.switches}
    ports = sorted({a.at for a in plan.origin.attachments})
    if len(taken) + len(ports) >= _MOST_ZONES:
        raise RuleError(f"{len(ports)} ports and {len(taken)} switches need too many zones")
    free = (number for number in count(1) if number not in taken)
    return dict(zip(ports, islice(free, len(ports)), strict=True))


def zone_limits(plan: Plan) -> dict[int, int]:
    """Return how many conversations each zone may hold, by its number.

    The zones of the switches share what there is; the ports' zones are small beside them.
    """
    of_switch = max(SHARE, (MOST_CONVERSATIONS >> 1) // len(plan.switches))
    limits = {switch.dpid: of_switch for switch in plan.switches}
    return limits | dict.fromkeys(share_zones(plan).values(), SHARE)
