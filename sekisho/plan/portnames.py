"""What the ports of a switch are called: from names to numbers, before anything is counted up.

Works on records. A switch says how many ports it has, or lists their names; the n-th name is that
of port n. Every port that the plan writes is brought to its number here; the builder puts the name
beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sekisho.errors import Fault
from sekisho.model import PortRef
from sekisho.plan.kinds import CONTAINERS
from sekisho.plan.places import Places, show, suggestion
from sekisho.plan.record import Record

_MOST = 1000  # ports of a switch, however they are written


def names_of(switch: Record) -> tuple[str, ...]:
    """Return the names of a switch's ports, in order; none where it counts them."""
    said = switch.get("ports", tuple)
    return tuple(name for each in said if isinstance(each, tuple) for name in each)


def ports_of(switch: Record) -> int:
    """Return how many ports a switch has."""
    (first, *_) = switch.get("ports", tuple)
    return first if isinstance(first, int) else len(names_of(switch))


def numbered(root: Record, places: Places) -> tuple[Record, tuple[Fault, ...]]:
    """Return the plan with every port by its number, and what is wrong with the names.

    A port of a switch that is not there stays as it is: the references will tell.
    """
    switches = {switch.id: switch for switch in root.records("switches")}
    faults = [fault for switch in switches.values() for fault in _twice(switch, places)]
    if not faults:
        root = _brought(root, switches, places, faults)
    return root, tuple(faults)


def _twice(switch: Record, places: Places) -> Iterator[Fault]:
    """Refuse a name that two ports have, and more ports than a switch may have."""
    path = f"{switch.path}.ports"
    seen: dict[str, int] = {}
    folded: dict[str, str] = {}
    for n, each in enumerate(switch.get("ports", tuple), 1):
        for name in each if isinstance(each, tuple) else ():
            if name in seen:
                text = f"{show(name)} is already a port of {path}[{seen[name]}]"
                yield places.fault(f"{path}[{n}]", text, "name each port once")
                break
            if (other := folded.setdefault(name.casefold(), name)) != name:
                text = f"{show(name)} differs from {show(other)} in the case of letters alone"
                hint = "give one of them another name: people and switches take them for one"
                yield places.fault(f"{path}[{n}]", text, hint)
                break
            seen[name] = n
    if len(seen) > _MOST:
        yield places.fault(path, f"{len(seen)} ports", f"a switch has at most {_MOST}")


def _brought(
    record: Record, switches: Mapping[str, Record], places: Places, faults: list[Fault]
) -> Record:
    values = dict(record.values)
    for key in record.section.keys:
        value = values[key.name]
        if isinstance(value, PortRef) and value.switch in switches:
            path = f"{record.path}.{key.name}"
            found = _numbered(value, switches[value.switch])
            values[key.name] = found or value
            if found is None:
                faults.append(_unknown(value, switches[value.switch], places, path))
        elif key.kind in CONTAINERS and isinstance(value, tuple):
            values[key.name] = tuple(
                _brought(item, switches, places, faults) if isinstance(item, Record) else item
                for item in value
            )
    return replace(record, values=values)


def _numbered(port: PortRef, switch: Record) -> PortRef | None:
    """Return the port by its number; None where the switch has none that is called so."""
    names = names_of(switch)
    if not names:
        return None if port.name else port
    return PortRef(port.switch, names.index(port.word) + 1) if port.word in names else None


def _unknown(port: PortRef, switch: Record, places: Places, path: str) -> Fault:
    names, count = names_of(switch), ports_of(switch)
    if not names:
        text = f"switch '{switch.id}' has no port {show(port.word)}"
        hint = f"its ports are 1 to {count}; it may name them: ports: [Gi1/0/1-{count}]"
    elif not port.name and 1 <= port.port <= count:
        text = f"switch '{switch.id}' names its ports, and none is called {show(port.word)}"
        hint = f"port {port.port} of it is '{switch.id}:{names[port.port - 1]}'"
    else:
        text = f"switch '{switch.id}' has no port {show(port.word)}"
        hint = suggestion(port.word, names)
    return places.fault(path, text, hint)
