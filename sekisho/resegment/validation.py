"""What somebody asks for, examined: who would be moved, and why it may not be.

Pure: a plan and a request go in, moves or a refusal come out. What cannot be done safely is
refused with the requirement that it would break, and all reasons are given at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from sekisho.errors import UsageError
from sekisho.model import Attachment, CellKind, Device, DeviceKind, Plan, PortRef, Protection, Role
from sekisho.model.changes import Change, Move, opened_clause, standing_at
from sekisho.model.pools import Pool, pools
from sekisho.plan.places import one_of
from sekisho.resegment.closed import why_closed

QUARANTINE = "quarantine"  # no network at all: 隔離
_PRINTS = "print"  # kind of service of a printer, where its plan does not say that it is one


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """One reason why a request is refused.

    Attributes:
        requirement: The requirement that it would break, or empty for a request that makes no
            sense.
    """

    what: str
    requirement: str
    ja: str
    en: str


class RefusedError(UsageError):
    """A request that is refused; carries every reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        lines = [
            f"{r.what}: {r.en}{f' [{r.requirement}]' if r.requirement else ''}" for r in refusals
        ]
        super().__init__("\n".join(lines))


def port_of(plan: Plan, text: str) -> PortRef:
    """Read ``switch:port``.

    Raises:
        RefusedError: There is no such port.
    """
    switch, _, word = text.partition(":")
    found = plan.switch[switch].called(word) if switch in plan.switch else None
    if found is not None:
        return found
    names = ", ".join(plan.switch)
    reason = Refusal(text, "", "そのポートはない", f"no such port\n  hint: SWITCH:PORT, of {names}")
    raise RefusedError((reason,))


def plan_moves(
    plan: Plan, ports: Sequence[str], to: str, *, standing: Iterable[Change] = ()
) -> tuple[Move, ...]:
    """Return the moves that bring *ports* to the network *to*: all of them, or none.

    Args:
        plan: The plan that is in force.
        ports: ``switch:port`` each.
        to: A zone, a source class, or ``quarantine``.
        standing: The changes that stand: their addresses are kept, since undoing a later change
            gives the port that it moved its earlier address back.

    Raises:
        RefusedError: With every reason.
    """
    found = list(dict.fromkeys(port_of(plan, text) for text in ports))
    known = {z.id for z in plan.zones} | {s.id for s in plan.sources} | {QUARANTINE}
    if to not in known:
        text = f"neither a zone nor a class\n  hint: {one_of(to, sorted(known))}"
        raise RefusedError((Refusal(to, "", "系統でも区分でもない", text),))
    refusals = [refusal for port in found for refusal in _refusals(plan, port, to)]
    if refusals:
        raise RefusedError(refusals)
    taken = {a.ip for a in (*plan.attachments, *plan.origin.attachments)}
    taken |= {IPv4Address(move.ip) for change in standing for move in change.moves}
    moves = []
    for port in found:
        (attachment,) = standing_at(plan, port)
        moves.append(_move(plan, attachment, to, taken))
    return tuple(moves)


def links_asked(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the planned permission *name*, examined.

    Raises:
        RefusedError: The plan has none of that name, or it is open.
    """
    planned = [n.id for n in plan.origin.notes if n.kind is CellKind.PLANNED and n.id]
    try:
        opened_clause(plan, name)
    except KeyError:
        text = f"not a planned permission\n  hint: one of {', '.join(planned) or 'none here'}"
        raise RefusedError((Refusal(name, "", "計画中の許可ではない", text),)) from None
    if any(clause.id == name for clause in plan.clauses):
        raise RefusedError((Refusal(name, "", "すでに開いている", "is open already"),))
    return (name,)


def undo_refusals(standing: Sequence[Change], number: int) -> Iterator[Refusal]:
    """Yield why change *number* cannot be taken back.

    Args:
        standing: The changes that stand, in their order.
        number: The one to undo.
    """
    name = f"change {number}"
    found = next((change for change in standing if change.number == number), None)
    if found is None:
        numbers = ", ".join(str(c.number) for c in standing) or "none stands"
        text = f"does not stand\n  hint: one of {numbers}"
        yield Refusal(name, "", "有効な変更ではない", text)
        return
    for later in standing:
        shared = found.touches & later.touches
        if later.number > number and shared:
            en = f"change {later.number} has moved {', '.join(sorted(shared))} since: undo it first"
            yield Refusal(name, "", f"後の変更{later.number}を先に取り消す", en)


def check_conflict(changes: Iterable[Change], change: Change, seen: int | None) -> None:
    """Refuse a change at a port that another has changed since the asker last looked.

    Args:
        changes: All changes so far.
        change: The new one.
        seen: Number of the newest change that the asker knew of; None: do not care.

    Raises:
        RefusedError: Names the other change.
    """
    for other in changes:
        shared = other.touches & change.touches
        if seen is not None and other.number > seen and shared:
            at = ", ".join(sorted(shared))
            en = f"change {other.number} by {other.by or 'somebody'} came first: look again"
            ja = f"{other.by or '誰か'}の変更{other.number}が先に行われた(もう一度見る)"
            raise RefusedError((Refusal(at, "", ja, en),))


def _refusals(plan: Plan, port: PortRef, to: str) -> Iterator[Refusal]:
    """Yield why *port* may not be moved to the network *to*."""
    refusal = _of_the_port(plan, port, to)
    if refusal is not None:
        yield refusal
        return
    (here,) = standing_at(plan, port)
    yield from _of_the_device(plan, here, to)
    if to == QUARANTINE:
        if not here.registered:
            yield Refusal(str(port), "", "すでに隔離されている", "is in quarantine already")
        return
    pool = _pool(plan, port, to)
    if pool is None:
        yield _no_network(plan, port, to)
    elif (here.zone, here.source, here.registered) == (pool.zone, pool.source, True):
        ja = f"すでに{plan.zone[pool.zone].label.ja}にある"
        yield Refusal(str(port), "", ja, f"is in {pool.zone} already")


def _of_the_port(plan: Plan, port: PortRef, to: str) -> Refusal | None:
    """Why the port itself may not be moved, whoever stands there."""
    name = str(port)
    if any(port in (link.a, link.b) for link in plan.links):
        en = "a trunk between switches carries every network"
        return Refusal(name, "MG-01", "幹線のポートは全系統を運ぶ", en)
    shared = next((air for air in plan.airs if air.at == port), None)
    if shared is not None and shared.is_hub and len(standing_at(plan, port)) > 1:
        en = f"{shared.id} joins several devices to it: they would all move, unseen by each other"
        return Refusal(name, "FX-01", "複数の機器が共用するポートの移設は計画で行う", en)
    if shared is not None and not shared.is_hub:
        if any(plan.zone[z].protection is Protection.RESIDENT for z in _zones_meant(plan, to)):
            en = "an access point must never stand in the resident-information systems"
            return Refusal(name, "MN-07", "無線APを利用事務系に入れてはならない", en)
        en = "the network of an access point follows from its SSID, not from its port"
        return Refusal(name, "WL-02", "無線APの系統はSSIDで決まる", en)
    switch = plan.switch[port.switch]
    if switch.role is not Role.ACCESS:
        en = f"{switch.id} is not an access switch: its ports are the plan's business"
        return Refusal(name, "RT-01", "アクセススイッチのポートではない", en)
    if len(standing_at(plan, port)) != 1:
        en = "nothing is attached there: the plan must name a device before its port is opened"
        return Refusal(name, "WL-05", "何もつながっていない(計画に機器を書く)", en)
    return None


def _zones_meant(plan: Plan, to: str) -> set[str]:
    """The zones that a zone's or class's name may mean."""
    return {to} & set(plan.zone) | {a.zone for a in plan.attachments if a.source == to}


def _of_the_device(plan: Plan, here: Attachment, to: str) -> Iterator[Refusal]:
    device, name = plan.device[here.device], str(here.at)
    if _is_management(plan, here.zone):
        en = "a management port stays where it is"
        yield Refusal(name, "MG-01", "管理系のポートは移せない", en)
    if _is_printer(plan, device) and to != QUARANTINE:
        en = f"{device.id} is a printer that all systems share: moved, it would bridge them"
        yield Refusal(name, "PR-02", "共用の複合機を移すと系統の橋になる", en)
    elif device.kind is DeviceKind.GATEWAY and to != QUARANTINE:
        en = f"{device.id} hands over between systems: it is moved in the plan"
        yield Refusal(name, "FX-01", "系統間の中継装置の移設は計画で行う", en)
    elif (device.services or device.kind is DeviceKind.SERVER) and to != QUARANTINE:
        en = f"{device.id} offers services: a server is moved in the plan"
        yield Refusal(name, "RT-01", "サーバの移設は計画で行う", en)
    wired = [a for a in device.attachments if a.medium != "air"]
    if len(wired) > 1:
        en = f"{device.id} has {len(wired)} cables: moved apart, it would bridge two networks"
        yield Refusal(name, "FX-01", "複数の足を持つ機器は系統の橋になる", en)
    naming = [
        clause.id
        for clause in plan.clauses
        for allow in clause.allows
        if here.id in (*allow.only_from, *allow.only_to)
    ]
    if naming:
        en = f"rule {', '.join(dict.fromkeys(naming))} names {here.id}: change the rule first"
        yield Refusal(name, "RT-01", f"{here.id}を名指しする許可がある", en)


def _is_printer(plan: Plan, device: Device) -> bool:
    """Tell whether *device* is a printer; where its plan does not say, one that prints is."""
    if device.kind is not None:
        return device.kind is DeviceKind.PRINTER
    return any(plan.service[s].kind == _PRINTS for s in device.services)


def _pool(plan: Plan, port: PortRef, to: str) -> Pool | None:
    """The network at this port's switch that *to* means; None where none or several do."""
    found = [p for p in pools(plan) if p.switch == port.switch and to in (p.zone, p.source)]
    return found[0] if len(found) == 1 else None


def _is_management(plan: Plan, zone: str) -> bool:
    """Tell whether *zone* is for controllers and switches; vendors' ports have a zone of theirs."""
    return plan.zone[zone].protection is Protection.MANAGEMENT


def _no_network(plan: Plan, port: PortRef, to: str) -> Refusal:
    if any(_is_management(plan, zone) for zone in _zones_meant(plan, to)):
        en = "no port is moved into the management network"
        return Refusal(str(port), "MG-01", "管理系へは移せない", en)
    here = [p for p in pools(plan) if p.switch == port.switch]
    several = [p.zone for p in here if to == p.source]
    choice = ", ".join([*(several or sorted({p.zone for p in here})), QUARANTINE])
    why = why_closed(plan, plan.switch[port.switch], to)
    en = f"a port of {port.switch} cannot be moved to {to}: {why.en}"
    hint = f"\n  hint: one of {choice}"
    return Refusal(str(port), "", f"{to}へは移せない。{why.ja}", en + hint)


def _move(plan: Plan, here: Attachment, to: str, taken: set[IPv4Address]) -> Move:
    if to == QUARANTINE:
        return Move(
            here.id, str(here.at), here.zone, here.source, here.destination, str(here.ip), False
        )
    pool = _pool(plan, here.at, to)
    assert pool is not None, "examined before"
    home = plan.origin.attachment[here.id]
    if (home.zone, home.source, home.registered) == (pool.zone, pool.source, True):
        ip = home.ip  # back where the plan has it
    else:
        last = plan.origin.zone[pool.zone].subnet(pool.site, pool.network[0])
        free = (i for i in pool.network if i not in taken and last and i != last[-1])
        ip = next(free, None)  # type: ignore[assignment]
    if ip is None:
        en = f"no address is left for ports of {pool.switch} in {pool.zone} ({pool.network})"
        raise RefusedError((Refusal(str(here.at), "", "空きアドレスがない", en),))
    taken.add(ip)
    return Move(here.id, str(here.at), pool.zone, pool.source, pool.destination, str(ip), True)
