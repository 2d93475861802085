"""What requirements deny in any town, derived from what its zones protect, and who breaks it.

Pure, and by facts: what the zones of both ends protect, what the first stands on, what the device
of the second is, and what kind of service is opened. No class, letter or label is asked. Whether
a frame passes is not decided here; that is the policy's word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sekisho.model import (
    Allow,
    Attachment,
    Clause,
    Device,
    DeviceKind,
    Label,
    Plan,
    Protection,
)

#: Version of the plan language from which a plan says what its zones protect, and is held to it.
CLOSED_WORDS = 2
#: The edition that permits Wi-Fi to the resident systems under conditions; those before deny it.
_WIRELESS_UNDER_CONDITIONS = ("R7.3",)
#: Kinds of service by which anything reports to management and is told the time or who it is.
_REPORTING = frozenset({"syslog", "ntp", "dns", "radius", "dhcp"})
_TOWN = frozenset(Protection) - {
    Protection.OUTSIDE,
    Protection.TENANT,
    Protection.VISITOR,
    Protection.QUARANTINE,
}
_LGWAN = frozenset({Protection.LGWAN})
_FOREIGN = frozenset({Protection.INTERNET, Protection.OUTSIDE})


class Opening(NamedTuple):
    """What is known of one direction of a rule between two attachments, as far as it matters.

    Attributes:
        source: What the zone of who initiates protects; None where that is not said.
        target: What the zone of who is reached protects.
        medium: ``air`` or ``cable``: what the first stands on.
        begins: What the device of the first is.
        reached: What the device of the second is.
        is_special: Whether the rule is a designated communication (特定通信).
        kind: Kind of the service.
        edition: Guideline edition of the plan.
    """

    source: Protection | None
    target: Protection | None
    medium: str
    begins: DeviceKind | None
    reached: DeviceKind | None
    is_special: bool
    kind: str
    edition: str

    @classmethod
    def between(
        cls, plan: Plan, a: Attachment, b: Attachment, kind: str, *, is_special: bool = False
    ) -> Opening:
        """Return what is known where *a* opens a service of this kind on *b*."""
        return cls(
            plan.protection(a),
            plan.protection(b),
            a.medium,
            plan.device[a.device].kind,
            plan.device[b.device].kind,
            is_special,
            kind,
            plan.edition,
        )

    @property
    def is_known(self) -> bool:
        """Whether both ends say what they protect."""
        return self.source is not None and self.target is not None

    def is_between(self, one: Protection) -> bool:
        """Whether exactly one end is in a zone that protects *one*."""
        return self.is_known and (self.source is one) != (self.target is one)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A denial that holds in any town.

    Attributes:
        severity: ``A`` or ``B``, of a breach.
        label: What it denies.
        denies: Tells whether an opening breaks it.
    """

    id: str
    severity: str
    label: Label
    denies: Callable[[Opening], bool]


@dataclass(frozen=True, slots=True)
class Breach:
    """A direction of a rule that breaks a requirement.

    Attributes:
        services: Services by which it does.
        pairs: How many pairs of attachments do.
        source: Who initiates in the first of them.
        target: Who is reached in it.
    """

    requirement: Requirement
    clause: Clause
    allow: Allow
    services: tuple[str, ...]
    pairs: int
    source: Attachment
    target: Attachment

    @property
    def label(self) -> Label:
        """What is to be said of it, without the place."""
        rule, more = f"{self.clause.id} [{', '.join(self.services)}]", self.pairs - 1
        pair, wanted = f"{self.source.id} -> {self.target.id}", self.requirement.label
        ja, en = (f"、ほか{more:,}組", f", and {more:,} more") if more else ("", "")
        return Label(
            f"許可 {rule} は {self.requirement.id}({wanted.ja})に反する({pair}{ja})",
            f"rule {rule} breaks {self.requirement.id}, {wanted.en} ({pair}{en})",
        )


def _is_vendor_going_astray(o: Opening) -> bool:
    if o.source is not Protection.VENDOR or o.target in (None, Protection.VENDOR):
        return False
    mine = (Protection.MANAGEMENT, Protection.SHARED)
    return o.target not in mine or o.reached is not DeviceKind.GATEWAY


def _is_managing(o: Opening) -> bool:
    mine = (None, Protection.MANAGEMENT, Protection.VENDOR)  # of vendors MG-02 speaks
    is_reporting = o.kind in _REPORTING
    return o.target is Protection.MANAGEMENT and o.source not in mine and not is_reporting


def _leaves_lgwan(o: Opening) -> bool:
    if o.source is not Protection.LGWAN:
        return False
    is_terminal = o.begins is DeviceKind.TERMINAL  # looks at a browser's picture
    return o.target is Protection.OUTSIDE or (o.target is Protection.INTERNET and not is_terminal)


def _passes_by(o: Opening, source: frozenset[Protection], target: frozenset[Protection]) -> bool:
    """Tell whether it goes from one to the other, and not to a gateway."""
    return o.source in source and o.target in target and o.reached is not DeviceKind.GATEWAY


REQUIREMENTS = (
    Requirement("MN-01", "A",
        Label("利用事務系と他の領域との通信は、六項目で限定した特定通信だけ",
              "the resident systems talk to other domains by designated communications alone"),
        lambda o: o.is_between(Protection.RESIDENT) and not o.is_special),
    Requirement("MN-03", "A",
        Label("利用事務系からインターネットへは出ない",
              "the resident systems never reach the internet"),
        lambda o: o.source is Protection.RESIDENT and o.target in _FOREIGN),
    Requirement("MN-07", "A",
        Label("無線から利用事務系は不可", "no Wi-Fi reaches the resident systems"),
        lambda o: o.medium == "air" and o.target is Protection.RESIDENT
        and o.edition not in _WIRELESS_UNDER_CONDITIONS),
    Requirement("LG-01", "A",
        Label("LGWAN接続系からインターネットへ直接は出ない",
              "the LGWAN-connected side never reaches the internet directly"),
        _leaves_lgwan),
    Requirement("LG-02", "A",
        Label("インターネット側からLGWAN接続系へ入るのは中継装置(無害化)経由だけ",
              "from the internet side the LGWAN-connected side is entered by a gateway alone"),
        lambda o: _passes_by(o, _FOREIGN, _LGWAN)),
    Requirement("IN-02", "A",
        Label("庁外から庁内へ始められるのは中継装置までで、その先へは不可",
              "the outside begins nothing inside but with a gateway"),
        lambda o: _passes_by(o, frozenset({Protection.OUTSIDE}), _TOWN - _LGWAN)),
    Requirement("WL-04", "A",
        Label("来庁者から庁内は不可", "a visitor reaches nothing inside"),
        lambda o: o.source is Protection.VISITOR and o.target in _TOWN),
    Requirement("WL-05", "A",
        Label("隔離した機器からはどこへも不可", "what is in quarantine reaches nothing"),
        lambda o: o.source is Protection.QUARANTINE),
    Requirement("TW-01", "A",
        Label("テレワークから利用事務系は不可", "telework never reaches the resident systems"),
        lambda o: (o.source, o.target) == (Protection.TELEWORK, Protection.RESIDENT)),
    Requirement("TW-02", "B",
        Label("テレワークからLGWAN接続系へは画面転送などの中継装置だけ",
              "telework reaches the LGWAN-connected side by a gateway alone"),
        lambda o: _passes_by(o, frozenset({Protection.TELEWORK}), _LGWAN)),
    Requirement("CL-01", "A",
        Label("共同利用の他団体と互いに届かない",
              "the town and other tenants never reach each other"),
        lambda o: o.is_between(Protection.TENANT)
        and Protection.OUTSIDE not in (o.source, o.target)),
    Requirement("MG-01", "A",
        Label("管理系に入れるのは管理端末だけ(ログ・時刻・認証を除く)",
              "nobody but the administration opens management, save for logs, time and sign-in"),
        _is_managing),
    Requirement("MG-02", "A",
        Label("保守の端末が届くのは踏み台だけ", "a vendor reaches the jump host alone"),
        _is_vendor_going_astray),
)  # fmt: skip


def breaches(plan: Plan) -> Iterator[Breach]:
    """Yield each direction of each rule with each requirement that it breaks, declared or not."""
    for clause in plan.clauses:
        for allow in clause.allows:
            yield from _of_a_direction(plan, clause, allow)


def undeclared(plan: Plan) -> Iterator[Breach]:
    """Yield the breaches that no standing exception of the plan declares."""
    declared = {(r, c) for e in plan.exceptions for r in e.breaks for c in e.rules}
    for breach in breaches(plan):
        if (breach.requirement.id, breach.clause.id) not in declared:
            yield breach


def _of_a_direction(plan: Plan, clause: Clause, allow: Allow) -> Iterator[Breach]:
    known = [a for a in plan.attachments if a.registered]
    sources = [a for a in known if allow.lets(a)]
    reached = [b for b in known if allow.reaches(b)]
    found: dict[str, dict[str, list[tuple[Attachment, Attachment]]]] = {}
    judged: dict[Opening, tuple[str, ...]] = {}
    for service in allow.services:
        for a in sources:
            for b in reached:  # whether it runs the service or not: the rule lets it through
                kind = plan.service[service].kind
                opening = Opening.between(plan, a, b, kind, is_special=clause.special is not None)
                if opening not in judged:
                    judged[opening] = tuple(r.id for r in REQUIREMENTS if r.denies(opening))
                for name in judged[opening] if a.device != b.device else ():
                    found.setdefault(name, {}).setdefault(service, []).append((a, b))
    for requirement in REQUIREMENTS:
        services = found.get(requirement.id, {})
        pairs = list(dict.fromkeys(pair for own in services.values() for pair in own))
        if pairs:
            yield Breach(requirement, clause, allow, tuple(services), len(pairs), *pairs[0])


@dataclass(frozen=True, slots=True)
class Bridge:
    """A device that deals with the resident systems and with the internet (MN-04).

    Attributes:
        resident: The rule and the other end on the one side.
        foreign: The rule and the other end on the other.
    """

    device: Device
    resident: tuple[str, Attachment]
    foreign: tuple[str, Attachment]

    @property
    def label(self) -> Label:
        """What is to be said of it, without the place."""
        (one, there), (other, out) = self.resident, self.foreign
        return Label(
            f"{self.device.id} は利用事務系({there.id}、許可 {one})ともインターネット側({out.id}、"
            f"許可 {other})とも通信し、中継になりうる(MN-04)",
            f"'{self.device.id}' deals with the resident systems ({there.id}, rule {one}) and "
            f"with the internet side ({out.id}, rule {other}), and could be a relay (MN-04)",
        )


def bridges(plan: Plan) -> Iterator[Bridge]:
    """Yield each device that could join both, and that no exception of the relays names.

    A gateway hands over by its own rules and is not spoken of; nor is what stands in the resident
    systems itself, which MN-03 keeps from the internet.
    """
    declared = {name for relay in plan.relays if relay.exception for name in relay.through}
    resident: dict[str, tuple[str, Attachment]] = {}
    foreign: dict[str, tuple[str, Attachment]] = {}
    for clause, own, other in _dealings(plan):
        where, there = plan.protection(own), plan.protection(other)
        if there is Protection.RESIDENT and where is not Protection.RESIDENT:
            resident.setdefault(own.device, (clause.id, other))
        if there in _FOREIGN and where not in _FOREIGN:
            foreign.setdefault(own.device, (clause.id, other))
    for device in plan.devices:
        is_spoken_of = device.kind is not DeviceKind.GATEWAY and device.id not in declared
        if is_spoken_of and device.id in resident and device.id in foreign:
            yield Bridge(device, resident[device.id], foreign[device.id])


def _dealings(plan: Plan) -> Iterator[tuple[Clause, Attachment, Attachment]]:
    """Yield who deals with whom by which rule, seen from either end."""
    known = [a for a in plan.attachments if a.registered]
    for clause in plan.clauses:
        for allow in clause.allows:
            runs = set(allow.services)
            targets = [b for b in known if allow.reaches(b) and runs & set(b.services)]
            for a in known:
                for b in targets if allow.lets(a) else ():
                    if a.device != b.device:
                        yield clause, a, b
                        yield clause, b, a
