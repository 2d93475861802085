"""Towns that are as small as a first plan is, for tests of what needs a second or a third."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: In tiny.yaml, with the class of wired notebooks: put it in for the line of the guest.
TABLET = """
  tab:
    label: {ja: タブレット, en: Tablet}
    kind: terminal
    attachments:
      wifi:
        {air: staff-air, zone: wireless, ip: 10.45.0.12, mac: "02:45:00:00:00:0c",
         source: S1, destination: D3}
  guest:"""
_LABELS = {"ja": "名前", "en": "Name"}


def small(folder: Path, **changes: Any) -> Path:
    """Write a plan of one terminal and one server, with *changes* of its parts; return its path."""
    plan = {**_plan(), **changes}
    path = folder / "small.yaml"
    path.write_text(json.dumps(plan, indent=1, ensure_ascii=False), "utf-8")  # YAML is wider
    return path


def terminal(number: int, **changes: Any) -> dict[str, Any]:
    """Return a staff terminal at port *number* of the only switch."""
    return {"label": _LABELS, "attachments": {"lan": leg(number, "staff", "S1", "D2", **changes)}}


def server(number: int, *services: str) -> dict[str, Any]:
    """Return a server at port *number* of the only switch."""
    own = {"lan": leg(number, "app", "S2", "D1")}
    return {"label": _LABELS, "services": list(services), "attachments": own}


def leg(number: int, zone: str, source: str, destination: str, **changes: Any) -> dict[str, Any]:
    """Return an attachment at port *number* of the only switch."""
    subnet = {"staff": 20, "app": 30}[zone]
    return {
        "at": f"sw:{number}",
        "zone": zone,
        "ip": f"10.{subnet}.0.{10 + number}",
        "mac": f"02:{subnet:02x}:00:00:00:{10 + number:02x}",
        "source": source,
        "destination": destination,
        **changes,
    }


def telephone(number: int) -> dict[str, Any]:
    """Return a telephone that stands behind hub *h*, which offers nothing."""
    own = leg(number, "app", "S2", "D1")
    del own["at"]
    return {"label": _LABELS, "attachments": {"lan": {**own, "hub": "h"}}}


def service(ports: list[Any], kind: str, protocol: str = "tcp") -> dict[str, Any]:
    """Return a service."""
    return {"label": _LABELS, "protocol": protocol, "ports": ports, "kind": kind}


def clause(name: str, *services: str, **changes: Any) -> dict[str, Any]:
    """Return a rule that lets staff open *services* of the servers."""
    allow = {"from": ["S1"], "to": "D1", "services": list(services), **changes}
    return {"id": name, "purpose": _LABELS, "basis": "design", "allow": [allow]}


def _plan() -> dict[str, Any]:
    names = {"label": _LABELS}
    return {
        "sekisho": 1,
        "town": {"id": "small", **names, "profile": "seed-r4", "edition": "R4.3"},
        "sites": {"hall": names},
        "zones": {
            "staff": {**names, "vlan": 20, "subnets": {"hall": "10.20.0.0/24"}},
            "app": {**names, "vlan": 30, "subnets": {"hall": "10.30.0.0/24"}},
        },
        "switches": {"sw": {**names, "site": "hall", "role": "access", "ports": 24}},
        "services": {"web": service([443], "https")},
        "sources": {"S1": names, "S2": names},
        "destinations": {"D1": names, "D2": names},
        "devices": {"pc": terminal(1), "srv": server(3, "web")},
        "policy": [clause("A01", "web")],
        "must_drop": [{"number": 1, **names, "from": ["S2"], "to": ["D2"]}],
    }
