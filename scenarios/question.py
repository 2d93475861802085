"""One packet, tried in a running town on request: does it reach, or is it dropped, and by what?

The packet is the first of a conversation, built as the gate's are. What must become of it is the
policy's word, under the plan that is in force; it is judged by the same witnesses as a case of the
gate, between the same sentinels and twins.
"""

from __future__ import annotations

import copy
import itertools
import zlib
from difflib import get_close_matches
from typing import Any

from scenarios.bout import Bout, shot
from scenarios.findings import command
from scenarios.frames import blank, build, replace_token, tokens
from scenarios.replay import Order, planned, sent, twin
from scenarios.wire import Wire
from sekisho.changes import applied
from sekisho.errors import UsageError
from sekisho.journal import Journal
from sekisho.model import Attachment, Plan, Protocol
from topologies.town import Town

_SPORT = 40_000  # an ephemeral port (RFC 6335, 6: from 49152 by IANA; Linux takes 32768 to 60999)
_PROBE = "question"
_ICMP, _ECHO = "icmp", "icmp-echo"


class Questioner:
    """Answers ``{"do": "probe", "source": "nb", "target": "juki", "service": "tcp/443"}``.

    The answer has ``expect`` (``arrive`` or ``drop``, the policy's word), ``verdict``, ``reason``,
    ``where`` (file and line of the plan that decides), ``clause``, ``seen_at`` and what the
    witnesses said.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self._asked = itertools.count(1)

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send the packet, and say what became of it.

        Raises:
            UsageError: The plan knows no such attachment, or the service cannot be read.
        """
        journal = Journal(self._town.folder / "changes.jsonl")
        plan = applied(self._town.plan, journal.standing)
        source, target = (_attachment(plan, str(request[end])) for end in ("source", "target"))
        run = f"{self._town.folder.name}-{_PROBE}-{next(self._asked)}"
        first = _frame(plan, (source, target), service(plan, str(request["service"])))
        case = planned(plan, Order(run, source.id, target.id, _PROBE, first))
        number = 1 if twin(plan, case) is None else 2
        frame = replace_token(first, tokens(zlib.crc32(run.encode()), [number])[0])
        town = copy.copy(self._town)
        town.plan = plan
        with Wire(town) as wire:
            facts = sent(town, wire, case, Order(run, source.id, target.id, _PROBE, frame))
        facts |= {"expect": "arrive" if case.to else "drop", "clause": case.clause}
        return {**facts, "where": case.where, "command": command(frame)}


def service(plan: Plan, words: str) -> tuple[str, int]:
    """Return the shape and the destination port that *words* name.

    Args:
        plan: Its services may be named.
        words: ``tcp/443``, ``udp/53``, ``icmp``, or the id of a service: its first port.

    Raises:
        UsageError: They name nothing.
    """
    if words == _ICMP:
        return _ECHO, 0
    if words in plan.service:
        found = plan.service[words]
        if found.protocol is Protocol.ICMP:
            return _ECHO, 0
        return found.protocol.name.lower(), found.edges()[0]
    protocol, slash, port = words.partition("/")
    known = [each.name.lower() for each in (Protocol.TCP, Protocol.UDP)]
    if not (slash and protocol in known and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise UsageError(
            f"{words}: names no service\n"
            f"  hint: tcp/443, udp/53, icmp, or one of {', '.join(sorted(plan.service))}"
        )
    return protocol, int(port)


def _attachment(plan: Plan, name: str) -> Attachment:
    """Return the attachment *name*, or the only one of the device so called.

    Raises:
        UsageError: There is none, or the device has several.
    """
    if name in plan.attachment:
        return plan.attachment[name]
    of_device = [each for each in plan.attachments if each.device == name]
    if len(of_device) == 1:
        return of_device[0]
    known = [each.id for each in of_device] or get_close_matches(name, list(plan.attachment))
    said = "has several attachments" if of_device else "the plan knows no such attachment"
    raise UsageError(f"{name}: {said}\n  hint: {' or '.join(known) or 'sekisho plan show --hosts'}")


def _frame(plan: Plan, ends: tuple[Attachment, Attachment], what: tuple[str, int]) -> bytes:
    """Return the first packet of a conversation, with a blank token."""
    shape, port = what
    bout = Bout(plan, *ends, victim=ends[1], services=(), ports=lambda: _SPORT)
    return build(shape, [shot(bout, shape, port).fields], [blank()])[0]
