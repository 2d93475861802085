"""Shared stores: what *a* leaves at a device that *b* opens too, though neither may open the other.

Pure. A way ``a -> X <- b`` needs no relay and no second permission: X is captured, or simply keeps
what it is given. It counts where both may open something on X that can hold data, neither may open
anything on the other, and what *a* would do at *b*, or *b* at *a*, a requirement of severity A
denies. A gateway hands over by its own rules and is not spoken of, nor is what stands outside; nor
what may be a gateway, in a plan of version 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sekisho.intent.requirements import REQUIREMENTS, Opening
from sekisho.model import Allow, Attachment, DeviceKind, Label, Plan, Protection, Relay

#: Kinds of service at which something can be left and fetched.
KEEPING = frozenset({"http", "https", "smb", "print", "smtp", "ssh", "ldap"})


@dataclass(frozen=True, slots=True)
class Store:
    """A device at which two classes meet that are kept apart.

    Attributes:
        classes: Source classes of both, in the order of the plan.
        rules: The rule by which each opens it.
        example: An attachment of each.
        requirements: What would deny the direct way.
        declared: What the plan says of it, if it does.
    """

    device: str
    classes: tuple[str, str]
    rules: tuple[str, str]
    example: tuple[Attachment, Attachment]
    requirements: tuple[str, ...]
    where: str
    declared: Relay | None

    @property
    def label(self) -> Label:
        """What is to be said of it."""
        (a, b), (one, other) = self.classes, self.rules
        asked = ", ".join(self.requirements)
        return Label(
            f"{self.device} は {a}(許可 {one})と {b}(許可 {other})の両方が開けるので、"
            f"直接の通信が {asked} で禁じられた両者の受渡し場所になりうる",
            f"{a} (rule {one}) and {b} (rule {other}) both open '{self.device}', and could hand "
            f"over there what {asked} denies between them",
        )


def stores(plan: Plan) -> Iterator[Store]:
    """Yield every store with each two classes that meet at it, in the order of the plan."""
    rank = {row.id: n for n, row in enumerate(plan.sources)}
    for device in plan.devices:
        legs = [a for a in device.attachments if a.registered]
        outside = all(plan.protection(leg) is Protection.OUTSIDE for leg in legs)
        if device.kind in (None, DeviceKind.GATEWAY) or outside:
            continue
        opening = sorted(_openers(plan, device.id).values(), key=lambda p: rank[p[1].source])
        seen: set[tuple[str, str]] = set()
        for (one, a), (other, b) in combinations(opening, 2):
            found = () if a.device == b.device else _denied(plan, a, b)
            if found and (a.source, b.source) not in seen and not _deal(plan, a, b):
                seen.add((a.source, b.source))
                names, rules = (a.source, b.source), (one, other)
                said = _declared(plan, device.id, names)
                yield Store(device.id, names, rules, (a, b), found, device.where, said)


def undeclared_stores(plan: Plan) -> Iterator[Store]:
    """Yield the stores that no line of the plan's relays declares."""
    for store in stores(plan):
        if store.declared is None:
            yield store


def _declared(plan: Plan, device: str, classes: tuple[str, str]) -> Relay | None:
    for relay in plan.relays:
        for a, b in (classes, classes[::-1]):
            if device in relay.through and a in relay.sources and b in relay.meets:
                return relay
    return None


def _openers(plan: Plan, device: str) -> dict[object, tuple[str, Attachment]]:
    """Return who may open something that keeps data on *device*: one of each kind of opener."""
    found: dict[object, tuple[str, Attachment]] = {}
    for clause in plan.clauses:
        for allow in clause.allows:
            if any(_keeps(plan, allow, leg) for leg in plan.device[device].attachments):
                for a in plan.attachments:
                    if a.registered and a.device != device and allow.lets(a):
                        kind = plan.device[a.device].kind
                        key = (a.source, a.medium, plan.protection(a), kind)
                        found.setdefault(key, (clause.id, a))
    return found


def _keeps(plan: Plan, allow: Allow, leg: Attachment) -> bool:
    runs = set(leg.services) & set(allow.services)
    keeping = any(plan.service[name].kind in KEEPING for name in runs)
    return leg.registered and allow.reaches(leg) and keeping


def _deal(plan: Plan, a: Attachment, b: Attachment) -> bool:
    """Tell whether a rule lets either class open something on the other's device."""
    return any(
        x.source in allow.sources and allow.reaches(y)
        for clause in plan.clauses
        for allow in clause.allows
        for x, y in ((a, b), (b, a))
    )


def _denied(plan: Plan, a: Attachment, b: Attachment) -> tuple[str, ...]:
    """Return the requirements of severity A that deny what one would do at the other."""
    both = [Opening.between(plan, x, y, "https") for x, y in ((a, b), (b, a))]
    return tuple(r.id for r in REQUIREMENTS if r.severity == "A" and any(map(r.denies, both)))
