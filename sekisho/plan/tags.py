"""Rules of VLAN tags: behind a hub alone, and one network under one tag at one port."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.errors import Fault
from sekisho.model import Attachment, Plan, PortRef
from sekisho.plan.places import Places


def check_tags(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every rule of tags that the plan breaks."""
    first: dict[tuple[PortRef, int], Attachment] = {}
    for a in plan.attachments:
        path = f"devices.{a.device}.attachments.{a.name}"
        if a.tag and not a.on_hub:
            yield _outside(a, f"{path}.tag", places)
            continue
        other = first.setdefault((a.at, a.tag), a)
        if a.tag and other.zone != a.zone:
            line = places.line(f"devices.{other.device}.attachments.{other.name}.tag")
            text = f"tag {a.tag} at {a.at} is zone '{other.zone}' for '{other.id}' (line {line})"
            yield places.fault(f"{path}.tag", text,
                               "one tag at a port is one network: give each its own")  # fmt: skip


def _outside(a: Attachment, path: str, places: Places) -> Fault:
    """Return the fault of a tag that stands where there is no hub."""
    if a.air:
        text = f"'{a.id}' stands on the air, where no frame bears a tag"
        return places.fault(path, text, "take the tag out: its SSID tells its network")
    text = f"'{a.id}' stands at a port of its own, not behind a hub"
    hint = "name the port under hubs, also for one device, and write 'hub' in place of 'at'"
    return places.fault(path, text, hint)
