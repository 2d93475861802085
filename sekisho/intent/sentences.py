"""The sentences of page one held against the rules: no permitted cell is signed as blocked.

Pure, and by facts: who a sentence speaks about is asked of every attachment, and so is whom a rule
lets reach whom. Whether a frame passes is not decided here; that is the policy's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.model import (
    Allow,
    Attachment,
    Clause,
    Facts,
    Label,
    MustDrop,
    MustReach,
    Plan,
    Service,
)

NORMAL = "normal"
#: States of a town that a sentence can be about: what a run is in, and what an event leaves.
STATES = (NORMAL, "backup", "controller-dead", "relay", "ticket-ended", "undock")
#: Items of the probe set: what a run sends, by the numbers that test sheets use.
ITEMS = range(1, 16)
#: Items of the probe set that knock at ports as an honest client does, so that a rule may let them
#: in; whatever else is sent poses as somebody or is malformed, and no rule permits that.
HONEST_ITEMS = frozenset({1, 2, 3, 5})


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A sentence that says blocked, and a rule that permits.

    Attributes:
        allow: The direction of the rule.
        pairs: How many pairs of attachments both speak about.
        source: Who initiates in the first of them.
        target: Who is reached in it.
    """

    sentence: MustDrop
    clause: Clause
    allow: Allow
    pairs: int
    source: Attachment
    target: Attachment

    @property
    def label(self) -> Label:
        """What is to be said of it, without the place."""
        number, rule = self.sentence.number, f"{self.clause.id} [{', '.join(self.allow.services)}]"
        pair = f"{self.source.id} -> {self.target.id}"
        more = self.pairs - 1
        ja, en = (f"、ほか{more:,}組", f", and {more:,} more") if more else ("", "")
        return Label(
            f"確認項目{number}は、許可 {rule} が通している({pair}{ja})",
            f"sentence {number} says blocked, but rule {rule} permits it ({pair}{en})",
        )


def contradictions(plan: Plan) -> Iterator[Contradiction]:
    """Yield every sentence about the normal state with each direction of a rule that permits it."""
    known = [a for a in plan.attachments if a.registered]
    permitted = [
        (
            clause,
            allow,
            [a for a in known if allow.lets(a)],
            [b for b in known if allow.reaches(b)],
        )
        for clause in plan.clauses
        for allow in clause.allows
    ]
    for sentence in plan.must_drop:
        if not _is_held_against_rules(sentence):
            continue
        senders = {a.id for a in known if sentence.is_from(a)}
        targets = {b.id for b in known if sentence.is_to(b)}
        for clause, allow, lets, reaches in permitted:
            here = [b for b in reaches if b.id in targets]
            found = [
                (a, b)
                for a in (lets if here else ())
                if a.id in senders
                for b in here
                if a.device != b.device
            ]
            if found:
                yield Contradiction(sentence, clause, allow, len(found), *found[0])


def _is_held_against_rules(sentence: MustDrop) -> bool:
    is_honest = not sentence.items or not HONEST_ITEMS.isdisjoint(sentence.items)
    return sentence.state == NORMAL and is_honest


@dataclass(frozen=True, slots=True)
class Unmet:
    """A need of the town that no rule permits.

    Attributes:
        missing: How many pairs of attachments lack it.
        source: Who initiates in the first of them.
        target: Who is reached in it.
    """

    need: MustReach
    service: str
    missing: int
    source: Attachment
    target: Attachment

    @property
    def label(self) -> Label:
        """What is to be said of it, without the place."""
        number, more = self.need.number, self.missing - 1
        pair = f"{self.source.id} -> {self.target.id}"
        ja, en = (f"、ほか{more:,}組", f", and {more:,} more") if more else ("", "")
        return Label(
            f"必要な通信{number}({self.service})を、どの許可も通していない({pair}{ja})",
            f"sentence {number} needs {self.service}, and no rule permits it ({pair}{en})",
        )


def pairs(plan: Plan, need: MustReach, service: str) -> list[tuple[Attachment, Attachment]]:
    """Return who must open *service* on whom: everybody it names, on each that runs it."""
    known = [a for a in plan.attachments if a.registered]
    sources = [a for a in known if need.is_from(a)]
    targets = [b for b in known if need.is_to(b) and service in b.services]
    return [(a, b) for a in sources for b in targets if a.device != b.device]


def unmet(plan: Plan) -> Iterator[Unmet]:
    """Yield every service of a need that somebody it names may not open on somebody."""
    for need in plan.must_reach:
        for service in need.services:
            lacking = [
                (a, b)
                for a, b in pairs(plan, need, service)
                if not _is_permitted(plan, a, b, plan.service[service])
            ]
            if lacking:
                yield Unmet(need, service, len(lacking), *lacking[0])


def _is_permitted(plan: Plan, a: Attachment, b: Attachment, service: Service) -> bool:
    """Tell whether the rules together let *a* open every port of *service* on *b*."""
    named = {
        name
        for clause in plan.clauses
        for allow in clause.allows
        if allow.lets(a) and allow.reaches(b)
        for name in allow.services
    }
    if service.id in named:
        return True
    others = [plan.service[n] for n in named if plan.service[n].protocol is service.protocol]
    wide = {port for s in others for r in s.ports for port in range(r.first, r.last + 1)}
    return all(p in wide for r in service.ports for p in range(r.first, r.last + 1))


def decided_by(plan: Plan, sentence: MustDrop | MustReach) -> Label | None:
    """Say whom a sentence is decided by; None where it names classes alone."""
    if not sentence.is_by_facts:
        return None
    who = _side(plan, sentence.sources, sentence.source_facts)
    whom = _side(plan, sentence.destinations, sentence.destination_facts)
    senders = sum(map(sentence.is_from, plan.attachments))
    targets = sum(map(sentence.is_to, plan.attachments))
    return Label(
        f"{who.ja}({senders}口) → {whom.ja}({targets}口)",
        f"from {who.en} ({senders}) to {whom.en} ({targets})",
    )


_MEDIA = {"air": Label("無線の接続", "connections on the air"),
          "cable": Label("有線の接続", "connections on a cable")}  # fmt: skip


def _side(plan: Plan, classes: tuple[str, ...], facts: Facts) -> Label:
    parts = [_MEDIA[facts.medium]] if facts.medium else []
    if facts.protections:
        parts.append(_listed("保護区分", "zones of", [word.label for word in facts.protections]))
    if facts.zones:
        labels = [plan.zone[zone].label for zone in facts.zones]
        parts.append(_listed("系統", "zones", labels))
    if facts.devices:
        labels = [plan.device[device].label for device in facts.devices]
        parts.append(_listed("機器", "devices", labels))
    if classes:
        parts.append(_listed("区分", "classes", [Label(c, c) for c in classes]))
    if not parts:
        return Label("すべての接続", "every connection")
    return Label("、".join(p.ja for p in parts), ", ".join(p.en for p in parts))


def _listed(ja: str, en: str, labels: list[Label]) -> Label:
    """Name the first of *labels*, and how many more there are."""
    shown, more = labels[:_SHOWN], len(labels) - _SHOWN
    rest = Label(f" ほか{more}", f" and {more} more") if more > 0 else Label("", "")
    return Label(
        f"{ja} {'・'.join(x.ja for x in shown)}{rest.ja}",
        f"{en} {', '.join(x.en for x in shown)}{rest.en}",
    )


_SHOWN = 1  # a line of page one has no room for more
