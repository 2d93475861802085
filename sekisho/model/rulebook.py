"""What a town has agreed: classes, permissions, denials, and what an official signs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sekisho.model.label import Label
from sekisho.model.network import Attachment
from sekisho.model.times import JST, Hours, Term
from sekisho.model.words import Protection


class Basis(Enum):
    """Why a rule exists: a sentence of the town's case report, a guideline, or our own choice."""

    SEED = "seed"
    GUIDELINE = "guideline"
    DESIGN = "design"


@dataclass(frozen=True, slots=True)
class SourceClass:
    """A row of the matrix: who initiates.

    Attributes:
        medium: What its members stand on: ``air``, ``cable``, ``both``; empty where unsaid.
        protections: What the zones protect that they stand in; empty where unsaid.
    """

    id: str
    label: Label
    where: str
    medium: str = ""
    protections: tuple[Protection, ...] = ()


@dataclass(frozen=True, slots=True)
class DestinationClass:
    """A column of the matrix: what is reached."""

    id: str
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class Special:
    """The six fields of a designated communication (特定通信); the plan refuses fewer.

    Attributes:
        pairs: How many pairs of attachments it is for.
    """

    source_mac: str
    source_ip: str
    destination_mac: str
    destination_ip: str
    protocol: str
    port: str
    pairs: int = 1


@dataclass(frozen=True, slots=True)
class Allow:
    """One permitted direction: from classes to one class, over services.

    Attributes:
        sources: Source class ids.
        only_from: Attachment ids that alone may initiate; empty means every one of *sources*.
        destination: Destination class id.
        only_to: Attachment ids that alone may be reached; empty means all of *destination*.
        services: Service ids.
        where: ``file:line`` of this direction in the plan.
    """

    sources: tuple[str, ...]
    only_from: tuple[str, ...]
    destination: str
    only_to: tuple[str, ...]
    services: tuple[str, ...]
    where: str

    def lets(self, a: Attachment) -> bool:
        """Tell whether the line names *a* among those who may initiate."""
        return a.source in self.sources and (not self.only_from or a.id in self.only_from)

    def reaches(self, b: Attachment) -> bool:
        """Tell whether the line names *b* among those who may be reached."""
        return b.destination == self.destination and (not self.only_to or b.id in self.only_to)


@dataclass(frozen=True, slots=True)
class Clause:
    """A numbered rule of the communication requirements table (通信要件表).

    Attributes:
        until: When it ends; None where it does not.
        hours: At which hours of which days it holds; empty: at all.
    """

    id: str
    purpose: Label
    basis: Basis
    basis_note: str
    allows: tuple[Allow, ...]
    special: Special | None
    where: str
    until: Term | None = None
    hours: tuple[Hours, ...] = ()

    @property
    def has_times(self) -> bool:
        """Whether it does not hold always."""
        return self.until is not None or bool(self.hours)

    def holds(self, moment: datetime) -> bool:
        """Tell whether it is in force at *moment*."""
        here = moment.astimezone(JST)
        minute = here.hour * 60 + here.minute
        return (self.until is None or here < self.until.end) and (
            not self.hours or any(hours.hold(here.weekday(), minute) for hours in self.hours)
        )


class CellKind(Enum):
    """What the plan says about one (source class, destination class) cell."""

    ALLOW = "allow"
    DENY = "deny"
    NOT_APPLICABLE = "not_applicable"
    PLANNED = "planned"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class CellNote:
    """A set of cells that are more than plainly denied.

    Attributes:
        kind: NOT_APPLICABLE, PLANNED or EXTERNAL; or DENY for a requirement with a severity.
        id: Number shown in the cell (``P28``, ``E01``) or the requirement id (``MN-07``).
        severity: ``A``, ``B``, ``C`` or empty.
        edition: Guideline edition that the denial comes from, or empty.
        services: What a planned cell permits once it is opened; empty where that is not said.
        only_from: Attachment ids that alone may initiate then; empty means all.
        only_to: Attachment ids that alone may be reached then; empty means all.
    """

    kind: CellKind
    id: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    severity: str
    edition: str
    label: Label
    where: str
    services: tuple[str, ...] = ()
    only_from: tuple[str, ...] = ()
    only_to: tuple[str, ...] = ()

    @property
    def permits(self) -> tuple[Allow, ...]:
        """What a planned cell permits once it is opened, one direction a destination class."""
        return tuple(
            Allow(self.sources, self.only_from, to, self.only_to, self.services, self.where)
            for to in (self.destinations if self.services else ())
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What an attachment is besides its class; whatever is said must hold, empty says nothing.

    Attributes:
        medium: ``air``, ``cable`` or empty.
        zones: Zone ids, any of which it stands in.
        devices: Device ids, any of which it belongs to.
        protections: What the zone protects that it stands in, any of these.
        protected: Ids of all zones of the plan that protect so.
    """

    medium: str = ""
    zones: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    protections: tuple[Protection, ...] = ()
    protected: tuple[str, ...] = ()

    @property
    def are_said(self) -> bool:
        """Whether anything is said."""
        return bool(self.medium or self.zones or self.devices or self.protections)

    def hold(self, a: Attachment) -> bool:
        """Tell whether all of it is true of *a*."""
        return (
            (not self.medium or self.medium == a.medium)
            and (not self.zones or a.zone in self.zones)
            and (not self.protections or a.zone in self.protected)
            and (not self.devices or a.device in self.devices)
        )


class _Between:
    """What both kinds of sentence share: who initiates, and who is reached."""

    __slots__ = ()
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    source_facts: Facts
    destination_facts: Facts

    @property
    def is_by_facts(self) -> bool:
        """Whether it is decided by what attachments are, not by their classes alone."""
        return self.source_facts.are_said or self.destination_facts.are_said

    def is_from(self, a: Attachment) -> bool:
        """Tell whether it speaks about what *a* initiates."""
        return (not self.sources or a.source in self.sources) and self.source_facts.hold(a)

    def is_to(self, b: Attachment) -> bool:
        """Tell whether it speaks about what reaches *b*."""
        is_named = not self.destinations or b.destination in self.destinations
        return is_named and self.destination_facts.hold(b)

    def covers(self, a: Attachment, b: Attachment) -> bool:
        """Tell whether it speaks about what *a* sends to *b*."""
        return a.device != b.device and self.is_from(a) and self.is_to(b)


@dataclass(frozen=True, slots=True)
class MustDrop(_Between):
    """A line of page one: a sentence an official signs, and the cases that decide it.

    Attributes:
        sources: Source class ids; empty means all.
        destinations: Destination class ids; empty means all.
        items: Probe items (numbers of the probe set) that count; empty means all.
        state: State of the town in which it must hold (``normal``, ``controller-dead`` ...).
        source_facts: What else must be true of who initiates.
        destination_facts: What else must be true of who is reached.
    """

    number: int
    label: Label
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    items: tuple[int, ...]
    state: str
    where: str
    source_facts: Facts = Facts()
    destination_facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class MustReach(_Between):
    """A line of page one about what work needs: each of these opens each service on each of those.

    Attributes:
        sources: Source class ids; empty means all.
        destinations: Destination class ids; empty means all who run a service.
        services: Service ids.
        source_facts: What else must be true of who initiates.
        destination_facts: What else must be true of who is reached.
    """

    number: int
    label: Label
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    services: tuple[str, ...]
    where: str
    source_facts: Facts = Facts()
    destination_facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Relay:
    """A way through a shared device that the town knows of and permits.

    Attributes:
        through: Device ids.
        sources: Source class ids of those whose data may pass.
        destinations: Destination class ids of those that it may reach.
        meets: Source class ids of those who may fetch there what the first have left.
        exception: Id of the standing exception that it is, or empty.
    """

    through: tuple[str, ...]
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    exception: str
    label: Label
    where: str
    meets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandingException:
    """A risk that the design accepts in the open (例外措置), e.g. ``EX-01``.

    Attributes:
        breaks: Ids of the requirements that it departs from.
        rules: Ids of the rules, or planned cells, by which it does.
    """

    id: str
    label: Label
    measures: Label
    where: str
    breaks: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
