"""One situation of a run as the manifest tells it, and how it is read.

Knows the manifest's keys; what became of the situation is in `sekisho.report.situations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from sekisho.model import Label


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A place where the plan reads otherwise than a situation's author, or a sentence, says.

    Attributes:
        case: Number of the case, or of the rule that permits; empty where a whole cell is shut.
        where: ``file:line`` of the plan.
    """

    case: str
    cell: str
    where: str


@dataclass(frozen=True, slots=True)
class SituationLine:
    """One situation of a run: which cases are its own.

    Attributes:
        sources: Source classes; empty means all, as for *sites* and *destinations*.
        probes: Ids of what this suite sends of it.
        untried: Its words of which the suite sends nothing.
        reading: ``dropped``, ``passed`` or empty.
        reason: Why it was not tried; None where it was.
        senders: Attachments that try, where facts decide; None where classes do.
        targets: Attachments that are tried, likewise.
    """

    id: str
    label: Label
    requirements: tuple[str, ...]
    states: tuple[str, ...]
    where: str
    sources: tuple[str, ...]
    sites: tuple[str, ...]
    destinations: tuple[str, ...]
    probes: tuple[str, ...]
    untried: tuple[str, ...]
    reading: str
    reason: Label | None
    contradictions: tuple[Contradiction, ...]
    senders: frozenset[str] | None = None
    targets: frozenset[str] | None = None

    def matches(self, cell: str, site: str, source: str, target: str) -> bool:
        """Tell whether cases of *cell* from *source* at *site* to *target* belong to it."""
        row, _, column = cell.partition("/")
        return (
            (not self.sources or row in self.sources)
            and (not self.sites or site in self.sites)
            and (not self.destinations or column in self.destinations)
            and (self.senders is None or source in self.senders)
            and (self.targets is None or target in self.targets)
        )


def situation_line(found: Mapping[str, object]) -> SituationLine:
    """Read one entry of the manifest's ``situations``; KeyError names what is missing."""
    reason = Label(str(found["reason_ja"]), str(found["reason_en"]))
    return SituationLine(
        id=str(found["id"]),
        label=Label(str(found["ja"]), str(found["en"])),
        requirements=_texts(found["requirements"]),
        states=_texts(found["states"]),
        where=str(found["where"]),
        sources=_texts(found["sources"]),
        sites=_texts(found["sites"]),
        destinations=_texts(found["destinations"]),
        probes=_texts(found["probes"]),
        untried=_texts(found["untried"]),
        reading=str(found["reading"]),
        reason=reason if reason.en else None,
        contradictions=contradictions(found["contradictions"]),
        senders=_ids(found.get("senders")),
        targets=_ids(found.get("targets")),
    )


def contradictions(found: object) -> tuple[Contradiction, ...]:
    """Read the ``contradictions`` of a situation or a sentence."""
    return tuple(
        Contradiction(*(str(one[key]) for key in ("case", "cell", "where")))
        for one in cast(Iterable[Mapping[str, object]], found)
    )


def _ids(found: object) -> frozenset[str] | None:
    return None if found is None else frozenset(_texts(found))


def _texts(found: object) -> tuple[str, ...]:
    return tuple(str(item) for item in cast(Iterable[object], found))
