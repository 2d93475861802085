"""Who plays what in a recipe: the source, the target, and the others that attacks make use of.

Chosen from the plan by what they may do, never by name, so that a recipe fits every town.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from sekisho.model import Attachment, CellKind, Plan, Protocol, Service
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import matrix

_UNIQUE_LOCAL, _LINK_LOCAL = int(IPv6Address("fd00::")), int(IPv6Address("fe80::"))


#: A protocol and a port of it.
Offer = tuple[Protocol, int]


@dataclass(frozen=True, slots=True)
class Party:
    """One party of a recipe.

    Attributes:
        id: Attachment id, or empty for the router.
        vlan: VLAN number of its zone in the documents.
        port: A destination port that somebody may open there (443 where nobody may).
        pairs: How many pairs of a source and a destination class somebody is of.
        offered: Every edge of every service that it offers.
    """

    id: str
    mac: str
    ip: str
    vlan: int
    port: int
    offered: tuple[Offer, ...] = ()

    @property
    def ip6(self) -> str:
        """A unique local IPv6 address that carries the IPv4 one (RFC 4193)."""
        return str(IPv6Address(_UNIQUE_LOCAL | int(IPv4Address(self.ip))))

    @property
    def ll(self) -> str:
        """A link-local IPv6 address that carries the IPv4 one (RFC 4291)."""
        return str(IPv6Address(_LINK_LOCAL | int(IPv4Address(self.ip))))


@dataclass(frozen=True, slots=True)
class Roles:
    """The parts in one trial of a pair. Without a third device the target plays every other part.

    Attributes:
        w: Who sends: forbidden to reach *r*.
        r: The target.
        t: Somebody at another port whom *r* lets in (else anybody): the identity to steal.
        w2: Another terminal, at the same SSID if there is one.
        p: A peer that *w* may reach (else anybody): the printer, the shared thing.
        x: Another peer that *w* may reach, if there is one.
        b: A bystander in another zone than *w* and *r*.
        g: The router, with the gateway address of *w*.
        c: A management device: where controllers and switches are reached.
        wb: A terminal like *w* at another site.
        alike: On the first pair of a source, all terminals of its class and site, and itself.
        pairs: How many pairs of a source and a destination class somebody is of.
        offered: Every edge of every service that anybody offers.
        is_whole: True where exhaustive recipes send everything, else a sample of it.
    """

    w: Party
    r: Party
    t: Party
    w2: Party
    p: Party
    x: Party
    b: Party
    g: Party
    c: Party
    wb: Party
    alike: tuple[Party, ...]
    pairs: int
    offered: tuple[Offer, ...]
    is_whole: bool


class RoleAssignment:
    """Chooses the roles for pairs of attachments of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._policy = Policy(plan)
        self._cells = matrix(plan)
        used = {name for device in plan.devices for name in device.services}
        self._offered = _edges(s for s in plan.services if s.id in used and s.has_ports)
        self._known = [a for a in plan.attachments if a.registered]
        self._pairs = len({(a.source, a.destination) for a in plan.origin.attachments})

    def roles(
        self,
        source: Attachment,
        target: Attachment,
        *,
        is_whole: bool = False,
        is_first: bool = True,
    ) -> Roles:
        """Return who plays what when *source* tries *target*.

        Args:
            source: Who sends.
            target: Whom it tries.
            is_whole: Whether exhaustive recipes send everything.
            is_first: Whether nothing was tried from a terminal of its class and site before.
        """
        apart = [a for a in self._known if a.device not in (source.device, target.device)]
        welcome = [a for a in apart if a.at != source.at and self._may(a, target)]
        elsewhere = [a for a in apart if a.at != source.at] or apart or [target]
        peers = [a for a in apart if self._may(source, a)] or elsewhere
        same_air = [a for a in apart if source.air and a.air == source.air]
        like = [a for a in apart if a.site != source.site and bool(a.air) == bool(source.air)]
        bystanders = [a for a in elsewhere if a.zone not in (source.zone, target.zone)] or elsewhere
        managers = [a for a in apart if self._is_managing(a)] or elsewhere
        return Roles(
            w=self.party(source),
            r=self.party(target),
            t=self.party((welcome or elsewhere)[0]),
            w2=self.party((same_air or like or elsewhere)[0]),
            p=self.party(peers[0]),
            x=self.party(peers[-1]),
            b=self.party(bystanders[0]),
            g=self._gateway(source),
            c=self.party(managers[0]),
            wb=self.party((like or elsewhere)[0]),
            alike=self._alike(source) if is_first else (self.party(source),),
            pairs=self._pairs,
            offered=self._offered,
            is_whole=is_whole,
        )

    def _gateway(self, source: Attachment) -> Party:
        return Party("", self._plan.router_mac, str(self._plan.gateway(source)), 0, 443)

    def _alike(self, source: Attachment) -> tuple[Party, ...]:
        key = source.source, source.site
        found = tuple(self.party(a) for a in self._known if (a.source, a.site) == key)
        return found or (self.party(source),)

    def party(self, attachment: Attachment) -> Party:
        """Return an attachment as a party of a recipe."""
        services = self._plan.on_ports(attachment)
        port = services[0].edges()[0] if services else 443
        vlan = self._plan.zone[attachment.zone].vlan
        offered = _edges(services) or ((Protocol.TCP, port),)
        return Party(attachment.id, attachment.mac, str(attachment.ip), vlan, port, offered)

    def _may(self, source: Attachment, target: Attachment) -> bool:
        return self._cells[source.source, target.destination].kind is CellKind.ALLOW

    def _is_managing(self, attachment: Attachment) -> bool:
        kinds = {self._plan.service[s].kind for s in attachment.services}
        return bool(kinds & {"openflow", "ssh", "radius"})


def _edges(services: Iterable[Service]) -> tuple[Offer, ...]:
    found = {(service.protocol, port) for service in services for port in service.edges()}
    return tuple(sorted(found, key=lambda offer: (offer[0].value, offer[1])))
