"""Faults of the instrument itself: it is really broken, and must then say that it cannot judge.

Broken are the very sockets, functions and counters of the running session; nothing in them knows
of it. A gate that passes with a broken instrument would pass with any town.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from scenarios import ledger
from scenarios.gate import CasePlan
from scenarios.mutants.ground import SURVIVED, VOID, Ground, Mutant, Told
from scenarios.places import Place
from sekisho.dumps import FlowLine
from sekisho.evidence import Verdict
from sekisho.model import Attachment, Plan

#: Tells whether a case needs what is broken.
Blind = Callable[[CasePlan], bool]
_PROTOCOL_AT, _TCP = 23, 6  # of an IPv4 header behind an untagged Ethernet header


def mutants(plan: Plan) -> list[Mutant]:
    """Return every way of breaking the instrument."""
    return [
        Mutant(("M-40",), "instrument", place, words, planted, _tried(is_blind))
        for words, place, planted, is_blind in _faults(plan.attachments)
    ]


def _tried(is_blind: Blind) -> Callable[[Ground], Told]:
    """Judge with the broken instrument: no case that needs the broken part may pass."""

    def tried(ground: Ground) -> Told:
        suite = [case for case in ground.suite(None) if not case.is_residual]
        plans = {case.number: case for case in suite}
        judged = ground.attempt(suite).judgements
        blind = [j for j in judged if is_blind(plans[j.case])]
        wrong = next((j for j in blind if j.verdict is not Verdict.VOID), None)
        if wrong is not None or not blind:
            how = f"{plans[wrong.case].name} is {wrong.verdict.value}" if wrong else "nothing asked"
            return Told(SURVIVED, "", how, len(suite))
        return Told(VOID, plans[blind[0].case].probe, blind[0].reason, len(blind))

    return tried


def _faults(
    everybody: Sequence[Attachment],
) -> Iterator[tuple[str, str, Callable[[Ground], AbstractContextManager[None]], Blind]]:
    """The words, the place, how it is broken and mended, and which cases need the broken part."""
    target, sender = everybody[-1], everybody[0]
    where = {a.id: n for n, a in enumerate(everybody)}

    def towards(case: CasePlan) -> bool:
        return target.id in (case.target.id, case.source.id)

    def dying(case: CasePlan) -> bool:
        return case.target.id == target.id and not case.to

    yield "a capture is missing", target.id, lambda g: _deaf(g, target), towards
    yield "the search for tokens is off", "ledger", _no_tokens, lambda case: True
    yield (
        "a sender is muted",
        sender.id,
        lambda g: _muted(g, where[sender.id]),
        lambda case: case.source.id == sender.id,
    )
    yield (
        "the twins of one shape are dropped",
        target.id,
        lambda g: _twins(g, where[target.id]),
        dying,
    )
    switch = sender.at.switch
    yield (
        "the drop counters are ignored",
        switch,
        lambda g: _uncounted(g, switch),
        lambda case: case.drop is not None and case.drop.switch == switch,
    )
    yield "a capture loses copies", target.id, lambda g: _lossy(g, target), lambda case: True


class _Mute:
    """A socket that swallows what it should send."""

    def send(self, data: bytes) -> int:
        return len(data)


@contextmanager
def _deaf(ground: Ground, target: Attachment) -> Iterator[None]:
    """The ring stays open and fills; nobody reads it."""
    place = Place("attachment", target.id)
    rings = dict(ground.wire.rings)
    del ground.wire.rings[place]
    try:
        yield
    finally:
        ground.wire.rings.clear()
        ground.wire.rings.update(rings)
        for _ in rings[place].drain():
            pass
        rings[place].dropped = 0  # its own doing, while nobody read


@contextmanager
def _no_tokens(ground: Ground) -> Iterator[None]:
    del ground
    search = getattr(ledger, "frame_numbers")  # noqa: B009  # its import, not its own
    setattr(ledger, "frame_numbers", lambda run, data: [])  # noqa: B010  # on purpose
    try:
        yield
    finally:
        setattr(ledger, "frame_numbers", search)  # noqa: B010


@contextmanager
def _muted(ground: Ground, position: int) -> Iterator[None]:
    senders = ground.wire._senders
    right = senders[position]
    senders[position] = _Mute()  # type: ignore[assignment]  # a socket that swallows
    try:
        yield
    finally:
        senders[position] = right


@contextmanager
def _twins(ground: Ground, position: int) -> Iterator[None]:
    whisper = ground.wire.whisper

    def lossy(frames: Sequence[tuple[int, bytes]]) -> None:
        whisper([(p, x) for p, x in frames if p != position or x[_PROTOCOL_AT] != _TCP])

    ground.wire.whisper = lossy  # type: ignore[method-assign]
    try:
        yield
    finally:
        del ground.wire.whisper  # the class's own again


@contextmanager
def _uncounted(ground: Ground, switch: str) -> Iterator[None]:
    session, read = ground.session, ground.session._drop_rules

    def blind() -> dict[str, list[FlowLine]]:
        return {**read(), switch: []}

    session._drop_rules = blind  # type: ignore[method-assign]
    try:
        yield
    finally:
        del session._drop_rules  # the class's own again


@contextmanager
def _lossy(ground: Ground, target: Attachment) -> Iterator[None]:
    ring = ground.wire.rings[Place("attachment", target.id)]
    ring.dropped += 1
    try:
        yield
    finally:
        ring.dropped -= 1
