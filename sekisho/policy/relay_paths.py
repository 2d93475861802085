"""Through the shared thing: what *a* may do to *b* when a device between them is captured.

Pure: the closure of "may initiate to" over a plan, class by class. A way ``a -> X -> b`` counts
where *a* may open something on X, X may open something on *b*, and *a* may open nothing on *b*.
A *join* is the other kind: X opens both *a* and *b*, and what X reads at *a* it could write to
*b*, though the plan forbids that with the gravest severity. Each way is permitted by the plan's
``relays`` (and shown), or it is undeclared (and a finding).
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum

from sekisho.model import Allow, Attachment, Label, Plan, Relay
from sekisho.policy.matrix import matrix


class How(Enum):
    """Who begins the first half of a way."""

    RELAY = "relay"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class RelayPath:
    """All ways from one class through one device to one class.

    Attributes:
        source: Source class of *a*.
        destination: Destination class of *b*.
        clauses: What permits the first half, and what the second.
        example: Attachments *a* and *b* of one such way; the legs of X that carry it between.
        is_must_drop: Whether the plan denies the direct way with the gravest severity.
        declared: What the plan says of it, if it does.
    """

    how: How
    through: str
    source: str
    destination: str
    clauses: tuple[tuple[str, ...], tuple[str, ...]]
    example: tuple[Attachment, Attachment, Attachment, Attachment]
    is_must_drop: bool
    declared: Relay | None


@dataclass(frozen=True, slots=True)
class _Half:
    clause: str
    begins: Attachment
    reached: Attachment


#: Two halves that make a way.
_Pair = tuple[_Half, _Half]


def ways(plan: Plan) -> list[RelayPath]:
    """Return every way through every device, relays before joins, in the order of the plan."""
    into, out = dict[str, list[_Half]](), dict[str, list[_Half]]()
    for half in _halves(plan):
        into.setdefault(half.reached.device, []).append(half)
        out.setdefault(half.begins.device, []).append(half)
    direct = {(half.begins.id, half.reached.id) for halves in into.values() for half in halves}
    drops = {key for key, cell in matrix(plan).items() if cell.is_must_drop}
    relays, joins = list[RelayPath](), list[RelayPath]()
    for device in plan.devices:
        behind = out.get(device.id, [])
        for how, to, found in (
            (How.RELAY, relays, _relays(into.get(device.id, []), behind, direct)),
            (How.JOIN, joins, _joins(behind, direct, drops)),
        ):
            for ends, pairs in found.items():
                to.append(_way(plan, (how, device.id, *ends), pairs, ends in drops))
    return [*relays, *joins]


def _relays(
    into: list[_Half], out: list[_Half], direct: AbstractSet[tuple[str, str]]
) -> dict[tuple[str, str], list[_Pair]]:
    """Return every two halves that a device could relay, by the classes of their ends."""
    found: dict[tuple[str, str], list[_Pair]] = {}
    for second in out:
        b = second.reached
        for first in into:
            a = first.begins
            if a.device != b.device and (a.id, b.id) not in direct:
                found.setdefault((a.source, b.destination), []).append((first, second))
    return found


def _joins(
    out: list[_Half], direct: AbstractSet[tuple[str, str]], drops: AbstractSet[tuple[str, str]]
) -> dict[tuple[str, str], list[_Pair]]:
    """Return every two halves that a device begins, whose ends must never meet."""
    found: dict[tuple[str, str], list[_Pair]] = {}
    for second in out:
        b = second.reached
        for first in out:
            a, ends = first.reached, (first.reached.source, b.destination)
            is_other = first is not second and a.device != b.device
            if is_other and ends in drops and (a.id, b.id) not in direct:
                found.setdefault(ends, []).append((first, second))
    return found


def undeclared(plan: Plan) -> list[RelayPath]:
    """Return the ways that the plan does not declare."""
    return [way for way in ways(plan) if way.declared is None]


def told_of_undeclared(plan: Plan) -> Iterator[tuple[str, Label, Label]]:
    """Yield place, words and hint of each device that has ways nobody declared."""
    through: dict[str, list[RelayPath]] = {}
    for way in undeclared(plan):
        through.setdefault(way.through, []).append(way)
    for device, own in through.items():
        worst = max(own, key=lambda way: way.is_must_drop)
        more = len(own) - 1
        ja, en = (f"(ほか{more:,})", f" (and {more:,} more)") if more else ("", "")
        path = f"{worst.source} → {device} → {worst.destination}"
        yield (
            plan.device[device].where,
            Label(f"{device} が取り次げば {path} の道ができるが、relays に書かれていない{ja}",
                  f"were {device} to pass it on, {path} would be a way, "
                  f"and relays says nothing{en}"),
            Label("機器が何をして防ぐかを relays に書くか、許可を狭める。"
                  "一覧は sekisho plan paths",
                  "say under relays what the device does about it, or narrow a rule; all of them: "
                  "sekisho plan paths"),
        )  # fmt: skip


def _halves(plan: Plan) -> Iterator[_Half]:
    """Yield who may initiate to whom, once a clause."""
    seen: set[tuple[str, str, str]] = set()
    for clause in plan.clauses:
        for allow in clause.allows:
            reached = [b for b in plan.attachments if _is_reached(plan, allow, b)]
            for a in plan.attachments:
                if not _may_begin(allow, a):
                    continue
                for b in reached:
                    key = (clause.id, a.id, b.id)
                    if a.device != b.device and key not in seen:
                        seen.add(key)
                        yield _Half(clause.id, a, b)


def _may_begin(allow: Allow, a: Attachment) -> bool:
    return a.registered and allow.lets(a)


def _is_reached(plan: Plan, allow: Allow, b: Attachment) -> bool:
    runs = set(b.services) & set(allow.services)
    return b.registered and allow.reaches(b) and bool(runs)


def _way(
    plan: Plan,
    key: tuple[How, str, str, str],
    pairs: list[tuple[_Half, _Half]],
    is_must_drop: bool,
) -> RelayPath:
    how, through, source, destination = key
    first, second = pairs[0]
    start, leg = (
        (first.begins, first.reached) if how is How.RELAY else (first.reached, first.begins)
    )
    return RelayPath(
        how=how,
        through=through,
        source=source,
        destination=destination,
        clauses=(
            tuple(dict.fromkeys(f.clause for f, _ in pairs)),
            tuple(dict.fromkeys(s.clause for _, s in pairs)),
        ),
        example=(start, leg, second.begins, second.reached),
        is_must_drop=is_must_drop,
        declared=declared(plan, through, source, destination),
    )


def declared(plan: Plan, through: str, source: str, destination: str) -> Relay | None:
    """Return what the plan says of the ways from class *source* through a device to a class."""
    return next(
        (
            relay
            for relay in plan.relays
            if through in relay.through
            and source in relay.sources
            and destination in relay.destinations
        ),
        None,
    )
