"""A whole town, and the look-ups that everybody needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network

from sekisho.model.label import Label
from sekisho.model.network import (
    Air,
    Attachment,
    Device,
    Link,
    Service,
    Site,
    Switch,
    Zone,
)
from sekisho.model.rulebook import (
    CellNote,
    Clause,
    DestinationClass,
    MustDrop,
    MustReach,
    Relay,
    SourceClass,
    StandingException,
)
from sekisho.model.words import Protection


@dataclass(frozen=True)
class Plan:
    """A whole town.

    Attributes:
        path: Path of the file as the user gave it.
        sha256: Digest of the file's bytes, hexadecimal.
        profile: Policy profile, e.g. ``seed-r4``.
        edition: Guideline edition of the profile, e.g. ``R4.3``.
        router_mac: MAC address that the virtual router answers with, everywhere.
        base: The plan as its file says it, where ports have been moved since; else None.
        where: ``file:line`` of what it says about the town as a whole.
        version: Version of the plan language that it is written in.
        moment: When it is judged, where some of its rules hold at times only and that is fixed.
    """

    path: str
    sha256: str
    id: str
    label: Label
    profile: str
    edition: str
    router_mac: str
    sites: tuple[Site, ...]
    zones: tuple[Zone, ...]
    switches: tuple[Switch, ...]
    links: tuple[Link, ...]
    airs: tuple[Air, ...]
    services: tuple[Service, ...]
    sources: tuple[SourceClass, ...]
    destinations: tuple[DestinationClass, ...]
    devices: tuple[Device, ...]
    clauses: tuple[Clause, ...]
    notes: tuple[CellNote, ...]
    must_drop: tuple[MustDrop, ...]
    exceptions: tuple[StandingException, ...] = field(default=())
    relays: tuple[Relay, ...] = field(default=())
    base: Plan | None = field(default=None, repr=False)
    where: str = field(default="", compare=False)
    must_reach: tuple[MustReach, ...] = field(default=())
    version: int = 2
    moment: datetime | None = None

    @property
    def origin(self) -> Plan:
        """The plan as its file says it, before any port was moved."""
        return self.base or self

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Every attachment of every device, in the order of the plan."""
        return tuple(a for device in self.devices for a in device.attachments)

    @cached_property
    def open_hubs(self) -> tuple[str, ...]:
        """Hubs behind which some devices talk to each other past every switch, by name."""
        under = Counter((a.beside, a.tag) for a in self.attachments if a.beside)
        return tuple(sorted({hub for (hub, _), there in under.items() if there > 1}))

    @cached_property
    def attachment(self) -> dict[str, Attachment]:
        """Attachments by id."""
        return {a.id: a for a in self.attachments}

    @cached_property
    def device(self) -> dict[str, Device]:
        """Devices by id."""
        return {d.id: d for d in self.devices}

    @cached_property
    def service(self) -> dict[str, Service]:
        """Services by id."""
        return {s.id: s for s in self.services}

    @cached_property
    def switch(self) -> dict[str, Switch]:
        """Switches by id."""
        return {s.id: s for s in self.switches}

    @cached_property
    def zone(self) -> dict[str, Zone]:
        """Zones by id."""
        return {z.id: z for z in self.zones}

    def protection(self, attachment: Attachment) -> Protection | None:
        """Return what the zone of *attachment* protects; None where that is not said."""
        return self.zone[attachment.zone].protection

    def gateway(self, attachment: Attachment) -> IPv4Address:
        """Return the router's address in the attachment's subnet."""
        return self.zone[attachment.zone].gateway(self.subnet(attachment))

    def on_ports(self, attachment: Attachment) -> tuple[Service, ...]:
        """Return the services of *attachment* that a program answers on a port of."""
        services = (self.service[name] for name in attachment.services)
        return tuple(service for service in services if service.has_ports)

    def page(self, attachment: Attachment) -> Service | None:
        """Return the service of *attachment* that shows a page, by its kind: https before http."""
        services = [self.service[name] for name in attachment.services]
        return next((s for kind in ("https", "http") for s in services if s.kind == kind), None)

    def subnet(self, attachment: Attachment) -> IPv4Network:
        """Return the network that the attachment's address belongs to."""
        network = self.zone[attachment.zone].subnet(attachment.site, attachment.ip)
        assert network is not None, f"{attachment.id} stands in no subnet"
        return network
