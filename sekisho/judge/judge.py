"""What was seen, against what the plan means: the verdict of every case of a window.

Pure: takes expectations (made with `sekisho.policy.evaluate`), observations and counters; knows
neither how tables were compiled nor how frames were sent. A case that must die passes only with all
six witnesses, checked here in this order:

a. every frame was seen leaving its sender;
c. none was seen anywhere else: not at the target, not on a link between switches, not in the
   guard's channel, not quoted, not answered;
d. no capture lost a copy, and the sentinels before and after were heard everywhere;
b. the positive twins towards the same target arrived exactly once;
f. tables and links are as they were before;
e. the counter of the rule that should drop it rose by exactly the copies sent: so each came as far
   as that rule. Where rules have other names (somebody else's controller), positive frames must
   show that the way is alive: from the same sender, from its switch to the target's, and on the
   last cable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sekisho.evidence.verdict import Verdict
from sekisho.judge.counters import NOTHING, DropCounters, Expectation, Seen
from sekisho.packet.packet import DropPoint


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the instrument can be believed in this window.

    Attributes:
        not_receiving: Places where the sentinels were not all heard.
        lossy: Capture points that lost copies.
        changed: What of the town changed meanwhile (tables, links), in words.
        uncounted: Switches whose counters could not be read.
        is_attributed: False where somebody else's controller guards: its rules have other names.
        lost: Lines and queues that lost frames, by the plan or by overload: then a frame that is
            nowhere was not necessarily stopped by a rule.
        stuck: Why not everything was sent and heard to its end, in words; then only leaks count.
        stalled: What stood still meanwhile, in words: then what is missing is not the town's fault.
    """

    not_receiving: frozenset[str] = frozenset()
    lossy: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    uncounted: frozenset[str] = frozenset()
    is_attributed: bool = True
    lost: tuple[str, ...] = ()
    stuck: str = ""
    stalled: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict of one case and the numbers that it rests on.

    Attributes:
        arrived: Copies at the target.
        elsewhere: Copies anywhere else where the plan does not want them.
        expected: Copies that the dropping rule should have counted, all its cases together.
        counted: What its counter rose by.
        twins_arrived: Copies of the twins that arrived.
        seen_at: Where copies were seen that must not have been.
    """

    case: int
    verdict: Verdict
    reason: str
    sent: int
    sent_seen: int
    arrived: int
    elsewhere: int
    answered: int
    expected: int
    counted: int
    twins_arrived: int
    seen_at: tuple[str, ...] = ()


def judge(
    expectations: Iterable[Expectation],
    seen: Mapping[int, Seen],
    counted: Mapping[DropPoint, int],
    health: Health,
    *,
    others: Mapping[DropPoint, int] = MappingProxyType({}),
) -> list[Judgement]:
    """Judge every case of one window.

    Args:
        expectations: The cases.
        seen: What was heard of each frame, by frame number; a frame never heard may be missing.
        counted: By how much each dropping rule's counter rose.
        health: Whether the instrument can be believed.
        others: Copies of no case that must have died, by rule.
    """
    cases = list(expectations)
    counters = DropCounters(cases, seen, counted, others)
    return [_judge(case, seen, counters, health) for case in cases]


def _judge(
    case: Expectation,
    seen: Mapping[int, Seen],
    counters: DropCounters,
    health: Health,
) -> Judgement:
    facts = _facts(case, seen, counters, is_way_known=health.is_attributed)
    verdict, reason = _verdict(facts, health)
    return Judgement(
        case=case.case,
        verdict=verdict,
        reason=reason,
        sent=len(case.frames),
        sent_seen=facts.sent_seen,
        arrived=facts.arrived,
        elsewhere=sum(n for p, n in facts.strays.items() if p != case.target),
        answered=facts.answers,
        expected=facts.expected,
        counted=facts.counted,
        twins_arrived=sum(facts.twins),
        seen_at=tuple(sorted(facts.strays)) if verdict is Verdict.LEAK else (),
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    case: Expectation
    sent_seen: int
    muted: int
    arrived: int
    once: bool
    missed: frozenset[str]
    strays: dict[str, int]
    answers: int
    twins: tuple[int, ...]
    expected: int
    counted: int
    is_unsure: bool
    strays_counted: str
    has_pilot: bool
    has_carrier: bool


def _facts(
    case: Expectation, seen: Mapping[int, Seen], counters: DropCounters, *, is_way_known: bool
) -> _Facts:
    """Add up what was seen of all frames of one case."""
    expected, counted, is_unsure = counters.of(case)
    frames = [seen.get(number, NOTHING) for number in case.frames]
    places = Counter[str]()
    for frame in frames:
        places.update(frame.places)
    strays = {p: n for p, n in places.items() if p != case.to and p not in case.via}
    missed = set[str]()
    for place in case.via if is_way_known else ():
        copies = [frame.places[place] for frame in frames]
        if any(n > 1 for n in copies):
            strays[place] = places[place] - len(frames)
        if not all(copies):
            missed.add(place)
    twins = [seen.get(number, NOTHING).places[case.target] for number in case.twins]
    return _Facts(
        case=case,
        sent_seen=sum(frame.own for frame in frames),
        muted=sum(frame.own != 1 for frame in frames),
        arrived=places[case.target],
        once=all(frame.places[case.to] == 1 for frame in frames) if case.to else False,
        missed=frozenset(missed),
        strays=strays,
        answers=sum(frame.answers for frame in frames),
        twins=tuple(twins),
        expected=expected,
        is_unsure=is_unsure,
        strays_counted=counters.stray(case),
        counted=counted,
        has_pilot=any(seen.get(n, NOTHING).places[at] for n, at in case.pilots),
        has_carrier=any(seen.get(n, NOTHING).places[at] for n, at in case.carriers),
    )


def _distrust(facts: _Facts, health: Health) -> str:
    """Why the instrument cannot be believed about this case, or empty."""
    if health.stuck:
        return health.stuck
    if not facts.case.frames:
        return "nothing was sent"
    if facts.muted:
        return f"{facts.muted} of {len(facts.case.frames)} frames were not seen leaving the sender"
    if health.lossy:
        return f"captures lost copies at {', '.join(health.lossy[:3])}"
    if health.not_receiving:
        return f"no sentinel was heard at {', '.join(sorted(health.not_receiving)[:3])}"
    if health.changed:
        return f"the town changed meanwhile: {', '.join(health.changed[:3])}"
    return ""


def _verdict(facts: _Facts, health: Health) -> tuple[Verdict, str]:
    if facts.case.is_residual:
        doubt = _distrust(facts, health)
        if doubt:
            return Verdict.INCONCLUSIVE, doubt
        return Verdict.RESIDUAL, (
            f"no switch can tell it from the true station: {facts.arrived} of "
            f"{len(facts.case.frames)} arrived"
        )
    return _allowed(facts, health) if facts.case.to else _denied(facts, health)


def _allowed(facts: _Facts, health: Health) -> tuple[Verdict, str]:
    if facts.strays:
        return Verdict.LEAK, f"also seen at {', '.join(sorted(facts.strays))}"
    doubt = _distrust(facts, health)
    if doubt:
        return Verdict.INCONCLUSIVE, doubt
    if not facts.once and health.lost:
        return Verdict.INCONCLUSIVE, f"frames were lost meanwhile by {', '.join(health.lost[:3])}"
    if not facts.once and health.stalled:
        return Verdict.INCONCLUSIVE, health.stalled
    if facts.once and facts.missed:
        return Verdict.INCONCLUSIVE, (
            f"permitted frames arrived that were not seen at {', '.join(sorted(facts.missed))}"
        )
    if not facts.once:
        return Verdict.OVERBLOCK, (
            f"{facts.arrived} copies of {len(facts.case.frames)} permitted frames arrived"
        )
    return Verdict.PASS, ""


def _denied(facts: _Facts, health: Health) -> tuple[Verdict, str]:
    if facts.strays or facts.answers:  # a leak is a leak, however ill the instrument is
        where = sorted(facts.strays) or ["the sender, as an answer"]
        return Verdict.LEAK, f"a forbidden frame was seen at {', '.join(where)}"
    doubt = _distrust(facts, health)
    if doubt:
        return Verdict.INCONCLUSIVE, doubt
    if not facts.twins:
        return Verdict.INCONCLUSIVE, "no positive twin was sent to the target"
    if any(copies != 1 for copies in facts.twins):
        return Verdict.INCONCLUSIVE, (
            f"{sum(facts.twins)} copies of {len(facts.twins)} positive twins arrived at the target"
        )
    if facts.missed:
        return Verdict.INCONCLUSIVE, (
            f"frames were sent that were not seen at {', '.join(sorted(facts.missed))}"
        )
    if not health.is_attributed:
        return _unattributed_drop(facts)
    if facts.case.drop is None or facts.case.drop.switch in health.uncounted:
        return Verdict.INCONCLUSIVE, f"the counter of {facts.case.drop} was not read"
    if facts.counted != facts.expected and health.stalled:
        return Verdict.INCONCLUSIVE, health.stalled
    if facts.counted != facts.expected and facts.is_unsure:
        return Verdict.INCONCLUSIVE, (
            f"{facts.case.drop} also drops frames that were not seen leaving their sender"
        )
    if facts.counted < facts.expected and health.lost:
        return Verdict.INCONCLUSIVE, f"frames were lost meanwhile by {', '.join(health.lost[:3])}"
    if facts.counted != facts.expected:
        return Verdict.UNATTRIBUTED, (
            f"{facts.case.drop} counted {facts.counted} of {facts.expected} copies"
        )
    if facts.strays_counted:
        return Verdict.UNATTRIBUTED, facts.strays_counted
    return Verdict.PASS, ""


def _unattributed_drop(facts: _Facts) -> tuple[Verdict, str]:
    """Judge a drop by rules whose names are not known: the way to them must be alive."""
    if not facts.has_pilot:
        return Verdict.INCONCLUSIVE, (
            "no permitted frame of the same sender arrived anywhere: nothing shows that the "
            "controller lets in what it sends"
        )
    if not facts.has_carrier:
        return Verdict.INCONCLUSIVE, (
            "no permitted frame came from the sender's switch to the target's: nothing shows "
            "that the way between is alive"
        )
    return Verdict.PASS, "dropped; by which rule is not known (not our controller)"
