"""The rules of a town, asked of the values: the last phase.

What shape and references cannot say: names that clash, classes that nobody is in. The fabric,
the addresses and the policy have modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sekisho.errors import Fault
from sekisho.model import CellKind, DestinationClass, Plan, SourceClass
from sekisho.plan.addresses import check_addresses
from sekisho.plan.fabric import check_fabric
from sekisho.plan.nodenames import check_node_names
from sekisho.plan.places import Places, suggestion
from sekisho.plan.required import check_requirements
from sekisho.plan.rulebook import check_rulebook
from sekisho.plan.tags import check_tags

_UNREAL = (CellKind.NOT_APPLICABLE, CellKind.PLANNED, CellKind.EXTERNAL)


def check_town(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every rule of a town that the plan breaks."""
    yield from _check_names(plan, places)
    yield from check_node_names(plan, places)
    yield from _check_services(plan, places)
    yield from _check_classes(plan, places)
    yield from _check_media(plan, places)
    yield from _check_protected(plan, places)
    yield from _check_relays(plan, places)
    yield from check_fabric(plan, places)
    yield from check_tags(plan, places)
    yield from check_addresses(plan, places)
    yield from check_rulebook(plan, places)
    yield from check_requirements(plan, places)


def _check_names(plan: Plan, places: Places) -> Iterator[Fault]:
    clauses = ((f"policy[{n}].id", c.id) for n, c in enumerate(plan.clauses, 1))
    yield from _repeated(clauses, places, "a rule", "give each rule its own number")
    numbers = ((f"must_drop[{n}].number", str(m.number)) for n, m in enumerate(plan.must_drop, 1))
    yield from _repeated(
        numbers, places, "the number of a sentence", "give each sentence its own number"
    )
    needs = ((f"must_reach[{n}].number", str(m.number)) for n, m in enumerate(plan.must_reach, 1))
    yield from _repeated(needs, places, "the number of a need", "give each sentence its own number")
    exceptions = ((f"exceptions[{n}].id", e.id) for n, e in enumerate(plan.exceptions, 1))
    yield from _repeated(exceptions, places, "an exception", "give each exception its own number")
    known = {e.id for e in plan.exceptions}
    for n, relay in enumerate(plan.relays, 1):
        if relay.exception and relay.exception not in known:
            text = f"unknown exception '{relay.exception}'"
            yield places.fault(f"relays[{n}].exception", text, suggestion(relay.exception, known))


def _repeated(
    named: Iterable[tuple[str, str]], places: Places, noun: str, hint: str
) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for path, name in named:
        if name in first:
            line = places.line(first[name])
            yield places.fault(path, f"'{name}' is already {noun} (line {line})", hint)
        first.setdefault(name, path)


def _check_services(plan: Plan, places: Places) -> Iterator[Fault]:
    for service in plan.services:
        for n, ports in enumerate(service.ports, 1):
            for earlier in service.ports[: n - 1]:
                if earlier.first <= ports.last and ports.first <= earlier.last:
                    path = f"services.{service.id}.ports[{n}]"
                    yield places.fault(path, f"{ports} overlaps {earlier}", "name each port once")
    told = set[str]()
    for a in plan.attachments:
        own = f"devices.{a.device}.attachments.{a.name}.services"
        path = own if places.says(own) else f"devices.{a.device}.services"
        for n, name in enumerate(a.services if path not in told else (), 1):
            for other in a.services[: n - 1]:
                clash = _clash(plan, name, other)
                if clash:
                    yield places.fault(f"{path}[{n}]", clash, "one program listens on a port: "
                                       "take one of the two out")  # fmt: skip
        told.add(path)


def _clash(plan: Plan, name: str, other: str) -> str:
    """Say how two services of one device want the same port for different programs."""
    one, two = plan.service[name], plan.service[other]
    if one.kind == two.kind or one.protocol is not two.protocol:
        return ""
    for a in one.ports:
        for b in two.ports:
            if a.first <= b.last and b.first <= a.last:
                port = f"{one.protocol.name.lower()} {max(a.first, b.first)}"
                return f"'{name}' ({one.kind}) and '{other}' ({two.kind}) both listen on {port}"
    return ""


def _check_classes(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a class that nobody is in, unless all of its cells are said to be unreal."""
    noted = {
        (source, destination)
        for note in plan.notes
        if note.kind in _UNREAL
        for source in note.sources
        for destination in note.destinations
    }
    for source in _unused(plan.sources, {a.source for a in plan.attachments}):
        if not all((source, destination.id) in noted for destination in plan.destinations):
            yield _nobody(places, f"sources.{source}", "source")
    for column in _unused(plan.destinations, {a.destination for a in plan.attachments}):
        if not all((source.id, column) in noted for source in plan.sources):
            yield _nobody(places, f"destinations.{column}", "destination")


def _check_media(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a member of a class that does not stand where the class says that all do."""
    medium = {row.id: row.medium for row in plan.sources}
    for a in plan.attachments:
        said = medium[a.source]
        if said not in ("", "both", a.medium):
            path = f"devices.{a.device}.attachments.{a.name}.source"
            line = places.line(f"sources.{a.source}.medium")
            text = (
                f"'{a.id}' stands on {_MEDIA[a.medium]}, but class '{a.source}' on {_MEDIA[said]}"
            )
            hint = f"see line {line}: give it a class of its own, or write medium: both there"
            yield places.fault(path, text, hint)


_MEDIA = {"air": "the air", "cable": "a cable"}


def _check_protected(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a member of a class that does not stand in zones that protect what it says."""
    said = {row.id: row.protections for row in plan.sources if row.protections}
    for a in plan.attachments:
        there = plan.protection(a)
        if a.source in said and there not in said[a.source]:
            path = f"devices.{a.device}.attachments.{a.name}.source"
            line = places.line(f"sources.{a.source}.protection")
            words = ", ".join(word.value for word in said[a.source])
            what = f"protects '{there.value}'" if there else "does not say what it protects"
            text = f"zone '{a.zone}' of '{a.id}' {what}, but class '{a.source}' says {words}"
            hint = f"see line {line}: give it a class of its own, or name what it protects there"
            yield places.fault(path, text, hint)


def _check_relays(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a way that leads to nobody."""
    for n, relay in enumerate(plan.relays, 1):
        if not relay.destinations and not relay.meets:
            hint = "say whom it reaches ('to'), or who fetches there what was left ('meets')"
            yield places.fault(f"relays[{n}]", "has none of 'to' and 'meets'", hint)


def _unused(
    classes: tuple[SourceClass, ...] | tuple[DestinationClass, ...], used: set[str]
) -> tuple[str, ...]:
    return tuple(c.id for c in classes if c.id not in used)


def _nobody(places: Places, path: str, key: str) -> Fault:
    name = path.partition(".")[2]
    hint = (
        f"give an attachment '{key}: {name}', or note all of its cells as planned, external or "
        "not_applicable: a cell that nothing can probe would look safe"
    )
    return places.fault(path, f"no attachment is in {key} class '{name}'", hint)
