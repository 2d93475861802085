"""From a file to a :class:`sekisho.model.Plan`: the phases in order, and the building of values.

By the time that a value is built, its shape and its references are known to be right; only the
rules of a town (``checks.py``) are still to be asked, and they are asked of the values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from os import PathLike, fspath
from typing import TypeVar

from sekisho.errors import Fault, PlanError
from sekisho.model import (
    ECHO,
    Air,
    Allow,
    Attachment,
    Basis,
    CellKind,
    CellNote,
    Clause,
    DestinationClass,
    Device,
    DeviceKind,
    Facts,
    Label,
    Link,
    MustDrop,
    MustReach,
    Plan,
    PortRange,
    PortRef,
    Protection,
    Protocol,
    Relay,
    Role,
    Service,
    Site,
    SourceClass,
    Special,
    StandingException,
    Switch,
    Term,
    Word,
    Zone,
)
from sekisho.plan.checks import check_town
from sekisho.plan.include import read_whole
from sekisho.plan.older import derived, later_version, said_version
from sekisho.plan.places import Places
from sekisho.plan.portnames import names_of, numbered, ports_of
from sekisho.plan.record import ALL, Record
from sekisho.plan.references import check_references
from sekisho.plan.series import expanded
from sekisho.plan.serviceports import check_service_ports
from sekisho.plan.shape import read_shape
from sekisho.plan.together import told_once


def load(path: str | PathLike[str]) -> Plan:
    """Return the plan in the file at *path*.

    Raises:
        PlanError: The file is not a plan; carries every fault of the first phase that failed.
    """
    file = fspath(path)
    whole = read_whole(file)
    _barrier(later_version(whole.root, whole.sheets))
    record, places = read_shape(whole.sheets, whole.root, version=said_version(whole.root))
    record, faults = numbered(record, places)
    _barrier(faults)
    record, places, faults = expanded(record, places)
    _barrier(faults)
    _barrier((*check_references(record, places), *check_service_ports(record, places)))
    plan = _Builder(record, places).plan(whole.sha256)
    _barrier(check_town(plan, places))
    return derived(plan)


def _barrier(faults: Iterable[Fault]) -> None:
    found = told_once(faults)
    if found:
        raise PlanError(found)


class _Builder:
    """Builds values from records that are known to be right."""

    def __init__(self, root: Record, places: Places) -> None:
        self.root = root
        self.places = places
        self.sites = {switch.id: switch.text("site") for switch in root.records("switches")}
        shared = (*root.records("airs"), *root.records("hubs"))
        self.names = {switch.id: names_of(switch) for switch in root.records("switches")}
        self.labels = {switch.id: _label(switch) for switch in root.records("switches")}
        self.shared = {each.id: self.port(each) for each in shared}
        self.open = {hub.id for hub in root.records("hubs") if not hub.get("isolates", bool)}
        self.attachments = {
            device.id: tuple(f"{device.id}.{a.id}" for a in device.records("attachments"))
            for device in root.records("devices")
        }

    def where(self, record: Record) -> str:
        return self.places.where(record.path)

    def port(self, record: Record, key: str = "at") -> PortRef:
        """Return a port with the name that its switch has for it."""
        at = record.get(key, PortRef)
        names = self.names[at.switch]
        return replace(at, name=names[at.port - 1] if 1 <= at.port <= len(names) else "")

    def plan(self, sha256: str) -> Plan:
        town, each = self.root.get("town", Record), self.root.records
        return Plan(
            path=self.places.file,
            sha256=sha256,
            id=town.text("id"),
            label=_label(town),
            profile=town.text("profile"),
            edition=town.text("edition"),
            router_mac=town.text("router_mac"),
            sites=tuple(Site(r.id, _label(r), self.where(r)) for r in each("sites")),
            zones=tuple(self.zone(r) for r in each("zones")),
            switches=tuple(self.switch(r, n) for n, r in enumerate(each("switches"), 1)),
            links=tuple(self.link(r) for r in each("links")),
            airs=(*map(self.air, each("airs")), *map(self.hub, each("hubs"))),
            services=tuple(self.service(r) for r in each("services")),
            sources=tuple(
                SourceClass(r.id, _label(r), self.where(r), r.text("medium"), _protections(r))
                for r in each("sources")
            ),
            destinations=tuple(
                DestinationClass(r.id, _label(r), self.where(r)) for r in each("destinations")
            ),
            devices=tuple(self.device(r) for r in each("devices")),
            clauses=tuple(self.clause(r) for r in each("policy")),
            notes=tuple(self.note(r) for r in each("cells")),
            must_drop=tuple(self.must_drop(r) for r in each("must_drop")),
            exceptions=tuple(self.exception(r) for r in each("exceptions")),
            relays=tuple(self.relay(r) for r in each("relays")),
            where=self.where(town),
            must_reach=tuple(self.must_reach(r) for r in each("must_reach")),
            version=self.root.get("sekisho", int),
        )

    def zone(self, r: Record) -> Zone:
        subnets = r.get("subnets", tuple)
        return Zone(
            r.id, _label(r), r.text("layer"), r.get("vlan", int), subnets, self.where(r),
            _word(r, "protection", Protection), r.get("gateways", tuple),
        )  # fmt: skip

    def switch(self, r: Record, dpid: int) -> Switch:
        return Switch(
            r.id, _label(r), r.text("site"), _word(r, "role", Role), ports_of(r), dpid,
            self.where(r), self.names[r.id],
        )  # fmt: skip

    def link(self, r: Record) -> Link:
        a, b = self.port(r, "a"), self.port(r, "b")
        label = r.values["label"]
        return Link(
            a=a,
            b=b,
            mbps=r.number("mbps"),
            delay_ms=r.number("delay_ms") or 0.0,
            loss_percent=r.number("loss_percent") or 0.0,
            backup=r.get("backup", bool),
            label=label if isinstance(label, Label) else self.ends(a, b),
            where=self.where(r),
        )

    def ends(self, a: PortRef, b: PortRef) -> Label:
        """Return the label of a line that has none of its own: its ends, as people call them."""
        near, far = self.labels[a.switch], self.labels[b.switch]
        return Label(
            f"{near.ja} {a.word} - {far.ja} {b.word}", f"{near.en} {a.word} - {far.en} {b.word}"
        )

    def air(self, r: Record) -> Air:
        return Air(r.id, _label(r), r.text("ssid"), self.shared[r.id], self.where(r))

    def hub(self, r: Record) -> Air:
        isolates = r.get("isolates", bool)
        return Air(
            r.id, _label(r), "", self.shared[r.id], self.where(r), is_hub=True, isolates=isolates
        )

    def service(self, r: Record) -> Service:
        return Service(
            r.id, _label(r), Protocol[r.text("protocol").upper()],
            _ports(r, "ports") or (PortRange(ECHO, ECHO),),
            r.text("kind"), self.where(r),
        )  # fmt: skip

    def device(self, r: Record) -> Device:
        own = r.words("services")
        attachments = tuple(self.attachment(r.id, a, own) for a in r.records("attachments"))
        services = dict.fromkeys((*own, *(name for a in attachments for name in a.services)))
        return Device(
            r.id, _label(r), attachments, tuple(services), self.where(r),
            _word(r, "kind", DeviceKind),
        )  # fmt: skip

    def attachment(self, device: str, r: Record, services: tuple[str, ...]) -> Attachment:
        """Return an interface; it runs what it says itself, else what its device says."""
        air = r.values["air"] or r.values["hub"]
        at = self.shared[air] if isinstance(air, str) else self.port(r)
        tag = r.values["tag"]
        return Attachment(
            id=f"{device}.{r.id}",
            device=device,
            name=r.id,
            at=at,
            air=air if isinstance(air, str) else "",
            site=self.sites[at.switch],
            zone=r.text("zone"),
            mac=r.text("mac"),
            ip=r.get("ip", IPv4Address),
            source=r.text("source"),
            destination=r.text("destination"),
            registered=r.get("registered", bool),
            where=self.where(r),
            on_hub=isinstance(r.values["hub"], str),
            beside=air if isinstance(air, str) and air in self.open else "",
            services=r.words("services") if self.places.says(f"{r.path}.services") else services,
            tag=tag if isinstance(tag, int) else 0,
        )

    def clause(self, r: Record) -> Clause:
        special, until = r.values["special"], r.values["until"]
        return Clause(
            id=r.text("id"),
            purpose=_label(r, "purpose"),
            basis=Basis(r.text("basis")),
            basis_note=r.text("basis_note"),
            allows=tuple(self.allow(a) for a in r.records("allow")),
            special=_special(special) if isinstance(special, Record) else None,
            where=self.where(r),
            until=until if isinstance(until, Term) else None,
            hours=r.get("hours", tuple),
        )

    def allow(self, r: Record) -> Allow:
        return Allow(
            r.words("from"), self.named(r, "only_from"), r.text("to"),
            self.named(r, "only_to"), r.words("services"), self.where(r),
        )  # fmt: skip

    def named(self, r: Record, key: str) -> tuple[str, ...]:
        """Return attachment ids; a bare device id stands for all of its attachments."""
        ids = (a for name in r.words(key) for a in self.attachments.get(name, (name,)))
        return tuple(dict.fromkeys(ids))

    def note(self, r: Record) -> CellNote:
        kind = CellKind(r.text("kind"))
        for key in ("from", "to"):
            if kind is CellKind.PLANNED and isinstance(r.values[key], Record):
                text = "a permission, also a planned one, says whom it is for, not whom it is not"
                hint = "name the classes one by one"
                raise PlanError((self.places.fault(f"{r.path}.{key}", text, hint),))
        return CellNote(
            kind=kind,
            id=r.text("id"),
            sources=self.classes(r, "from", "sources"),
            destinations=self.classes(r, "to", "destinations"),
            severity=r.text("severity"),
            edition=r.text("edition"),
            label=_label(r),
            where=self.where(r),
            services=r.words("services"),
            only_from=self.named(r, "only_from"),
            only_to=self.named(r, "only_to"),
        )

    def classes(self, r: Record, key: str, section: str) -> tuple[str, ...]:
        said = r.values[key]
        if isinstance(said, Record):
            return self.but(said, section)
        words = r.words(key)
        return words if words != (ALL,) else tuple(c.id for c in self.root.records(section))

    def but(self, said: Record, section: str, among: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the classes of *among*, else all of *section*, that are not left out.

        Raises:
            PlanError: None is left: an empty list would mean all.
        """
        left_out = said.words("all_but")
        every = among or tuple(c.id for c in self.root.records(section))
        left = tuple(name for name in every if name not in left_out)
        if not left:
            path = f"{said.path}.all_but"
            raise PlanError((self.places.fault(path, "leaves nobody", "leave out fewer"),))
        return left

    def exception(self, r: Record) -> StandingException:
        return StandingException(
            r.text("id"), _label(r), _label(r, "measures"), self.where(r), r.words("breaks"),
            r.words("rules"),
        )  # fmt: skip

    def relay(self, r: Record) -> Relay:
        return Relay(
            r.words("through"), r.words("from"), r.words("to"), r.text("exception"), _label(r),
            self.where(r), r.words("meets"),
        )  # fmt: skip

    def must_drop(self, r: Record) -> MustDrop:
        sources, source_facts = self.party(r, "from")
        destinations, destination_facts = self.party(r, "to")
        return MustDrop(
            number=r.get("number", int),
            label=_label(r),
            sources=sources,
            destinations=destinations,
            items=r.get("items", tuple),
            state=r.text("state"),
            where=self.where(r),
            source_facts=source_facts,
            destination_facts=destination_facts,
        )

    def party(self, record: Record, key: str) -> tuple[tuple[str, ...], Facts]:
        """Return the classes of one side of a sentence, none for all, and the facts about it."""
        said = record.values[key]
        if not isinstance(said, Record):
            words = record.words(key)
            return (() if words == (ALL,) else words), Facts()
        protections = _protections(said)
        facts = Facts(
            said.text("medium"),
            said.words("zones"),
            said.words("devices"),
            protections,
            tuple(
                zone.id
                for zone in self.root.records("zones")
                if _word(zone, "protection", Protection) in protections
            ),
        )
        classes = said.words("classes")
        if said.words("all_but"):
            section = "sources" if key == "from" else "destinations"
            classes = self.but(said, section, classes)
        return classes, facts

    def must_reach(self, r: Record) -> MustReach:
        sources, source_facts = self.party(r, "from")
        destinations, destination_facts = self.party(r, "to")
        return MustReach(
            r.get("number", int), _label(r), sources, destinations, r.words("services"),
            self.where(r), source_facts, destination_facts,
        )  # fmt: skip


W = TypeVar("W", bound=Word)


def _word(record: Record, key: str, words: type[W]) -> W | None:
    """Return a closed word; None where an earlier version of the language does not say it."""
    said = record.text(key)
    return next((word for word in words if word.value == said), None)


def _protections(record: Record) -> tuple[Protection, ...]:
    said = record.words("protection")
    return tuple(word for word in Protection if word.value in said)


def _label(record: Record, key: str = "label") -> Label:
    return record.get(key, Label)


def _ports(record: Record, key: str) -> tuple[PortRange, ...]:
    return tuple(item for item in record.get(key, tuple) if isinstance(item, PortRange))


def _special(r: Record) -> Special:
    return Special(
        r.text("source_mac"), r.text("source_ip"), r.text("destination_mac"),
        r.text("destination_ip"), r.text("protocol"), ",".join(str(p) for p in _ports(r, "port")),
        r.get("pairs", int),
    )  # fmt: skip
