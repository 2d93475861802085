"""Faults of the instrument itself: it is really broken, and must then say that it cannot judge.

Broken are the very sockets, functions and counters of the running session; nothing in them knows
of it. A gate that passes with a broken instrument would pass with any town.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from scenarios.capture import observations as observed
from scenarios.capture.canaries import Canaries
from scenarios.capture.places import Place, places
from scenarios.capture.rx_ring import CapturedCopy, Ring
from scenarios.engine.config_watch import AFTER, BEFORE, ConfigWatch
from scenarios.mutants.harness import (
    INCONCLUSIVE,
    SURVIVED,
    WITNESS_F,
    Mutant,
    MutantResult,
    MutationHarness,
)
from scenarios.mutants.planting import restore
from scenarios.probes.windows import CasePlan
from sekisho.evidence.verdict import Verdict
from sekisho.model import Attachment, Plan
from sekisho.openflow.flow_dump import FlowLine
from topologies.ovs import state
from topologies.town import Town

#: Breaks a part of the instrument, and mends it.
Planting = Callable[[MutationHarness], AbstractContextManager[None]]
#: What the broken instrument is asked.
Try = Callable[[MutationHarness], MutantResult]
#: Tells whether a case needs what is broken.
Blind = Callable[[CasePlan], bool]
_PROTOCOL_AT, _TCP = 23, 6  # of an IPv4 header behind an untagged Ethernet header


def mutants(plan: Plan) -> list[Mutant]:
    """Return every way of breaking the instrument."""
    every: list[tuple[str, str, Planting, Try]] = [
        (words, place, planted, _tried(is_blind))
        for words, place, planted, is_blind in _faults(plan.attachments)
    ]
    for place in places(plan):
        every += [(w, place.name, p, _tried(lambda case: True)) for w, p in _blinded(place)]
    every += [
        ("late copies are not written down", "observations", _never("late"), _proved),
        ("strays are not written down", "observations", _never("strays"), _proved),
        ("the fabric is not read again", "the fabric", _stale, _compared),
        ("one switch is not read", "the fabric", _unread, _compared),
    ]
    return [
        Mutant(("M-40",), "instrument", place, words, planted, tried)
        for words, place, planted, tried in every
    ]


def _tried(is_blind: Blind) -> Try:
    """Judge with the broken instrument: no case that needs the broken part may pass."""

    def tried(harness: MutationHarness) -> MutantResult:
        suite = [case for case in harness.suite(None) if not case.is_residual]
        plans = {case.number: case for case in suite}
        judged = harness.attempt(suite).judgements
        blind = [j for j in judged if is_blind(plans[j.case])]
        wrong = next((j for j in blind if j.verdict is not Verdict.INCONCLUSIVE), None)
        if wrong is not None or not blind:
            how = f"{plans[wrong.case].name} is {wrong.verdict.value}" if wrong else "nothing asked"
            return MutantResult(SURVIVED, "", how, len(suite))
        return MutantResult(INCONCLUSIVE, plans[blind[0].case].probe, blind[0].reason, len(blind))

    return tried


def _proved(harness: MutationHarness) -> MutantResult:
    """Close the run with broken observations: its canaries must be missed."""
    session = harness.session
    canaries = Canaries(harness.plan, session.observed, session.run)
    canaries.send(harness.wire)
    harness.wire.settle()
    session.listen()
    session.observed.settle()
    missing = canaries.taken_out()
    if not missing:
        return MutantResult(SURVIVED, "", "every canary was told", 1)
    return MutantResult(INCONCLUSIVE, "canaries", missing[0].en, 1)


def _compared(harness: MutationHarness) -> MutantResult:
    """Compare the fabric, and once more with a rule gone: something must be told."""
    around, switch = ConfigWatch(harness.town, harness.plan), harness.plan.switches[0].id
    around.compare(BEFORE)
    with _dropless(harness, switch):
        around.compare(AFTER)
    if not around.differences:
        return MutantResult(SURVIVED, "", f"a rule of {switch} was gone, and nothing differed", 1)
    return MutantResult(INCONCLUSIVE, WITNESS_F, around.differences[0].en, 1)


@contextmanager
def _dropless(harness: MutationHarness, switch: str) -> Iterator[None]:
    """The last resort of one table is gone meanwhile."""
    harness.ofctl("--strict", "del-flows", switch, "table=5,priority=0")
    try:
        yield
    finally:
        restore(harness.town, [switch])


def _blinded(place: Place) -> Iterator[tuple[str, Planting]]:
    """Ways of blinding one capture: it is gone, it is closed, or nobody reads it."""
    yield "a capture is missing", lambda harness: _without(harness, place)
    yield "a capture is closed", lambda harness: _replaced(harness, place, _Closed())
    if place.kind != "local":  # nothing ever comes there: it is down, and compared
        yield (
            "nobody reads a capture",
            lambda harness: _replaced(harness, place, _Unread(harness.wire.rings[place])),
        )


@contextmanager
def _without(harness: MutationHarness, place: Place) -> Iterator[None]:
    """The ring stays open and fills; nobody knows of it."""
    ring = harness.wire.rings.pop(place)
    try:
        yield
    finally:
        _put_back(harness, place, ring)


@contextmanager
def _replaced(harness: MutationHarness, place: Place, other: object) -> Iterator[None]:
    """Something else is in the place of a ring."""
    ring = harness.wire.rings[place]
    harness.wire.rings[place] = other  # type: ignore[assignment]  # on purpose
    try:
        yield
    finally:
        _put_back(harness, place, ring)


def _put_back(harness: MutationHarness, place: Place, ring: Ring) -> None:
    harness.wire.rings[place] = ring
    for _ in ring.drain():
        pass
    ring.dropped = 0  # its own doing, while nobody read


class _Closed:
    """What is left of a capture whose socket was closed."""

    dropped = captured = 0
    is_half_full = is_listening = False

    def drain(self) -> Iterator[CapturedCopy]:
        return iter(())


class _Unread:
    """A ring that swallows what it has caught."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def __getattr__(self, name: str) -> object:
        return getattr(self._ring, name)

    def drain(self) -> Iterator[CapturedCopy]:
        for _ in self._ring.drain():
            pass
        return iter(())


def _never(name: str) -> Planting:
    """One list of the observations takes nothing."""

    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        observed = harness.session.observed
        right = getattr(observed, name)
        setattr(observed, name, _Empty())
        try:
            yield
        finally:
            setattr(observed, name, right)

    return planted


class _Empty(list[object]):
    """A list that keeps nothing."""

    def append(self, _item: object) -> None:
        """Keep nothing."""


@contextmanager
def _stale(harness: MutationHarness) -> Iterator[None]:
    """Whoever asks for the fabric gets what it was once."""
    once = state.read(harness.town)
    with _patched(lambda town: once):
        yield


@contextmanager
def _unread(harness: MutationHarness) -> Iterator[None]:
    """The first switch is left out of the reading."""
    read, switch = state.read, harness.plan.switches[0].id

    def partly(town: Town) -> state.Reading:
        found = read(town)
        left = frozenset(s for s in found.statements if s.place != switch)
        return state.Reading(left, found.dumps)

    with _patched(partly):
        yield


@contextmanager
def _patched(reader: Callable[[Town], state.Reading]) -> Iterator[None]:
    right = state.read
    setattr(state, "read", reader)  # noqa: B010  # on purpose
    try:
        yield
    finally:
        setattr(state, "read", right)  # noqa: B010


def _faults(
    everybody: Sequence[Attachment],
) -> Iterator[tuple[str, str, Planting, Blind]]:
    """The words, the place, how it is broken and mended, and which cases need the broken part."""
    target, sender = everybody[-1], everybody[0]
    where = {a.id: n for n, a in enumerate(everybody)}

    def dying(case: CasePlan) -> bool:
        return case.target.id == target.id and not case.to

    yield "the search for tokens is off", "observations", _no_tokens, lambda case: True
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
def _no_tokens(_harness: MutationHarness) -> Iterator[None]:
    search = getattr(observed, "frame_numbers")  # noqa: B009  # its import, not its own
    setattr(observed, "frame_numbers", lambda run, data: [])  # noqa: B010  # on purpose
    try:
        yield
    finally:
        setattr(observed, "frame_numbers", search)  # noqa: B010


@contextmanager
def _muted(harness: MutationHarness, position: int) -> Iterator[None]:
    senders = harness.wire._senders
    right = senders[position]
    senders[position] = _Mute()  # type: ignore[assignment]  # a socket that swallows
    try:
        yield
    finally:
        senders[position] = right


@contextmanager
def _twins(harness: MutationHarness, position: int) -> Iterator[None]:
    inject = harness.wire.inject

    def lossy(frames: Sequence[tuple[int, bytes]]) -> None:
        inject([(p, x) for p, x in frames if p != position or x[_PROTOCOL_AT] != _TCP])

    harness.wire.inject = lossy  # type: ignore[method-assign]
    try:
        yield
    finally:
        del harness.wire.inject  # the class's own again


@contextmanager
def _uncounted(harness: MutationHarness, switch: str) -> Iterator[None]:
    session, read = harness.session, harness.session._drop_rules

    def blind() -> dict[str, list[FlowLine]]:
        return {**read(), switch: []}

    session._drop_rules = blind  # type: ignore[method-assign]
    try:
        yield
    finally:
        del session._drop_rules  # the class's own again


@contextmanager
def _lossy(harness: MutationHarness, target: Attachment) -> Iterator[None]:
    ring = harness.wire.rings[Place("attachment", target.id)]
    ring.dropped += 1
    try:
        yield
    finally:
        ring.dropped -= 1
