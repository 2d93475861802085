"""One packet, tried in a running town on request: does it reach, or is it dropped, and by what?

The packet is the first of a conversation, built as the gate's are. What must become of it is the
policy's word, under the plan that is in force; it is judged by the same witnesses as a case of the
gate, between the same sentinels and twins.
"""

from __future__ import annotations

import copy
import itertools
import zlib
from datetime import datetime
from typing import Any

from scenarios.capture.packet_io import Wire
from scenarios.probes.context import ProbeContext, probe_frame, shape_of
from scenarios.probes.frames import blank, build, replace_token, tokens
from scenarios.results.findings import command
from scenarios.run.replay import Order, planned, sent, twin
from sekisho.errors import UsageError
from sekisho.model import ECHO, JST, Attachment, Plan, Protocol
from sekisho.model.terms import in_force
from sekisho.plan.ends import attachment_named, service_named
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import JOURNAL_FILE
from topologies.town import Town

_SPORT = 40_000  # an ephemeral port (RFC 6335, 6: from 49152 by IANA; Linux takes 32768 to 60999)
_PROBE = "question"


class Questioner:
    """Answers ``{"op": "probe", "source": "nb", "target": "juki", "service": "tcp/443"}``.

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
        journal = Journal(self._town.folder / JOURNAL_FILE)
        plan = in_force(self._town.plan, journal.standing, datetime.now(JST))
        source, target = (attachment_named(plan, str(request[e])) for e in ("source", "target"))
        run = f"{self._town.folder.name}-{_PROBE}-{next(self._asked)}"
        first = _frame(plan, (source, target), shape_named(plan, str(request["service"])))
        case = planned(plan, Order(run, source.id, target.id, _PROBE, first))
        number = 1 if twin(plan, case) is None else 2
        frame = replace_token(first, tokens(zlib.crc32(run.encode()), [number])[0])
        town = copy.copy(self._town)
        town.plan = plan
        with Wire(town) as wire:
            facts = sent(town, wire, case, Order(run, source.id, target.id, _PROBE, frame))
        facts |= {"expect": "arrive" if case.to else "drop", "clause": case.clause}
        return {**facts, "where": case.where, "command": command(frame)}


def shape_named(plan: Plan, words: str) -> tuple[str, int]:
    """Return the shape of a frame that asks for what *words* name, and its destination port.

    Raises:
        UsageError: They name nothing, or a message of ICMP that asks for no echo.
    """
    protocol, port = service_named(plan, words)
    if protocol is not Protocol.ICMP:
        return shape_of(protocol), port
    if port != ECHO:
        raise UsageError(f"{words}: of ICMP an echo alone is tried\n  hint: icmp")
    return shape_of(protocol), 0


def _frame(plan: Plan, ends: tuple[Attachment, Attachment], what: tuple[str, int]) -> bytes:
    """Return the first packet of a conversation, with a blank token."""
    shape, port = what
    context = ProbeContext(plan, *ends, victim=ends[1], services=(), ports=lambda: _SPORT)
    return build(shape, [probe_frame(context, shape, port).fields], [blank()])[0]
