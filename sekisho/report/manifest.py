"""The manifest of a run as values: what was run, and the plan's own words.

Keys that a newer writer adds are ignored; a key that is missing is named. Nothing here knows cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar, cast

from sekisho.model import CellKind, Label, StandingException
from sekisho.report.json_file import json_object, understood
from sekisho.report.sentence import Sentence, sentence
from sekisho.report.situation_line import SituationLine, situation_line

T = TypeVar("T")
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Named:
    """A thing with an id and a name: a row, a column, a site, something that was not tested."""

    id: str
    label: Label


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """What the plan says about one cell of the matrix."""

    kind: CellKind
    mark: str
    severity: str
    requirements: tuple[str, ...]
    edition: str
    where: tuple[str, ...]

    @property
    def is_testable(self) -> bool:
        """True where packets can decide the cell: not outside the town, not the class itself."""
        return self.kind not in (CellKind.NOT_APPLICABLE, CellKind.EXTERNAL)


@dataclass(frozen=True, slots=True)
class ClauseText:
    """A numbered rule of the plan, in words."""

    id: str
    label: Label
    basis: str
    note: str
    where: str
    until: str = ""
    hours: tuple[str, ...] = ()
    rests: bool = False


@dataclass(frozen=True, slots=True)
class AttachmentText:
    """Where one interface of one device is plugged in, for people."""

    id: str
    label: Label
    site: str
    switch: str
    port: int | str


@dataclass(frozen=True, slots=True)
class PlanText:
    """The part of the plan that reports show."""

    id: str
    label: Label
    path: str
    profile: str
    edition: str
    sources: tuple[Named, ...]
    destinations: tuple[Named, ...]
    cells: Mapping[str, PlannedCell]
    clauses: Mapping[str, ClauseText]
    sites: tuple[Named, ...]
    attachments: Mapping[str, AttachmentText]
    must_drop: tuple[Sentence, ...]
    exceptions: tuple[StandingException, ...]
    must_reach: tuple[Sentence, ...] = ()
    moment: str = ""

    @property
    def resting(self) -> tuple[ClauseText, ...]:
        """The rules that did not hold when the run judged."""
        return tuple(clause for clause in self.clauses.values() if clause.rests)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All of page one: what must never arrive, and what work needs."""
        return (*self.must_drop, *self.must_reach)


@dataclass(frozen=True, slots=True)
class CatalogueLine:
    """What became of one entry of the catalogue of attacks.

    Attributes:
        kind: ``frames``, ``stateful``, ``elsewhere``, ``residual`` or ``skipped``.
        reason: Why it was not simply sent; else empty.
    """

    id: str
    name: str
    kind: str
    reason: str
    cases: int
    frames: int

    @property
    def family(self) -> str:
        """The letters before the dash."""
        return self.id.partition("-")[0]


@dataclass(frozen=True, slots=True)
class PairsTried:
    """How the pairs of attachments were chosen.

    Attributes:
        possible: Pairs that packets can decide.
        tried: Of those, tried in any way.
        every_probe: Of those, tried with every probe.
        sampled: Of those tried, there by lot alone.
        names: How often a device could take the name of another one at its switch.
        names_tried: How often one does.
    """

    possible: int
    tried: int
    every_probe: int
    sampled: int
    names: int = 0
    names_tried: int = 0

    @property
    def are_all(self) -> bool:
        """True where every pair was tried with every probe."""
        return self.every_probe == self.tried == self.possible


@dataclass(frozen=True, slots=True)
class Manifest:
    """``manifest.json``.

    Attributes:
        files: SHA-256 of every file under the seal, by path; None where the run was not sealed.
        pairs: None where the suite does not choose pairs.
        missing: What the kernel lacked.
        real: What the kernel offered, and was used.
        situations: Empty where the run chose its cases in another way.
        partial: Why it is not the whole test of the town; None where it is.
        catalogue: Sorted by id; empty where the suite has no catalogue.
    """

    run: str
    started: str
    ended: str
    suite: str
    seed: int
    state: str
    exit: int
    versions: Mapping[str, str]
    hashes: Mapping[str, str]
    machine: Mapping[str, str]
    missing: tuple[Named, ...]
    real: tuple[Named, ...]
    not_tested: tuple[Named, ...]
    tester: str
    witness: str
    approver: str
    plan: PlanText
    catalogue: tuple[CatalogueLine, ...] = ()
    situations: tuple[SituationLine, ...] = ()
    pairs: PairsTried | None = None
    files: Mapping[str, str] | None = None
    partial: Label | None = None


def read_manifest(path: Path) -> Manifest:
    """Read ``manifest.json``; UsageError says which key of which file is wrong."""
    found = json_object(path)
    with understood(path):
        return Manifest(
            **{key: str(found[key]) for key in _TEXTS},
            seed=cast(int, found["seed"]),
            exit=cast(int, found["exit"]),
            versions=_strings(found["versions"]),
            hashes=_strings(found["hashes"]),
            machine=_strings(found["machine"]),
            missing=_each(found["missing"], _named),
            real=_each(found.get("real", []), _named),
            not_tested=_each(found["not_tested"], _named),
            plan=_plan(cast(Json, found["plan"])),
            catalogue=_each(found.get("catalogue", []), _catalogue_line),
            situations=_each(found.get("situations", []), situation_line),
            pairs=_pairs(cast(Json, found["pairs"])) if "pairs" in found else None,
            files=_strings(found["files"]) if "files" in found else None,
            partial=_label(cast(Json, found["partial"])) if found.get("partial") else None,
        )


_TEXTS = ("run", "started", "ended", "suite", "state", "tester", "witness", "approver")


def _plan(found: Json) -> PlanText:
    return PlanText(
        **{key: str(found[key]) for key in ("id", "path", "profile", "edition")},
        label=_label(found),
        sources=_each(found["sources"], _named),
        destinations=_each(found["destinations"], _named),
        cells=_keyed(found["cells"], _cell),
        clauses=_keyed(found["clauses"], _clause),
        sites=_each(found["sites"], _named),
        attachments=_keyed(found["attachments"], _attachment),
        must_drop=_each(found["must_drop"], sentence),
        exceptions=_each(found["exceptions"], _exception),
        must_reach=_each(found.get("must_reach", []), sentence),
        moment=str(found.get("moment", "")),
    )


def _label(found: Json) -> Label:
    return Label(str(found["ja"]), str(found["en"]))


def _named(found: Json) -> Named:
    return Named(str(found["id"]), _label(found))


def _cell(_: str, found: Json) -> PlannedCell:
    return PlannedCell(
        CellKind(found["kind"]),
        str(found["mark"]),
        str(found["severity"]),
        _texts(found["requirements"]),
        str(found["edition"]),
        _texts(found["where"]),
    )


def _clause(key: str, found: Json) -> ClauseText:
    basis, note, where = (str(found[name]) for name in ("basis", "note", "where"))
    return ClauseText(
        key,
        _label(found),
        basis,
        note,
        where,
        until=str(found.get("until", "")),
        hours=_texts(found.get("hours", [])),
        rests=bool(found.get("rests", False)),
    )


def _attachment(key: str, found: Json) -> AttachmentText:
    port = cast("int | str", found["port"])
    return AttachmentText(key, _label(found), str(found["site"]), str(found["switch"]), port)


def _catalogue_line(found: Json) -> CatalogueLine:
    return CatalogueLine(
        **{key: str(found[key]) for key in ("id", "name", "kind", "reason")},
        cases=cast(int, found["cases"]),
        frames=cast(int, found["frames"]),
    )


def _pairs(found: Json) -> PairsTried:
    known = [f.name for f in fields(PairsTried)]
    return PairsTried(**{key: cast(int, value) for key, value in found.items() if key in known})


def _exception(found: Json) -> StandingException:
    measures = Label(str(found["measures_ja"]), str(found["measures_en"]))
    breaks, rules = (
        tuple(str(word) for word in cast(list[str], found.get(key, [])))
        for key in ("breaks", "rules")
    )
    where = str(found.get("where", ""))
    return StandingException(str(found["id"]), _label(found), measures, where, breaks, rules)


def _each(found: object, one: Callable[[Json], T]) -> tuple[T, ...]:
    return tuple(one(item) for item in cast(list[Json], found))


def _keyed(found: object, one: Callable[[str, Json], T]) -> dict[str, T]:
    return {key: one(key, value) for key, value in cast(Mapping[str, Json], found).items()}


def _texts(found: object) -> tuple[str, ...]:
    return tuple(str(item) for item in cast(list[object], found))


def _strings(found: object) -> dict[str, str]:
    return {key: str(value) for key, value in cast(Json, found).items()}
