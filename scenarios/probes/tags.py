"""Wrong tags at a port that machines under VLAN tags share: each must die at the port.

What such a machine sends gets its tag on the way, and what has a tag already goes as it is
(`topologies.network.topology`). No machine can send without one, but whoever is in its
hypervisor can: those frames are put on the cable itself, past whoever sets the tags.
"""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.probes.context import ProbeContext, ProbeFrame, packet, probe_frame
from sekisho.model import Attachment, Protocol

_PRIORITY = 0  # names no VLAN; IEEE 802.1Q, 9.6
_FIRST = 2  # VID 1 is the default of much equipment


def tags(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Every tag of the port, one of nobody, none that counts, and two at once.

    The sender's own is among them. Then each neighbour's name, under the sender's own tag.
    """
    here = _here(context)
    known = sorted({a.tag for a in here if a.tag})
    if not known:
        return
    port, own = _port(context), context.source.tag
    nobodys = next(n for n in range(_FIRST, len(known) + _FIRST + 1) if n not in known)
    for vlan in (*known, nobodys, _PRIORITY):
        yield probe_frame(context, "tagged", dport=port, vlan=vlan)
    right = own or known[0]
    for outer, inner in ((right, nobodys), (nobodys, right), (_PRIORITY, right), (right, right)):
        yield probe_frame(context, "tagged-twice", dport=port, vlan=outer, inner=inner)
    for other in here:
        if other.tag != own and other.device != context.source.device:
            posing = {"eth_src": other.mac, "ip_src": other.ip}
            if own:
                yield probe_frame(context, "tagged", dport=port, vlan=own, **posing)
            else:
                yield probe_frame(context, "tcp", dport=port, **posing)


def untagged(context: ProbeContext) -> Iterator[ProbeFrame]:
    """As itself and to the router, with no tag on its cable."""
    if context.source.tag:
        bare = probe_frame(context, "tcp", dport=_port(context))
        yield bare._replace(packet=packet("tcp", bare.fields, context.source.at))


def _here(context: ProbeContext) -> list[Attachment]:
    """Return who stands at the port of the sender."""
    return [a for a in context.plan.attachments if a.at == context.source.at and a.registered]


def _port(context: ProbeContext) -> int:
    return next((s.edges()[0] for s in context.services if s.protocol is Protocol.TCP), 443)
