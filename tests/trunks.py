"""A hypervisor at one port: machines under tags of their own, and a device without one beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sekisho.model import Plan
from sekisho.plan import load
from tests.small import clause, leg, server, small, terminal

_NAMES = {"label": {"ja": "名前", "en": "Name"}}
STAFF, APP = 20, 30


def machine(number: int, zone: str, tag: int | None, **device: Any) -> dict[str, Any]:
    """Return a device behind hub *hv*, under *tag*."""
    classes = {"staff": ("S1", "D2"), "app": ("S2", "D1")}[zone]
    own = {**leg(number, zone, *classes), "hub": "hv"}
    del own["at"]
    if tag is not None:
        own["tag"] = tag
    return {**_NAMES, "attachments": {"lan": own}, **device}


def hypervisor(folder: Path, *, isolates: bool = False, **changes: Any) -> Plan:
    """Return a town of two switches with a hypervisor at the first.

    Behind it: *desk* (staff) and *shop* (app) under tags, *box* (staff) without; at ports of their
    own *pc* (staff) at the first switch, and *srv* (app) at the second.
    """
    switch = {**_NAMES, "site": "hall", "role": "access", "ports": 24}
    far = server(3, "web")
    far["attachments"]["lan"]["at"] = "sw2:3"
    parts: dict[str, Any] = {
        "switches": {"sw": switch, "sw2": switch},
        "links": [{"a": "sw:24", "b": "sw2:24"}],
        "hubs": {"hv": {**_NAMES, "at": "sw:1", "isolates": isolates}},
        "devices": {
            "desk": machine(31, "staff", STAFF),
            "shop": machine(32, "app", APP, services=["web"]),
            "box": machine(33, "staff", None),
            "pc": terminal(2),
            "srv": far,
        },
        "policy": [clause("A01", "web")],
    }
    return load(small(folder, **{**parts, **changes}))
