"""A situation: somebody tries something in a state of the town.

Knows for which towns it speaks; knows no probe and no packet. What must become of what is tried is
not said in a situation: it is the policy's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.errors import Fault
from sekisho.model import Attachment, Label, Plan
from sekisho.plan.places import Places, show, suggestion
from sekisho.scenario.anywhere import Anywhere

NORMAL = "normal"
_ONE = {"who": "source class", "sites": "site", "to": "destination class"}


@dataclass(frozen=True, slots=True)
class Part:
    """Who tries whom in one town; empty means everybody, everywhere.

    Attributes:
        town: Id of the plan.
        senders: Ids of the attachments that try, where facts decide; None where classes do.
        targets: Of those that are tried, likewise.
    """

    town: str
    who: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    senders: frozenset[str] | None = None
    targets: frozenset[str] | None = None

    @property
    def is_by_facts(self) -> bool:
        """Whether facts decide."""
        return self.senders is not None

    def covers(self, source: Attachment, target: Attachment) -> bool:
        """Tell whether *source* trying *target* belongs here."""
        return (
            (not self.who or source.source in self.who)
            and (not self.sites or source.site in self.sites)
            and (not self.to or target.destination in self.to)
            and (self.senders is None or source.id in self.senders)
            and (self.targets is None or target.id in self.targets)
        )


@dataclass(frozen=True, slots=True)
class Situation:
    """One file.

    Attributes:
        what: Probe ids, ``exchange``, catalogue ids and families; empty means everything.
        states: ``normal`` and ids of events.
        reading: ``dropped``, ``passed`` or empty.
        places: Where everything in it stands.
    """

    id: str
    intent: Label
    requirements: tuple[str, ...]
    what: tuple[str, ...]
    states: tuple[str, ...]
    reading: str
    parts: tuple[Part, ...]
    anywhere: Anywhere | None
    places: Places = field(compare=False, repr=False)

    @property
    def where(self) -> str:
        """``file:line`` of its id."""
        return self.places.where("id")

    @property
    def events(self) -> tuple[str, ...]:
        """Its states but the normal one."""
        return tuple(state for state in self.states if state != NORMAL)

    def part(self, plan: Plan) -> Part | None:
        """Return who tries whom in *plan*, or None where the situation says nothing of it."""
        named = next((part for part in self.parts if part.town == plan.id), None)
        if named is not None or self.anywhere is None:
            return named
        who, to = (side.members(plan) for side in (self.anywhere.who, self.anywhere.to))
        return Part(plan.id, senders=who, targets=to)

    def wants(self, probe: str) -> bool:
        """Tell whether the probe, ``exchange`` or catalogue entry *probe* belongs to it."""
        return not self.what or probe in self.what or probe.partition("-")[0] in self.what

    def not_applicable(self, plan: Plan) -> Label | None:
        """Say why it says nothing about *plan*; None where it does."""
        part = self.part(plan)
        if part is not None and part.is_by_facts and self.anywhere is not None:
            return self.anywhere.lacks(plan)
        if part is None:
            known = ", ".join(p.town for p in self.parts)
            return Label(f"{plan.id} の区分を挙げていない({known} のみ)",
                         f"it names no class of {plan.id}, only of {known}")  # fmt: skip
        lacking = [w for key, words in _named(part) for w in words if w not in _known(plan)[key]]
        if lacking:
            words = ", ".join(lacking)
            return Label(f"{plan.id} に {words} がない", f"{plan.id} has no {words}")
        return None


def fault(situation: Situation, path: str, text: str, hint: str) -> Fault:
    """Return a fault at *path* (such as ``what[2]``) of *situation*."""
    return situation.places.fault(path, text, hint)


def faults(situation: Situation, plans: tuple[Plan, ...]) -> Iterator[Fault]:
    """Yield a fault for every town and class that no plan has."""
    towns = {plan.id for plan in plans}
    for part in () if not plans else situation.parts:
        place = f"towns.{part.town}"
        if part.town not in towns:
            hint = suggestion(part.town, sorted(towns))
            yield fault(situation, place, f"no plan is called {show(part.town)}", hint)
            continue
        known = [_known(plan) for plan in plans if plan.id == part.town]
        for key, words in _named(part):
            names = list(dict.fromkeys(name for each in known for name in each[key]))
            for n, word in enumerate(words, 1):
                if word not in names:
                    text = f"unknown {_ONE[key]} {show(word)} in town '{part.town}'"
                    yield fault(situation, f"{place}.{key}[{n}]", text, suggestion(word, names))


def _named(part: Part) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("who", part.who), ("sites", part.sites), ("to", part.to)


def _known(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {
        "who": tuple(c.id for c in plan.sources),
        "sites": tuple(s.id for s in plan.sites),
        "to": tuple(c.id for c in plan.destinations),
    }
