"""Through the shared thing: what *a* may do to *b* when a device between them is captured.

Pure: the closure of "may initiate to" over a plan, class by class. A way ``a -> X -> b`` counts
where *a* may open something on X, X may open something on *b*, and *a* may open nothing on *b*.
A *join* is the other kind: X opens both *a* and *b*, and what X reads at *a* it could write to
*b*, though the plan forbids that with the gravest severity. Each way is permitted by the plan's
``relays`` (and shown), or it is undeclared (and a finding).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class _Alike:
    """Halves of one clause whose ends are of one class and may open the same.

    Attributes:
        source: The class of the end that a way starts from.
        reach: What each of these ends may open directly.
        halves: With their place among all, and the end.
    """

    clause: str
    source: str
    reach: frozenset[str]
    halves: list[tuple[int, _Half, Attachment]]


@dataclass(frozen=True, slots=True)
class _Found:
    """Ways of two classes: one of them, and the clauses of all, of each half."""

    example: tuple[_Half, _Half]
    firsts: dict[str, None]
    seconds: dict[str, None]


_Ends = tuple[str, str]


def ways(plan: Plan) -> list[RelayPath]:
    """Return every way through every device, relays before joins, in the order of the plan."""
    into, out = dict[str, list[_Half]](), dict[str, list[_Half]]()
    reach: dict[str, set[str]] = {a.id: set() for a in plan.attachments}
    for half in _halves(plan):
        into.setdefault(half.reached.device, []).append(half)
        out.setdefault(half.begins.device, []).append(half)
        reach[half.begins.id].add(half.reached.id)
    known: dict[frozenset[str], frozenset[str]] = {}  # those that are equal are one, and quick
    direct = {a: known.setdefault(frozenset(b), frozenset(b)) for a, b in reach.items()}
    drops = {key for key, cell in matrix(plan).items() if cell.is_must_drop}
    relays, joins = list[RelayPath](), list[RelayPath]()
    for device in plan.devices:
        behind = out.get(device.id, [])
        to_it = _alike([(half, half.begins) for half in into.get(device.id, [])], direct)
        from_it = _alike([(half, half.reached) for half in behind], direct)
        for how, ways_of, found in (
            (How.RELAY, relays, _together(to_it, behind, None)),
            (How.JOIN, joins, _together(from_it, behind, drops)),
        ):
            for ends, some in found.items():
                ways_of.append(_way(plan, (how, device.id, *ends), some, ends in drops))
    return [*relays, *joins]


def _alike(
    some: list[tuple[_Half, Attachment]], direct: Mapping[str, frozenset[str]]
) -> list[_Alike]:
    """Return *some* halves, each with the end that a way starts from, by what is alike."""
    out: dict[tuple[str, str, int], _Alike] = {}
    for place, (half, end) in enumerate(some):
        reach = direct[end.id]
        key = half.clause, end.source, id(reach)
        alike = out.setdefault(key, _Alike(half.clause, end.source, reach, []))
        alike.halves.append((place, half, end))
    return list(out.values())


def _together(
    firsts: list[_Alike], seconds: list[_Half], only: AbstractSet[_Ends] | None
) -> dict[_Ends, _Found]:
    """Return the ways that first and second halves make, by the classes of their ends.

    Args:
        firsts: The first halves.
        seconds: The second halves.
        only: No others than these.
    """
    found: dict[_Ends, _Found] = {}
    for second in seconds:
        b = second.reached
        can = [
            (*first, alike)
            for alike in firsts
            if b.id not in alike.reach and (only is None or (alike.source, b.destination) in only)
            if (first := _first(alike, second)) is not None
        ]
        for _, half, alike in sorted(can, key=lambda one: one[0]):
            ends = alike.source, b.destination
            of = found.setdefault(ends, _Found((half, second), {}, {}))
            of.firsts.setdefault(alike.clause)
            of.seconds.setdefault(second.clause)
    return found


def _first(alike: _Alike, second: _Half) -> tuple[int, _Half] | None:
    """Return the first half that goes on with *second* to another device, with its place."""
    device = second.reached.device
    return next(
        (
            (place, half)
            for place, half, end in alike.halves
            if end.device != device and half is not second
        ),
        None,
    )


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
    found: _Found,
    is_must_drop: bool,
) -> RelayPath:
    how, through, source, destination = key
    first, second = found.example
    start, leg = (
        (first.begins, first.reached) if how is How.RELAY else (first.reached, first.begins)
    )
    return RelayPath(
        how=how,
        through=through,
        source=source,
        destination=destination,
        clauses=(tuple(found.firsts), tuple(found.seconds)),
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
