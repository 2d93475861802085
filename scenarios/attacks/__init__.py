"""Ways across a boundary, by family: how to probe, never what to expect.

One module a family, named as in the field. An entry is a function from `Roles` (who sends, whom it
tries, who else is there) to finished packets, with its id. What must become of each
frame is the policy's word on the frame's own bytes; an entry that no network can decide, or that
cannot be sent here, says so with its reason and is counted, never silently absent.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from scenarios.probes.registry import Entry, Kind, collected

__all__ = ["FAMILIES", "Entry", "Kind", "load_families"]

#: The modules of this folder, each a family of the catalogue.
FAMILIES = (
    "arp",
    "change_races",
    "control_plane",
    "covert_channels",
    "ethernet",
    "ethertypes",
    "every_value",
    "fragments",
    "icmp",
    "instrument_controls",
    "ip_options",
    "ipv4",
    "ipv6",
    "multicast",
    "openvswitch",
    "pivoting",
    "reflection",
    "rogue_services",
    "tcp",
    "telework",
    "tunnels",
    "udp",
    "vlan",
    "wireless",
)


@cache
def load_families() -> tuple[Entry, ...]:
    """Return all entries of all families, sorted by id."""
    return collected(import_module(f"{__name__}.{family}") for family in FAMILIES)
