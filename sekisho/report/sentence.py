"""One sentence of page one as the manifest of a run tells it, and how it is read.

Knows the manifest's keys; what the cases of the run make of it is in `sekisho.report.tally`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from sekisho.model import Label
from sekisho.report.situation_line import Contradiction, contradictions
from sekisho.spoken import sentence as sentence_in_japanese


@dataclass(frozen=True, slots=True)
class Sentence:
    """What must never arrive, in words, and which cases decide it.

    Attributes:
        sources: Source classes; empty means all, as for *destinations* and *items*.
        senders: Attachments that initiate, where facts decide; None where classes do.
        targets: Attachments that are reached, likewise.
        decided_by: Whom facts chose, in words; None where classes decide.
        contradictions: Rules of the plan that permit what the sentence says is blocked; of a need,
            services that no rule permits.
        ports: What a need opens, such as ``tcp/443`` and ``udp/16384-32768``; else empty.
    """

    number: int
    label: Label
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    items: tuple[int, ...]
    state: str
    senders: frozenset[str] | None = None
    targets: frozenset[str] | None = None
    decided_by: Label | None = None
    contradictions: tuple[Contradiction, ...] = ()
    ports: tuple[str, ...] = ()

    @property
    def permitting(self) -> str:
        """The rules that permit it, and where they stand."""
        return ", ".join(f"{c.case} ({c.where})" for c in self.contradictions)


def sentence(found: Mapping[str, object]) -> Sentence:
    """Read one entry of the manifest's ``must_drop``; KeyError names what is missing."""
    by = found.get("decided_by")
    return Sentence(
        number=cast(int, found["number"]),
        label=Label(str(found["ja"]), str(found["en"])),
        sources=_texts(found["sources"]),
        destinations=_texts(found["destinations"]),
        items=tuple(cast(list[int], found.get("items", ()))),
        state=str(found.get("state", "normal")),
        senders=_ids(found.get("senders")),
        targets=_ids(found.get("targets")),
        decided_by=Label(*(str(cast(Mapping[str, object], by)[key]) for key in ("ja", "en")))
        if by
        else None,
        contradictions=contradictions(found.get("contradictions", ())),
        ports=_texts(found.get("ports", ())),
    )


def _ids(found: object) -> frozenset[str] | None:
    return None if found is None else frozenset(_texts(found))


def _texts(found: object) -> tuple[str, ...]:
    return tuple(str(item) for item in cast(Iterable[object], found))


def why(reason: str) -> Label:
    """Return why a case is judged as it is, in both languages; the record has the English."""
    return Label(sentence_in_japanese(reason) or reason, reason)
