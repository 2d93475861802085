"""Which pairs of attachments a gate tries, and how hard: the cost grows with the attachments.

Every pair with every probe would grow with their square, and tell little more: who somebody is, is
decided at his own port, and the policy knows classes alone. So tried are

* with every probe: each attachment as source and as target, a few times each; each pair of
  classes; and each pair of sites of a pair of classes that a sentence of page one is about;
* with the probes that tell one rule of the policy from another: each pair of classes at each pair
  of switches, and each pair that a rule names;
* with the target's own services: each target from each switch; and of the rest a sample that the
  seed chooses;
* questions that depend on the target's network alone: each class of each switch into each network,
  and everybody into those of his targets with every probe;
* the names of others at one's own switch, or on one's own SSID: those of the next few, and one of
  each class there (`scenarios.probes.identities`).

What is left is counted, and said on page one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from sekisho.model import Attachment, CellKind, Plan
from sekisho.policy.matrix import Cell, matrix

#: Ids of a source and a target attachment.
Pair = tuple[str, str]

#: Notes that a pair is to be tried so hard, unless it is tried harder already.
TryIt = Callable[[Pair, "Depth"], None]

_EVERY_PROBE = 3  # targets of each source, and sources of each target, that get every probe
_SAMPLE = 4  # more targets of each source
#: So many devices at different ports: a source, its port and a target rule out one each at most.
_APART = 4
_UNTRIED = (CellKind.NOT_APPLICABLE, CellKind.EXTERNAL)


class Depth(IntEnum):
    """How hard a pair is tried; a greater one includes the smaller."""

    SERVICES = 1
    POLICY = 2
    ALL = 3


def thirds(plan: Plan, source: Attachment, target: Attachment) -> Iterator[Attachment]:
    """Yield the attachments whose name *source* could take on its way to *target*.

    Those that are admitted somewhere else, at another port and on a device that is neither.
    """
    own = (source.device, target.device)
    return (
        a for a in plan.attachments if a.registered and a.at != source.at and a.device not in own
    )


def lacks_thirds(plan: Plan) -> bool:
    """Tell whether some pair has nobody else whose name could be taken."""
    apart = {a.device: a.at for a in plan.attachments if a.registered}
    if len(set(apart.values())) >= _APART:
        return False
    return any(
        next(thirds(plan, source, target), None) is None
        for source in plan.attachments
        for target in plan.attachments
        if source.is_apart(target)
    )


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is tried of all the pairs of a plan.

    Attributes:
        depth: How hard; a pair that is not in here is not tried.
        possible: How many pairs there are that packets can decide.
        sampled: How many of those tried are there by chance alone.
        are_all: Whether nothing is left out: no name, and no network either.
    """

    depth: Mapping[Pair, Depth]
    possible: int
    sampled: int
    are_all: bool = False


def every_pair(plan: Plan, _seed: int = 0) -> Pairs:
    """Return every pair, with every probe, whatever the seed."""
    pairs = {(a.id, b.id): Depth.ALL for a, b, _ in _possible(plan)}
    return Pairs(pairs, len(pairs), 0, are_all=True)


def chosen_pairs(plan: Plan, seed: int) -> Pairs:
    """Return the pairs that a gate tries; the same plan and seed give the same pairs."""
    possible = list(_possible(plan))
    random.Random(f"{seed}/pairs").shuffle(possible)
    depth: dict[Pair, Depth] = {}

    def try_it(pair: Pair, how: Depth) -> None:
        depth[pair] = max(how, depth.get(pair, how))

    named = set(_named(plan))
    seen: set[tuple[object, ...]] = set()
    for a, b, cell in possible:
        pair = (a.id, b.id)
        keys: list[tuple[tuple[object, ...], Depth]] = [
            ((a.source, b.destination), Depth.ALL),
            ((a.source, a.at.switch, b.destination, b.at.switch), Depth.POLICY),
            ((a.at.switch, a.registered, b.id), Depth.SERVICES),
        ]
        if cell.is_must_drop:
            keys.append(((a.source, a.site, b.destination, b.site), Depth.ALL))
        for key, how in keys:
            if (len(key), *key, how) not in seen:
                seen.add((len(key), *key, how))
                try_it(pair, how)
        if pair in named:
            try_it(pair, Depth.POLICY)
    _every_attachment(possible, depth, try_it)
    sampled = _sample(possible, depth)
    return Pairs(depth, len(possible), sampled)


def _possible(plan: Plan) -> Iterator[tuple[Attachment, Attachment, Cell]]:
    """Yield every pair that packets can decide, with its cell."""
    cells = matrix(plan)
    for a in plan.attachments:
        for b in plan.attachments:
            cell = cells[a.source, b.destination]
            if a.is_apart(b) and cell.kind not in _UNTRIED:
                yield a, b, cell


def _named(plan: Plan) -> Iterator[Pair]:
    """Yield the pairs that a rule names."""
    for clause in plan.clauses:
        for allow in clause.allows:
            if not (allow.only_from or allow.only_to):
                continue
            sources = [a for a in plan.attachments if allow.lets(a)]
            targets = [b for b in plan.attachments if allow.reaches(b)]
            yield from ((a.id, b.id) for a in sources for b in targets)


def _every_attachment(
    possible: list[tuple[Attachment, Attachment, Cell]],
    depth: dict[Pair, Depth],
    try_it: TryIt,
) -> None:
    """See to it that everybody is source and target of every probe, towards friend and foe."""
    whole = [pair for pair, how in depth.items() if how is Depth.ALL]
    from_it, to_it = Counter(a for a, _ in whole), Counter(b for _, b in whole)
    met: set[tuple[str, bool]] = set()
    for a, b, cell in possible:
        is_allowed = cell.kind is CellKind.ALLOW
        is_new = from_it[a.id] < _EVERY_PROBE or to_it[b.id] < _EVERY_PROBE
        is_other = (a.id, is_allowed) not in met or (b.id, is_allowed) not in met
        if (is_new or is_other) and depth.get((a.id, b.id)) is not Depth.ALL:
            try_it((a.id, b.id), Depth.ALL)
            from_it[a.id] += 1
            to_it[b.id] += 1
        met |= {(a.id, is_allowed), (b.id, is_allowed)}


def _sample(possible: list[tuple[Attachment, Attachment, Cell]], depth: dict[Pair, Depth]) -> int:
    """Add a few more targets to each source; return how many pairs that are."""
    more = Counter[str]()
    for a, b, _ in possible:
        if (a.id, b.id) not in depth and more[a.id] < _SAMPLE:
            depth[a.id, b.id] = Depth.SERVICES
            more[a.id] += 1
    return more.total()
