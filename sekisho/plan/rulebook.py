"""Rules of the policy: no rule says more, or less, than somebody can sign.

A rule is a clause with its directions; ``policy[2].allow[1]`` is the first direction of the
second rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from sekisho.errors import Fault
from sekisho.intent.sentences import ITEMS, STATES, contradictions, pairs, unmet
from sekisho.model import (
    Allow,
    Attachment,
    CellKind,
    CellNote,
    Clause,
    MustDrop,
    MustReach,
    Plan,
    PortRange,
    Protection,
)
from sekisho.plan.places import Places, show, suggestion

Cell = tuple[str, str]


def check_rulebook(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every rule of the policy that the plan breaks."""
    for n, clause in enumerate(plan.clauses, 1):
        for m, allow in enumerate(clause.allows, 1):
            path = f"policy[{n}].allow[{m}]"
            narrowed = tuple(_check_only(plan, allow, places, path=path))
            yield from narrowed or _check_offered(plan, allow, places, path=path)
        yield from _check_wholesale(plan, clause, places, path=f"policy[{n}]")
        yield from _check_special(plan, clause, places, path=f"policy[{n}].special")
    yield from _check_notes(plan, places)
    yield from _check_sentences(plan, places)
    yield from _check_needs(plan, places)


def _check_needs(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a need that no rule meets, or that nobody could have."""
    for n, need in enumerate(plan.must_reach, 1):
        for m, service in enumerate(need.services, 1):
            if not pairs(plan, need, service):
                text = f"nobody whom it names could open '{service}' on anybody who runs it"
                hint = "name who initiates, and registered devices that run the service"
                yield places.fault(f"must_reach[{n}].services[{m}]", text, hint)
        yield from _check_protected(plan, need, places, path=f"must_reach[{n}]")
    numbers = {need.number: n for n, need in enumerate(plan.must_reach, 1)}
    for found in unmet(plan):
        hint = "add the permission to a rule, or narrow the sentence"
        yield places.fault(f"must_reach[{numbers[found.need.number]}]", found.label.en, hint)


def _check_sentences(plan: Plan, places: Places) -> Iterator[Fault]:
    """Refuse a sentence of page one over anything that a rule permits."""
    for n, sentence in enumerate(plan.must_drop, 1):
        for m, item in enumerate(sentence.items, 1):
            if item not in ITEMS:
                text = f"the probe set has no item {item}"
                hint = f"items are {ITEMS[0]} to {ITEMS[-1]}; without the key all of them decide"
                yield places.fault(f"must_drop[{n}].items[{m}]", text, hint)
        if sentence.state not in STATES:
            text = f"unknown state {show(sentence.state)}"
            yield places.fault(f"must_drop[{n}].state", text, suggestion(sentence.state, STATES))
        unprotected = tuple(_check_protected(plan, sentence, places, path=f"must_drop[{n}]"))
        yield from unprotected or _check_spoken_of(plan, sentence, places, path=f"must_drop[{n}]")
    numbers = {sentence.number: n for n, sentence in enumerate(plan.must_drop, 1)}
    for found in contradictions(plan):
        line = found.allow.where.rpartition(":")[2]
        path = f"must_drop[{numbers[found.sentence.number]}]"
        hint = f"see line {line}: narrow the sentence, or take the permission out of the rule"
        yield places.fault(path, found.label.en, hint)


def _check_spoken_of(
    plan: Plan, sentence: MustDrop, places: Places, *, path: str
) -> Iterator[Fault]:
    """Refuse a side of a sentence that nobody is: it would be signed and never be decided."""
    for key, is_meant in (("from", sentence.is_from), ("to", sentence.is_to)):
        if not any(map(is_meant, plan.attachments)):
            text = "the sentence speaks of nobody: no attachment is all that it asks for"
            hint = "what stands under from, or under to, must all be true of one attachment"
            yield places.fault(f"{path}.{key}", text, hint)


def _check_protected(
    plan: Plan, sentence: MustDrop | MustReach, places: Places, *, path: str
) -> Iterator[Fault]:
    """Refuse a sentence about protected zones where it cannot be known which they are."""
    unsaid = [zone.id for zone in plan.zones if zone.protection is None]
    known = {zone.protection for zone in plan.zones}
    for key, facts in (("from", sentence.source_facts), ("to", sentence.destination_facts)):
        if facts.protections and unsaid:
            text = f"zone '{unsaid[0]}' does not say what it protects"
            hint = "give every zone its protection, or name zones here"
            yield places.fault(f"{path}.{key}.protection", text, hint)
            continue
        for word in facts.protections:
            if word not in known:
                there = ", ".join(p.value for p in Protection if p in known)
                text = f"no zone protects '{word.value}'"
                yield places.fault(f"{path}.{key}.protection", text, f"zones protect: {there}")


def _initiators(plan: Plan, allow: Allow) -> tuple[Attachment, ...]:
    """Return the attachments that *allow* lets initiate."""
    return tuple(a for a in plan.attachments if allow.lets(a))


def _targets(plan: Plan, allow: Allow) -> tuple[Attachment, ...]:
    """Return the attachments that *allow* lets be reached."""
    return tuple(a for a in plan.attachments if allow.reaches(a))


def _check_only(plan: Plan, allow: Allow, places: Places, *, path: str) -> Iterator[Fault]:
    for name in allow.only_from:
        a = plan.attachment[name]
        if a.source not in allow.sources:
            text = f"'{name}' is in source class '{a.source}', not in {', '.join(allow.sources)}"
            yield places.fault(f"{path}.only_from", text, "name attachments of the from classes")
        elif not a.registered:
            yield _unregistered(places, f"{path}.only_from", name)
    for name in allow.only_to:
        a = plan.attachment[name]
        if a.destination != allow.destination:
            text = f"'{name}' is in destination class '{a.destination}', not in "
            yield places.fault(f"{path}.only_to", text + f"'{allow.destination}'",
                               "name attachments of the to class")  # fmt: skip
        elif not a.registered:
            yield _unregistered(places, f"{path}.only_to", name)


def _unregistered(places: Places, path: str, name: str) -> Fault:
    hint = "an unregistered device (未登録機器) is admitted nowhere: register it or take it out"
    return places.fault(path, f"'{name}' is not registered", hint)


def _check_offered(plan: Plan, allow: Allow, places: Places, *, path: str) -> Iterator[Fault]:
    """Refuse a service that nobody there runs, or that an unregistered device would offer."""
    targets = _targets(plan, allow)
    for n, service in enumerate(allow.services, 1):
        place = f"{path}.services[{n}]"
        running = [a for a in targets if service in a.services]
        among = ", ".join(allow.only_to) or f"destination class '{allow.destination}'"
        if not running:
            runners = sorted(a.id for a in plan.attachments if service in a.services)
            hint = f"it runs on: {', '.join(runners)}" if runners else "no device runs it"
            yield places.fault(place, f"nothing in {among} runs '{service}'", hint)
        for a in running:
            if not a.registered and a.id not in allow.only_to:
                text = f"'{a.id}' runs '{service}' in {among}, but it is not registered"
                hint = "register it, take its service out, or narrow the rule with only_to"
                yield places.fault(place, text, hint)


def _check_wholesale(plan: Plan, clause: Clause, places: Places, *, path: str) -> Iterator[Fault]:
    cells = {
        cell
        for allow in clause.allows
        if not allow.only_from and not allow.only_to
        for cell in _cells(allow)
    }
    every = set(product((s.id for s in plan.sources), (d.id for d in plan.destinations)))
    if cells == every:
        text = f"rule '{clause.id}' permits every source class to every destination class"
        hint = "any to any is not a policy: name what is needed, cell by cell"
        yield places.fault(path, text, hint)


def _cells(allow: Allow) -> set[Cell]:
    return {(source, allow.destination) for source in allow.sources}


def _check_special(plan: Plan, clause: Clause, places: Places, *, path: str) -> Iterator[Fault]:
    special = clause.special
    if special is None:
        return
    services = [plan.service[name] for allow in clause.allows for name in allow.services]
    for name in dict.fromkeys(
        s.id for s in services if s.protocol.name.lower() != special.protocol
    ):
        text = f"{special.protocol} is not the protocol of service '{name}'"
        hint = f"it is {plan.service[name].protocol.name.lower()}; a rule with special has one"
        yield places.fault(f"{path}.protocol", text, hint)
    meant = _numbers(tuple(ports for service in services for ports in service.ports))
    if _numbers(_ranges(special.port)) != meant:
        said = ", ".join(dict.fromkeys(str(p) for s in services for p in s.ports))
        text = f"{special.port.replace(',', ', ')} is not what the rule's services use"
        yield places.fault(f"{path}.port", text, f"they use: {said}")
    seen = set()
    for allow in clause.allows:
        for a in (*_initiators(plan, allow), *_targets(plan, allow)):
            if not a.registered and a.id not in seen:
                seen.add(a.id)
                text = f"'{a.id}' is covered by rule '{clause.id}' but is not registered"
                hint = (
                    "a designated communication (特定通信) is between registered addresses: "
                    "register it, or narrow the rule with only_from or only_to"
                )
                yield places.fault(path, text, hint)


def _ranges(text: str) -> tuple[PortRange, ...]:
    pairs = (part.partition("-") for part in text.split(","))
    return tuple(PortRange(int(first), int(last or first)) for first, _, last in pairs)


def _numbers(ranges: tuple[PortRange, ...]) -> set[int]:
    return {port for ports in ranges for port in range(ports.first, ports.last + 1)}


def _check_planned(plan: Plan, note: CellNote, places: Places, *, path: str) -> Iterator[Fault]:
    """A planned permission is held to the rules of a permission that is in force."""
    if note.kind is not CellKind.PLANNED:
        for key in ("services", "only_from", "only_to"):
            if getattr(note, key):
                text = f"a cell that is {note.kind.value} permits nothing later"
                hint = "only a planned cell says what it will permit"
                yield places.fault(f"{path}.{key}", text, hint)
        return
    for allow in note.permits:
        narrowed = tuple(_check_only(plan, allow, places, path=path))
        yield from narrowed or _check_offered(plan, allow, places, path=path)


def _check_notes(plan: Plan, places: Places) -> Iterator[Fault]:
    allowed: dict[Cell, tuple[str, str]] = {}
    for n, clause in enumerate(plan.clauses, 1):
        for m, allow in enumerate(clause.allows, 1):
            for cell in sorted(_cells(allow)):
                allowed.setdefault(cell, (clause.id, f"policy[{n}].allow[{m}]"))
    kinds: dict[Cell, tuple[CellKind, str]] = {}
    for n, note in enumerate(plan.notes, 1):
        path = f"cells[{n}]"
        yield from _check_planned(plan, note, places, path=path)
        for cell in product(note.sources, note.destinations):
            name = f"cell {cell[0]} -> {cell[1]}"
            if cell in allowed:
                rule, place = allowed[cell]
                text = f"{name} is noted as {note.kind.value}, but rule '{rule}' allows it"
                hint = f"see line {places.line(place)}: take the cell out of one of the two"
                yield places.fault(path, text, hint)
            kind, other = kinds.setdefault(cell, (note.kind, path))
            if kind is not note.kind:
                text = f"{name} is noted as {note.kind.value}, but {other} says {kind.value}"
                hint = f"see line {places.line(other)}: say one thing about a cell"
                yield places.fault(path, text, hint)
