"""A service of TCP or UDP has ports, an ICMP echo has none: asked of records, before any value."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.errors import Fault
from sekisho.plan.keys import ECHO
from sekisho.plan.places import Places
from sekisho.plan.record import Record

_KIND = "echo"


def check_service_ports(root: Record, places: Places) -> Iterator[Fault]:
    """Yield a fault for every service whose ports do not fit its protocol."""
    for service in root.records("services"):
        has_ports, path = bool(service.get("ports", tuple)), service.path
        if service.text("protocol") != ECHO:
            if not has_ports:
                hint = "ports is: a list of destination ports, like [443]"
                yield places.fault(path, "key 'ports' is missing", hint)
            continue
        if has_ports:
            hint = "take the key out: an echo is asked for and answered without ports"
            yield places.fault(f"{path}.ports", f"'{ECHO}' has no ports", hint)
        if service.text("kind") != _KIND:
            text = f"a service of '{ECHO}' is of kind '{_KIND}'"
            yield places.fault(f"{path}.kind", text, f"write kind: {_KIND}")
