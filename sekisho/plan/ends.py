"""Attachments and services as people name them on a command line or in a test."""

from __future__ import annotations

import re

from sekisho.errors import UsageError
from sekisho.model import ECHO, Attachment, Plan, Protocol
from sekisho.plan.places import one_of

_SERVICE = re.compile(r"(tcp|udp|icmp)/([0-9]{1,5})")
#: The lowest and the highest number: ports (RFC 9293, 3.1; RFC 768); types of messages (RFC 792).
_SPANS = {Protocol.TCP: (1, 0xFFFF), Protocol.UDP: (1, 0xFFFF), Protocol.ICMP: (0, 0xFF)}


def attachment_named(plan: Plan, name: str) -> Attachment:
    """Return the attachment *name*, or the only one of the device *name*.

    Raises:
        UsageError: There is none, or there are several.
    """
    if name in plan.attachment:
        return plan.attachment[name]
    own = plan.device[name].attachments if name in plan.device else ()
    if len(own) == 1:
        return own[0]
    if own:
        names = ", ".join(a.id for a in own)
        raise UsageError(f"{name}: has several attachments\n  hint: one of {names}")
    hint = one_of(name, sorted(plan.attachment))
    raise UsageError(f"{name}: no attachment of {plan.path}\n  hint: {hint}")


def service_named(plan: Plan, words: str) -> tuple[Protocol, int]:
    """Return the protocol and the port that *words* name; of ICMP the type of the message.

    Args:
        plan: Its services may be named.
        words: ``tcp/443``, ``udp/53``, ``icmp`` (an echo), ``icmp/13``, or the id of a service: its
            first port.

    Raises:
        UsageError: They name nothing.
    """
    if words in plan.service:
        found = plan.service[words]
        return found.protocol, found.edges()[0]
    if words == Protocol.ICMP.word:
        return Protocol.ICMP, ECHO
    match = _SERVICE.fullmatch(words)
    if match:
        protocol, number = Protocol[match[1].upper()], int(match[2])
        least, most = _SPANS[protocol]
        if least <= number <= most:
            return protocol, number
    names = ", ".join(sorted(plan.service))
    raise UsageError(
        f"{words}: no service\n  hint: like tcp/443, udp/53 or icmp (an echo), or one of {names}"
    )
