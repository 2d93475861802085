"""Why no port of a switch can be moved into a network that the plan has."""

from __future__ import annotations

from sekisho.model import Attachment, Label, Plan, Switch
from sekisho.model.pools import pools


def why_closed(plan: Plan, switch: Switch, to: str) -> Label:
    """Return why no port of *switch* is moved to *to*, a zone or a source class of *plan*."""
    origin = plan.origin
    here = [p.zone for p in pools(plan) if p.switch == switch.id and to in (p.zone, p.source)]
    if len(here) > 1:
        names = " ".join(here)
        return Label(f"{to} の系統は複数ある({names})", f"{to} is in several zones ({names})")
    zones = {to} if to in origin.zone else {a.zone for a in origin.attachments if a.source == to}
    there = [
        a for a in origin.attachments if a.zone in zones and a.site == switch.site and a.registered
    ]
    if not there:
        return Label(
            f"{switch.site} に {to} の登録済みの端末がない",
            f"no registered terminal at {switch.site} is of {to}",
        )
    return _of_those(origin, there)


def _of_those(plan: Plan, there: list[Attachment]) -> Label:
    """Why a newcomer cannot stand beside those who are *there*."""
    kinds = sorted({f"{a.source}/{a.destination}" for a in there})
    if len(kinds) > 1:
        words = " ".join(kinds)
        return Label(
            f"そこの端末の区分が一つではない({words})",
            f"the terminals there are not of one pair of classes ({words})",
        )
    ids = {a.id for a in there}
    naming = {
        clause.id: name
        for clause in plan.clauses
        for allow in clause.allows
        for name in (*allow.only_from, *allow.only_to)
        if name in ids
    }
    if naming:
        rules, names = " ".join(naming), " ".join(dict.fromkeys(naming.values()))
        return Label(
            f"許可 {rules} が、そこの {names} を名指ししている(その系統には移設用の番地がない)",
            f"rule {rules} names {names} there: a network with a named member keeps no addresses "
            "for ports that move",
        )
    return Label(
        "そこのネットワークに、移設用の番地の空きがない",
        "the network there has no room for addresses of ports that move",
    )
