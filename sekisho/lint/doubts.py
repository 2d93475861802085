"""What is odd about a plan that is no mistake: each is said with its line and a way out.

Pure. A doubt is a warning of `sekisho plan lint`, and with ``--strict`` an error. What can never
be meant is refused when the plan is read, and is not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sekisho.errors import Fault
from sekisho.intent.requirements import CLOSED_WORDS, breaches, undeclared
from sekisho.lint.idle import idle
from sekisho.lint.shadows import shadows
from sekisho.lint.stores import stores, undeclared_stores
from sekisho.model import Allow, CellKind, DeviceKind, Label, Plan, Relay, Zone
from sekisho.policy.relay_paths import told_of_undeclared, ways

_NAMED = 5
#: Ports that a kind of service has; kinds that may have any are not here (IANA service names;
#: 9101 and 9102 are the further queues of a printer, 6633 is OpenFlow's of old).
USUAL_PORTS = {
    "print": frozenset({515, 631, 9100, 9101, 9102}),
    "sip": frozenset({5060}),
    "sips": frozenset({5061}),
    "dns": frozenset({53, 853}),
    "ntp": frozenset({123}),
    "syslog": frozenset({514, 601, 6514}),
    "radius": frozenset({1645, 1646, 1812, 1813, 2083}),
    "smb": frozenset({139, 445}),
    "dhcp": frozenset({67, 68}),
    "smtp": frozenset({25, 465, 587}),
    "ssh": frozenset({22}),
    "snmp": frozenset({161, 162}),
    "ldap": frozenset({389, 636, 3268, 3269}),
    "ike": frozenset({500, 4500}),
    "openflow": frozenset({6633, 6653}),
}
PROFILES = ("seed-r4", "alpha-strict", "guideline-r7")
#: Editions of 地方公共団体における情報セキュリティポリシーに関するガイドライン, as they are cited.
EDITIONS = ("H30.9", "R2.12", "R4.3", "R5.3", "R6.10", "R7.3")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something odd.

    Attributes:
        where: ``file:line``.
        label: What is odd, with the value.
        hint: What to do, or empty in both languages.
    """

    where: str
    label: Label
    hint: Label

    def fault(self, language: str) -> Fault:
        """Return it as a mistake, in *language*."""
        file, _, line = self.where.rpartition(":")
        return Fault(file, int(line), self.label.text(language), self.hint.text(language))


def doubts(plan: Plan, now: datetime | None = None) -> Iterator[Doubt]:
    """Yield everything that is odd at *now*, by subject and in the order of the plan."""
    yield from _older_form(plan)
    yield from _broken(plan)
    for shadow in shadows(plan):
        yield Doubt(shadow.where, shadow.label, Label("", ""))
    yield from (Doubt(*each) for each in idle(plan, now))
    yield from _mixed_classes(plan)
    yield from _hubs(plan)
    yield from _mixed_protection(plan)
    yield from _wide_rules(plan)
    yield from _wide_specials(plan)
    yield from _misleading_vlans(plan)
    yield from _unusual_ports(plan)
    yield from _empty_promises(plan)
    yield from _unknown_words(plan)
    yield from _shared_stores(plan)
    yield from (Doubt(*each) for each in told_of_undeclared(plan))
    yield from _stale_relays(plan)


def _older_form(plan: Plan) -> Iterator[Doubt]:
    """Yield what a plan of an earlier version leaves unsaid, in one list."""
    unsaid = (
        (Label("系統の protection", "the protection of zones"),
         [z.id for z in plan.zones if z.protection is None]),
        (Label("スイッチの role", "the role of switches"),
         [s.id for s in plan.switches if s.role is None]),
        (Label("機器の kind", "the kind of devices"),
         [d.id for d in plan.devices if d.kind is None]),
    )  # fmt: skip
    found = [(what, _some(names)) for what, names in unsaid if names]
    if found:
        ja = "、".join(f"{what.ja}({names})" for what, names in found)
        en = "; ".join(f"{what.en} ({names})" for what, names in found)
        yield Doubt(
            plan.where,
            Label(f"版1の計画書からは分からない: {ja}", f"a plan of version 1 does not say {en}"),
            Label("sekisho plan upgrade で版2に書き換える",
                  "sekisho plan upgrade writes it in version 2"),
        )  # fmt: skip


def _broken(plan: Plan) -> Iterator[Doubt]:
    """Yield what a plan of version 1 breaks as far as it tells, and exceptions from nothing."""
    broken = {(b.requirement.id, b.clause.id): b for b in breaches(plan)}
    planned = {n.id for n in plan.notes if n.kind is CellKind.PLANNED}
    if plan.version < CLOSED_WORDS:
        hint = Label(
            "許可を狭めるか、例外として書く", "narrow the rule, or declare it an exception"
        )
        for found in undeclared(plan):
            yield Doubt(found.allow.where, found.label, hint)
        return  # what it cannot tell is no reason to doubt an exception
    for exception in plan.exceptions:
        for name in exception.breaks:
            if not any((name, rule) in broken or rule in planned for rule in exception.rules):
                rules = ", ".join(exception.rules)
                yield Doubt(
                    exception.where,
                    Label(f"例外 {exception.id} の許可 {rules} は {name} に反していない",
                          f"exception {exception.id}: rule {rules} does not break {name}"),
                    Label("例外から取り除く", "take it out of the exception"),
                )  # fmt: skip


def _mixed_classes(plan: Plan) -> Iterator[Doubt]:
    """Yield each source class with members on cables and on the air that is not said to have."""
    for row in plan.sources:
        own = [a for a in plan.attachments if a.source == row.id]
        air = [a.id for a in own if a.medium == "air"]
        cable = [a.id for a in own if a.medium != "air"]
        if air and cable and not row.medium:
            yield Doubt(
                row.where,
                Label(
                    f"区分 {row.id} には無線の接続({_some(air)})と有線の接続({_some(cable)})がある",
                    f"class {row.id} has members on the air ({_some(air)}) and on cables "
                    f"({_some(cable)})",
                ),
                Label(
                    "無線と有線で許可が違うなら区分を分ける。意図したものなら medium: both と書く",
                    "give them classes of their own, or write medium: both where it is meant",
                ),
            )


def _hubs(plan: Plan) -> Iterator[Doubt]:
    """Yield each hub with members of several zones that talk to each other past the switch."""
    for hub in plan.airs:
        own = [a for a in plan.attachments if a.beside == hub.id and not a.tag]
        if len({a.zone for a in own}) > 1:
            who = _some([f"{a.id}: {a.zone}" for a in own])
            yield Doubt(
                hub.where,
                Label(f"{hub.id} の先の機器({who})どうしの通信はスイッチを通らず、誰も止められない",
                      f"what stands behind {hub.id} ({who}) talks to each other past every switch"),
                Label("ポートを分ける。電話機の音声VLANなどで分かれるなら isolates: true と書く",
                      "give each a port, or write isolates: true where it keeps them apart"),
            )  # fmt: skip


def _mixed_protection(plan: Plan) -> Iterator[Doubt]:
    """Yield each source class whose members stand in zones that protect different things."""
    for row in plan.sources:
        own = [a for a in plan.attachments if a.source == row.id and plan.protection(a)]
        own = [a for a in own if plan.device[a.device].kind is not DeviceKind.GATEWAY]
        if not row.protections and len({plan.protection(a) for a in own}) > 1:
            there = [f"{a.id}: {p.value}" for a in own if (p := plan.protection(a))]
            yield Doubt(
                row.where,
                Label(
                    f"区分 {row.id} の接続は、保護の異なる系統にある({_some(there)})",
                    f"class {row.id} has members in zones of different protection ({_some(there)})",
                ),
                Label(
                    "許可が違うなら区分を分ける。意図したものなら protection: [...] と書く",
                    "give them classes of their own, or write protection: [...] where it is meant",
                ),
            )


def _wide_rules(plan: Plan) -> Iterator[Doubt]:
    """Yield each direction of a rule that opens zones of different protection by one class."""
    for clause in plan.clauses:
        for allow in () if clause.special else clause.allows:
            reached = _reached(plan, allow)
            if len({word for word, _ in reached}) > 1 and not allow.only_to:
                there = _some([f"{name}: {word}" for word, name in reached])
                yield Doubt(
                    allow.where,
                    Label(
                        f"許可 {clause.id} は {allow.destination} を開くが、保護の異なる系統に及ぶ"
                        f"({there})",
                        f"rule {clause.id} opens {allow.destination}, in zones of different "
                        f"protection ({there})",
                    ),
                    Label("only_to で相手を書く", "name with only_to whom it is for"),
                )


def _reached(plan: Plan, allow: Allow) -> list[tuple[str, str]]:
    """Return what is protected where *allow* leads to, and who stands there; no gateways."""
    return [
        (word.value, b.id)
        for b in plan.attachments
        if b.registered
        and allow.reaches(b)
        and plan.device[b.device].kind is not DeviceKind.GATEWAY
        and (word := plan.protection(b))
    ]


def _wide_specials(plan: Plan) -> Iterator[Doubt]:
    """Yield each designated communication that covers more pairs than it says that it is for."""
    for clause in plan.clauses:
        if clause.special is None:
            continue
        pairs = {
            (a.id, b.id)
            for allow in clause.allows
            for b in plan.attachments
            if allow.reaches(b)
            for a in plan.attachments
            if allow.lets(a) and a.device != b.device
        }
        if len(pairs) > clause.special.pairs:
            ends = [len({pair[n] for pair in pairs}) for n in (0, 1)]
            size = f"{len(pairs)} ({ends[0]} x {ends[1]})"
            yield Doubt(
                clause.where,
                Label(
                    f"特定通信 {clause.id} は {clause.special.pairs} 組のはずが {size} 組に及ぶ",
                    f"designated communication {clause.id} covers {size} pairs, and is for "
                    f"{clause.special.pairs}",
                ),
                Label(
                    f"only_from と only_to で絞るか、pairs: {len(pairs)} と書く",
                    f"narrow it with only_from and only_to, or write pairs: {len(pairs)}",
                ),
            )


def _misleading_vlans(plan: Plan) -> Iterator[Doubt]:
    """Yield each VLAN number that is its network's, but for the order of the digits.

    Only where the plan's numbers are otherwise those of the networks: else they say nothing.
    """
    named = [zone for zone in plan.zones if zone.vlan in _octets(zone)]
    if 2 * len(named) < len(plan.zones):
        return
    for zone in plan.zones:
        meant = [n for n in _octets(zone) if sorted(str(n)) == sorted(str(zone.vlan))]
        if meant and zone.vlan not in meant:
            network = zone.subnets[0][1]
            yield Doubt(
                zone.where,
                Label(
                    f"系統 {zone.id} の VLAN は {zone.vlan} だが、アドレスは {network}",
                    f"zone {zone.id} has VLAN {zone.vlan}, and its network is {network}",
                ),
                Label(f"{meant[0]} の誤りか", f"did you mean {meant[0]}?"),
            )


def _octets(zone: Zone) -> set[int]:
    """Return the numbers that the networks of *zone* are written with."""
    return {int(word) for _, net in zone.subnets for word in str(net[0]).split(".")[:3]}


def _shared_stores(plan: Plan) -> Iterator[Doubt]:
    """Yield each device at which two could meet that are kept apart."""
    for store in undeclared_stores(plan):
        yield Doubt(
            store.where,
            store.label,
            Label(
                "装置の側の対策を relays に meets で書くか、許可を狭める",
                "say under relays, with meets, what the device does about it, or narrow a rule",
            ),
        )


def _stale_relays(plan: Plan) -> Iterator[Doubt]:
    """Yield each declared way of which nothing, or not all, is there any more."""
    if not plan.relays:
        return
    every = ways(plan)
    met = list(stores(plan))
    is_unsaid = any(zone.protection is None for zone in plan.zones)
    for number, relay in enumerate(plan.relays, 1):
        if relay.meets and is_unsaid:
            continue  # who is kept apart from whom cannot be told
        used = {
            name
            for way in every
            if way.through in relay.through
            and way.source in relay.sources
            and way.destination in relay.destinations
            for name in (f"through {way.through}", f"from {way.source}", f"to {way.destination}")
        }
        for store in met:
            for a, b in (store.classes, store.classes[::-1]):
                if store.device in relay.through and a in relay.sources and b in relay.meets:
                    used |= {f"through {store.device}", f"from {a}", f"meets {b}"}
        stale = [name for name in _said(relay) if name not in used]
        if stale:
            yield Doubt(
                relay.where,
                Label(
                    f"relays[{number}] に、もう無い経路がある({_some(stale)})",
                    f"relays[{number}] declares what is not there ({_some(stale)})",
                ),
                Label("取り除く", "take it out: it would hide a way that comes later"),
            )


def _said(relay: Relay) -> list[str]:
    parts = {
        "through": relay.through,
        "from": relay.sources,
        "to": relay.destinations,
        "meets": relay.meets,
    }
    return [f"{key} {name}" for key, names in parts.items() for name in names]


def _unusual_ports(plan: Plan) -> Iterator[Doubt]:
    """Yield each service with a port that its kind never has; one may be a slip of digits."""
    for service in plan.services:
        usual = USUAL_PORTS.get(service.kind) if service.has_ports else None
        odd = [p for p in service.ports if usual and not set(range(p.first, p.last + 1)) <= usual]
        for ports in odd:
            known = ", ".join(map(str, sorted(usual or ())))
            meant = [str(p) for p in sorted(usual or ()) if sorted(str(p)) == sorted(str(ports))]
            ja, en = (f"{meant[0]} の誤りか", f"did you mean {meant[0]}?") if meant else (
                f"{service.kind} の番号は {known}", f"{service.kind} has: {known}"
            )  # fmt: skip
            yield Doubt(
                service.where,
                Label(
                    f"サービス {service.id} は {service.kind} なのに番号が {ports}",
                    f"service {service.id} is {service.kind}, and its port is {ports}",
                ),
                Label(ja, en),
            )


def _empty_promises(plan: Plan) -> Iterator[Doubt]:
    """Yield each planned cell that does not say what it will permit."""
    for note in plan.notes:
        if note.kind is CellKind.PLANNED and not note.services:
            name = note.id or "planned"
            yield Doubt(
                note.where,
                Label(
                    f"計画中の {name} は、開いたときに何を許可するかを書いていない",
                    f"planned cell {name} does not say what it will permit",
                ),
                Label("services を書けば、resegment で開けるか試算できる",
                      "name its services: resegment can then open it, or show what it would do"),
            )  # fmt: skip


def _unknown_words(plan: Plan) -> Iterator[Doubt]:
    """Yield a profile or an edition that nobody has published."""
    if plan.profile not in PROFILES:
        yield _unknown(plan.where, Label("プロファイル", "profile"), plan.profile, PROFILES)
    said = [(plan.where, plan.edition), *((n.where, n.edition) for n in plan.notes if n.edition)]
    for where, edition in said:
        if edition not in EDITIONS:
            yield _unknown(where, Label("ガイドラインの版", "edition"), edition, EDITIONS)


def _unknown(where: str, what: Label, word: str, known: tuple[str, ...]) -> Doubt:
    words = ", ".join(known)
    return Doubt(
        where,
        Label(f"{what.ja} {word!r} は知られていない", f"nobody knows the {what.en} {word!r}"),
        Label(f"知られているもの: {words}", f"known: {words}"),
    )


def _some(names: list[str]) -> str:
    """Name the first of *names*, and say how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" +{more}" if more > 0 else "")
