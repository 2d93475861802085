"""What a town is built of: places, switches, lines, services, devices."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv4Network

from sekisho.model.label import Label
from sekisho.model.words import DeviceKind, Protection, Role


@dataclass(frozen=True, slots=True)
class Site:
    """A building, or a place outside that the town's network reaches."""

    id: str
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A network system (系統): one VLAN number in documents, and networks at its sites.

    Attributes:
        layer: Letter of the layer in a document, e.g. ``"M"``; free text, shown only.
        protection: What safety hangs on; None where a plan of version 1 does not say.
        vlan: VLAN number as the documents name it (1-4094).
        subnets: (site id, network) pairs, in the order of the plan; a site may have several.
        gateways: (site id, address) pairs where the plan names the gateway of a network.
    """

    id: str
    label: Label
    layer: str
    vlan: int
    subnets: tuple[tuple[str, IPv4Network], ...]
    where: str
    protection: Protection | None = None
    gateways: tuple[tuple[str, IPv4Address], ...] = ()

    @property
    def group(self) -> Label:
        """What drawings gather it by: its layer, and where it has none what it protects."""
        if self.layer or self.protection is None:
            return Label(self.layer or "-", self.layer or "-")
        return self.protection.label

    def gateway(self, network: IPv4Network) -> IPv4Address:
        """Return the router's address in *network*: as the plan says, else the first for a host."""
        return next((address for _, address in self.gateways if address in network), network[1])

    def networks(self, site: str) -> tuple[IPv4Network, ...]:
        """Return the zone's networks at *site*; none where the zone does not exist."""
        return tuple(network for where, network in self.subnets if where == site)

    def subnet(self, site: str, address: IPv4Address) -> IPv4Network | None:
        """Return the zone's network at *site* that *address* is in, or None."""
        return next((network for network in self.networks(site) if address in network), None)


@dataclass(frozen=True, slots=True, order=True)
class PortRef:
    """A port of a switch, written ``switch:port`` in a plan.

    Attributes:
        port: Its OpenFlow number.
        name: What the plan calls it where its switch has port names: shown, never compared.
    """

    switch: str
    port: int
    name: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.switch}:{self.word}"

    @property
    def word(self) -> str:
        """What people call it: its name, else its number."""
        return self.name or str(self.port)


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch of the fabric.

    Attributes:
        role: What it is for; None where a plan of version 1 has a word of its own.
        dpid: OpenFlow datapath id: the 1-based position in the plan.
        ports: How many ports the switch has; ports are numbered 1..ports.
        names: What the plan calls them, in the order of their numbers; empty: by their numbers.
    """

    id: str
    label: Label
    site: str
    role: Role | None
    ports: int
    dpid: int
    where: str
    names: tuple[str, ...] = ()

    def port(self, number: int) -> PortRef:
        """Return port *number*, with its name where the plan gives it one."""
        has_name = 1 <= number <= len(self.names)
        return PortRef(self.id, number, self.names[number - 1] if has_name else "")

    def called(self, word: str) -> PortRef | None:
        """Return the port that the plan calls *word*; None where it has none."""
        words = self.names or tuple(map(str, range(1, self.ports + 1)))
        return self.port(words.index(word) + 1) if word in words else None


@dataclass(frozen=True, slots=True)
class Link:
    """A cable or line between two switches.

    Attributes:
        mbps: Bandwidth in Mbit/s, or None for unlimited.
        delay_ms: One-way delay in milliseconds.
        loss_percent: How many of 100 packets the line loses, each way.
        backup: True for a line that carries only when the main one is down.
    """

    a: PortRef
    b: PortRef
    mbps: float | None
    delay_ms: float
    loss_percent: float
    backup: bool
    label: Label
    where: str


@dataclass(frozen=True, slots=True)
class Air:
    """What several stations share the switch port *at* by: one SSID, or a hub.

    Attributes:
        ssid: Empty for a hub.
        is_hub: A small hub, a telephone with a socket for a PC, a bridge for virtual machines: its
            members stand on cables.
        isolates: Whether it passes what one member says to another up to the switch: an access
            point does (client isolation); a hub mostly does not.
    """

    id: str
    label: Label
    ssid: str
    at: PortRef
    where: str
    is_hub: bool = False
    isolates: bool = True

    @property
    def key(self) -> str:
        """The key of the plan that it stands under."""
        return "hubs" if self.is_hub else "airs"


class Protocol(Enum):
    """Protocols that a service may use (values: IANA protocol numbers).

    Of ICMP that is the echo alone (RFC 792): its request stands for the port.
    """

    ICMP = 1
    TCP = 6
    UDP = 17

    @property
    def word(self) -> str:
        """How a plan writes it."""
        return self.name.lower()


ECHO = 8  # type of an echo request; RFC 792


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

    @property
    def has_ports(self) -> bool:
        """Whether programs answer on ports of it; an echo the stack itself answers."""
        return self.protocol is not Protocol.ICMP

    def covers(self, protocol: Protocol, port: int) -> bool:
        """Tell whether a packet to *port* over *protocol* belongs to this service."""
        return protocol is self.protocol and any(port in ports for ports in self.ports)

    def edges(self) -> tuple[int, ...]:
        """Return the first and last port of each range: where probes and listeners meet."""
        return tuple(sorted({port for ports in self.ports for port in (ports.first, ports.last)}))


@dataclass(frozen=True, slots=True)
class Attachment:
    """One network interface of a device at one port: the unit that the controller admits.

    Attributes:
        id: ``device.name``, e.g. ``"nb-hq-1.wired"``.
        name: The part after the dot.
        air: Id of the SSID or hub it stands in, or empty for a cable of its own.
        source: Source class id (row of the matrix).
        destination: Destination class id (column of the matrix).
        registered: False for a device that the plan does not admit (未登録機器).
        on_hub: Whether `air` is a hub.
        beside: Id of that hub where its members talk to each other past the switch; else empty.
        services: Services that its device runs on it.
        tag: VLAN tag that its frames bear on the cable (1-4094, IEEE 802.1Q, 9.6); 0 for none.
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
    on_hub: bool = False
    beside: str = ""
    services: tuple[str, ...] = ()
    tag: int = 0

    @property
    def medium(self) -> str:
        """What it stands on: ``air`` or ``cable``."""
        return "air" if self.air and not self.on_hub else "cable"

    def is_apart(self, other: Attachment) -> bool:
        """Tell whether what the two say to each other passes a switch."""
        return self.device != other.device and not self.is_beside(other)

    def is_beside(self, other: Attachment) -> bool:
        """Tell whether what the two say to each other passes a hub alone: one hub, one tag."""
        return self.beside != "" and (self.beside, self.tag) == (other.beside, other.tag)


@dataclass(frozen=True, slots=True)
class Device:
    """A host: one thing with one or more attachments and the services it runs.

    Attributes:
        services: All that it runs, on whichever attachment.
        kind: What it is; None where a plan of version 1 does not say.
    """

    id: str
    label: Label
    attachments: tuple[Attachment, ...]
    services: tuple[str, ...]
    where: str
    kind: DeviceKind | None = None
