"""The nouns of a town, as values: what a plan file says once it has been read.

Nothing here knows YAML, OpenFlow or Mininet. Every value is immutable and hashable; collections
are tuples in the order of the plan file, so the same plan always gives the same bytes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True, slots=True)
class Label:
    """A name for people, Japanese first."""

    ja: str
    en: str

    def text(self, language: str) -> str:
        """Return the name in *language* (``"ja"`` or ``"en"``)."""
        return self.en if language == "en" else self.ja


class Protocol(Enum):
    """Transport protocols that a service may use (values: IANA protocol numbers)."""

    TCP = 6
    UDP = 17


class Basis(Enum):
    """Why a rule exists: a sentence of the town's case report, a guideline, or our own choice."""

    SEED = "seed"
    GUIDELINE = "guideline"
    DESIGN = "design"


@dataclass(frozen=True, slots=True)
class Site:
    """A building, or a place outside that the town's network reaches."""

    id: str
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A network system (系統): one VLAN number in documents, one subnet a site.

    Attributes:
        layer: Letter of the layer in a document, e.g. ``"M"``; free text, shown only.
        vlan: VLAN number as the documents name it (1-4094).
        subnets: (site id, network) pairs, in the order of the plan.
    """

    id: str
    label: Label
    layer: str
    vlan: int
    subnets: tuple[tuple[str, IPv4Network], ...]
    where: str

    def subnet(self, site: str) -> IPv4Network | None:
        """Return the zone's network at *site*, or None where the zone does not exist."""
        return dict(self.subnets).get(site)


@dataclass(frozen=True, slots=True, order=True)
class PortRef:
    """A numbered port of a switch, written ``switch:port`` in a plan."""

    switch: str
    port: int

    def __str__(self) -> str:
        return f"{self.switch}:{self.port}"


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch of the fabric.

    Attributes:
        dpid: OpenFlow datapath id: the 1-based position in the plan.
        ports: How many ports the switch has; ports are numbered 1..ports.
    """

    id: str
    label: Label
    site: str
    role: str
    ports: int
    dpid: int
    where: str


@dataclass(frozen=True, slots=True)
class Link:
    """A cable or line between two switches.

    Attributes:
        mbps: Bandwidth in Mbit/s, or None for unlimited.
        delay_ms: One-way delay in milliseconds.
        backup: True for a line that carries only when the main one is down.
    """

    a: PortRef
    b: PortRef
    mbps: float | None
    delay_ms: float
    backup: bool
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class Air:
    """One SSID of one access point: every station of it shares the switch port *at*."""

    id: str
    label: Label
    ssid: str
    at: PortRef
    where: str


@dataclass(frozen=True, slots=True, order=True)
class PortRange:
    """Destination ports *first* to *last*, both included (0-65535)."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last


@dataclass(frozen=True, slots=True)
class Service:
    """A protocol with its ports, and the kind of server that answers on them.

    Attributes:
        kind: What really listens (``http``, ``https``, ``print``, ``sip``, ``dns`` ...).
    """

    id: str
    label: Label
    protocol: Protocol
    ports: tuple[PortRange, ...]
    kind: str
    where: str

    def covers(self, protocol: Protocol, port: int) -> bool:
        """Tell whether a packet to *port* over *protocol* belongs to this service."""
        return protocol is self.protocol and any(port in ports for ports in self.ports)

    def edges(self) -> tuple[int, ...]:
        """Return the first and last port of each range: where probes and listeners meet."""
        return tuple(sorted({port for ports in self.ports for port in (ports.first, ports.last)}))


@dataclass(frozen=True, slots=True)
class Attachment:
    """One network interface of a device at one port: the unit that the guard admits.

    Attributes:
        id: ``device.name``, e.g. ``"nb-hq-1.wired"``.
        name: The part after the dot.
        air: Id of the SSID it stands in, or empty for a cable.
        source: Source class id (row of the matrix).
        destination: Destination class id (column of the matrix).
        registered: False for a device that the plan does not admit (未登録機器).
    """

    id: str
    device: str
    name: str
    at: PortRef
    air: str
    site: str
    zone: str
    mac: str
    ip: IPv4Address
    source: str
    destination: str
    registered: bool
    where: str


@dataclass(frozen=True, slots=True)
class Device:
    """A host: one thing with one or more attachments and the services it runs."""

    id: str
    label: Label
    attachments: tuple[Attachment, ...]
    services: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class SourceClass:
    """A row of the matrix: who initiates."""

    id: str
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class DestinationClass:
    """A column of the matrix: what is reached."""

    id: str
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class Special:
    """The six fields of a designated communication (特定通信); the plan refuses fewer."""

    source_mac: str
    source_ip: str
    destination_mac: str
    destination_ip: str
    protocol: str
    port: str


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


@dataclass(frozen=True, slots=True)
class Clause:
    """A numbered rule of the communication requirements table (通信要件表)."""

    id: str
    purpose: Label
    basis: Basis
    basis_note: str
    allows: tuple[Allow, ...]
    special: Special | None
    where: str


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
    """

    kind: CellKind
    id: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    severity: str
    edition: str
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class MustDrop:
    """A line of page one: a sentence an official signs, and the cases that decide it.

    Attributes:
        sources: Source class ids; empty means all.
        destinations: Destination class ids; empty means all.
        items: Probe items (numbers of the probe set) that count; empty means all.
        state: State of the town in which it must hold (``normal``, ``controller-dead`` ...).
    """

    number: int
    label: Label
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    items: tuple[int, ...]
    state: str
    where: str


@dataclass(frozen=True, slots=True)
class StandingException:
    """A risk that the design accepts in the open (例外措置), e.g. ``EX-01``."""

    id: str
    label: Label
    measures: Label
    where: str


@dataclass(frozen=True)
class Plan:
    """A whole town.

    Attributes:
        path: Path of the file as the user gave it.
        sha256: Digest of the file's bytes, hexadecimal.
        profile: Policy profile, e.g. ``seed-r4``.
        edition: Guideline edition of the profile, e.g. ``R4.3``.
        router_mac: MAC address that the virtual router answers with, everywhere.
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

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Every attachment of every device, in the order of the plan."""
        return tuple(a for device in self.devices for a in device.attachments)

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

    def gateway(self, attachment: Attachment) -> IPv4Address:
        """Return the router address of the attachment's subnet: its first host address."""
        return self.subnet(attachment)[1]

    def subnet(self, attachment: Attachment) -> IPv4Network:
        """Return the network that the attachment's address belongs to."""
        network = self.zone[attachment.zone].subnet(attachment.site)
        assert network is not None, f"{attachment.id} stands in no subnet"
        return network
