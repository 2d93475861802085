"""A plan as the page shows it: faceplates, devices, matrix. Pure."""

from __future__ import annotations

from typing import Any

from sekisho.model import Attachment, Label, Plan, PortRef, Protection, Role, Switch, Word
from sekisho.model.pools import pools
from sekisho.policy.matrix import matrix
from sekisho.resegment.validation import QUARANTINE, RefusedError, plan_moves


def words(label: Label) -> dict[str, str]:
    """Return a label in both languages."""
    return {"ja": label.ja, "en": label.en}


def town(plan: Plan) -> dict[str, Any]:
    """Return everything that stands still while ports are moved."""
    return {
        "id": plan.id,
        "label": words(plan.label),
        "profile": plan.profile,
        "edition": plan.edition,
        "sites": [{"id": s.id, "label": words(s.label)} for s in plan.sites],
        "zones": [
            {
                "id": z.id,
                "label": words(z.label),
                "layer": z.layer,
                "protection": _value(z.protection),
                "vlan": z.vlan,
            }
            for z in plan.zones
        ],
        "sources": [{"id": s.id, "label": words(s.label)} for s in plan.sources],
        "destinations": [{"id": d.id, "label": words(d.label)} for d in plan.destinations],
        "services": [
            {"id": s.id, "label": words(s.label), "kind": s.kind, "port": s.edges()[0]}
            for s in plan.services
        ],
        "planned": [
            {"id": n.id, "label": words(n.label)}
            for n in plan.notes
            if n.kind.value == "planned" and n.services
        ],
        "must_drop": [{"number": m.number, "label": words(m.label)} for m in plan.must_drop],
        "protections": {word.value: words(word.label) for word in Protection},
        "roles": {word.value: words(word.label) for word in Role},
    }


def _value(word: Word | None) -> str:
    """Return a closed word as a plan writes it; empty where the plan does not say it."""
    return "" if word is None else str(word.value)


def ports(plan: Plan) -> list[dict[str, Any]]:
    """Return every switch with every port of it, as things stand in *plan*."""
    return [
        {
            "id": s.id,
            "label": words(s.label),
            "site": s.site,
            "role": _value(s.role),
            "ports": [_port(plan, s, n) for n in range(1, s.ports + 1)],
        }
        for s in plan.switches
    ]


def _port(plan: Plan, switch: Switch, number: int) -> dict[str, Any]:
    ref = switch.port(number)
    link = next((x for x in plan.links if ref in (x.a, x.b)), None)
    here = [a for a in plan.attachments if a.at == ref]
    if link is not None:
        other = link.b if link.a == ref else link.a
        return {"port": str(ref), "kind": "trunk", "to": str(other), "backup": link.backup}
    if not here:
        return {"port": str(ref), "kind": "empty"}
    kind = "air" if here[0].air else "edge"
    return {"port": str(ref), "kind": kind, "attached": [_attached(plan, a) for a in here]}


def _attached(plan: Plan, a: Attachment) -> dict[str, Any]:
    device, home = plan.device[a.device], plan.origin.attachment[a.id]
    page = plan.page(a)
    return {
        "id": a.id,
        "device": a.device,
        "label": words(device.label),
        "zone": a.zone if a.registered else QUARANTINE,
        "protection": _value(plan.protection(a) if a.registered else Protection.QUARANTINE),
        "source": a.source,
        "destination": a.destination,
        "ip": str(a.ip),
        "mac": a.mac,
        "tag": a.tag,
        "air": a.air,
        "services": list(a.services),
        "page": page.id if page else "",
        "registered": a.registered,
        "moved": a != home,
    }


def cells(plan: Plan) -> list[dict[str, Any]]:
    """Return every cell of the matrix, row by row."""
    return [
        {
            "source": source,
            "destination": destination,
            "mark": cell.mark,
            "kind": cell.kind.value,
            "severity": cell.severity,
            "requirements": list(cell.requirements),
        }
        for (source, destination), cell in matrix(plan).items()
    ]


def choices(plan: Plan, port: PortRef) -> list[dict[str, Any]]:
    """Return where a port can be moved to, and why not where it cannot."""
    found = [(p.zone, p.source) for p in pools(plan) if p.switch == port.switch]
    resident = [z.id for z in plan.zones if z.protection is Protection.RESIDENT]
    if not any(zone in resident for zone, _ in found):  # whoever asks is told why
        found += [(zone, "") for zone in resident[:1]]
    out = []
    for zone, source in [*dict.fromkeys(found), (QUARANTINE, "")]:
        is_shared = sum(zone == other for other, _ in found) > 1
        to = source if is_shared else zone
        reasons: list[dict[str, str]] = []
        try:
            plan_moves(plan, [str(port)], to)
        except RefusedError as refused:
            reasons = [
                {"requirement": r.requirement, "ja": r.ja, "en": r.en} for r in refused.refusals
            ]
        out.append({"to": to, "zone": zone, "source": source, "refused": reasons})
    return out
