"""From nodes to records: every key known, every required key there, every value of its kind.

Driven by the table of keys; knows no key by name. What the names in the values refer to is the
next phase's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from sekisho.errors import Fault, PlanError
from sekisho.model import Label
from sekisho.plan import scalars, times
from sekisho.plan.keys import LANGUAGE_VERSION, SECTION
from sekisho.plan.kinds import Key, Kind, Section
from sekisho.plan.nodes import Listing, Node, Scalar
from sekisho.plan.nodes import Mapping as MappingNode
from sekisho.plan.places import Places, Sheets, closest, half_width, show, suggestion, wide_mark
from sekisho.plan.record import ALL, Record

T = TypeVar("T")

_UNKNOWN_KEYS = 5
_PERMITS = "what permits names each class; all_but is for what denies or promises"

_SCALARS: dict[Kind, Callable[[Scalar, Key], object]] = {
    Kind.TEXT: scalars.read_text,
    Kind.NAME: scalars.read_name,
    Kind.CHOICE: scalars.read_choice,
    Kind.INT: scalars.read_integer,
    Kind.NUMBER: scalars.read_number,
    Kind.BOOL: scalars.read_boolean,
    Kind.MAC: scalars.read_mac,
    Kind.ADDRESS: scalars.read_address,
    Kind.PORT_REF: scalars.read_port_ref,
    Kind.TERM: times.read_term,
}
_ITEMS: dict[Kind, Callable[[Scalar, Key], object]] = {
    Kind.PORTS: scalars.read_port_range,
    Kind.PORTS_OR_ONE: scalars.read_port_range,
    Kind.CHOICES: scalars.read_choice,
    Kind.NAMES: scalars.read_name,
    Kind.NAMES_OR_ALL: scalars.read_name,
    Kind.PARTY: scalars.read_name,
    Kind.INTS: scalars.read_integer,
    Kind.PORT_NAMES: scalars.read_port_names,
    Kind.HOURS: times.read_hours,
}
#: Kinds that say something of each site: how it is read, what it is, and an example.
_BY_SITE: dict[Kind, tuple[Callable[[Scalar, Key], object], str, str]] = {
    Kind.NETWORKS: (scalars.read_network, "network", "10.10.0.0/24"),
    Kind.ADDRESSES: (scalars.read_address, "address", "10.10.0.254"),
}


def read_shape(
    file: str | Sheets,
    root: Node,
    sections: Mapping[str, Section] = SECTION,
    *,
    top: str = "plan",
    version: int = LANGUAGE_VERSION,
) -> tuple[Record, Places]:
    """Return the file's records, and where everything in them stands.

    Args:
        file: Its path, or the files that it is cut into, for the faults.
        root: What it holds.
        sections: The table of keys: a plan's, or that of another language.
        top: The section that the whole file is.
        version: Version of the language that it is written in.

    Raises:
        PlanError: A key or value is not as the table of keys says; carries every fault.
    """
    sheets = file if isinstance(file, Sheets) else Sheets(file)
    reader = _ShapeReader(sheets, sections, top, version)
    record = reader.record(root, sections[top], "", top)
    if reader.faults or record is None:
        raise PlanError(tuple(reader.faults))
    return record, Places(sheets, reader.lines)


class _ShapeReader:
    """Walks the nodes along the table; collects faults and lines."""

    def __init__(
        self, sheets: Sheets, sections: Mapping[str, Section], top: str, version: int
    ) -> None:
        self.sheets, self.sections, self.top, self.version = sheets, sections, top, version
        self.faults: list[Fault] = []
        self.lines: dict[str, int] = {}

    def fault(self, line: int, path: str, text: str, hint: str = "") -> None:
        self.faults.append(self.sheets.fault(line, f"{path}: {text}", hint))

    def record(self, node: Node, section: Section, record_id: str, path: str) -> Record | None:
        """Read one mapping with the keys of *section*."""
        if not isinstance(node, MappingNode):
            names = ", ".join(key.name for key in section.keys)
            self._wrong(node, path, "a mapping", f"write its keys: {names}")
            return None
        self.lines[path] = node.line
        prefix = "" if path == self.top else f"{path}."
        values: dict[str, object] = {}
        given: set[str] = set()
        unknown: list[Scalar] = []
        for name, child in node.entries:
            key = section.key(name.text)
            if key is None:
                unknown.append(name)
                continue
            given.add(key.name)
            self.lines[prefix + key.name] = (child if isinstance(child, Scalar) else name).line
            values[key.name] = self.value(child, key, prefix + key.name)
        # A misspelt key is one mistake, not an unknown key and a missing one.
        meant = {self._unknown(name, section, path) for name in unknown[:_UNKNOWN_KEYS]}
        if len(unknown) > _UNKNOWN_KEYS:
            name = unknown[_UNKNOWN_KEYS]
            text = f"{len(unknown) - _UNKNOWN_KEYS} more unknown keys, from {show(name.text)} on"
            self.fault(name.line, path, text, f"is this a {self.top}?")
        self._missing(node, section, given | meant, path)
        for key in section.keys:
            if key.name not in given:
                values[key.name] = () if _is_plural(key.kind) else key.default
        return Record(record_id, path, section, values)

    def value(self, node: Node, key: Key, path: str) -> object:
        """Read the value of one key; None where it is wrong."""
        if isinstance(node, Scalar) and node.meaning == "null":
            self.fault(node.line, path, "has no value", "write one, or take the key out")
            return None
        if key.kind is Kind.RECORD:
            return self.record(node, self.sections[key.section], "", path)
        if key.kind is Kind.LABEL:
            return self._label(node, path)
        if key.kind is Kind.RECORDS:
            return self._records(node, key, path)
        if key.kind is Kind.ENTRIES:
            return self._entries(node, key, path)
        if key.kind in _BY_SITE:
            return self._by_site(node, key, path)
        if key.kind is Kind.PARTY and isinstance(node, MappingNode):
            if not node.entries:
                self.fault(node.line, path, "is empty", "say what must be true of an attachment")
            return self.record(node, self.sections[key.section], "", path)
        if key.kind in _ITEMS:
            return self._list(node, key, path)
        if not isinstance(node, Scalar):
            hint = _PERMITS if _leaves_out(node) else "write one value; several need an entry each"
            self._wrong(node, path, f"a {key.kind.value}", hint)
            return None
        if key.kind is Kind.CHOICE and key.since > self.version and node.text not in key.choices:
            return key.default  # a word of an earlier version, that nothing hung on
        return self._scalar(node, key, path, _SCALARS[key.kind])

    def _scalar(
        self, node: Scalar, key: Key, path: str, read: Callable[[Scalar, Key], T]
    ) -> T | None:
        try:
            return read(node, key)
        except scalars.ScalarError as error:
            self.fault(node.line, path, error.text, error.hint)
            return None

    def _label(self, node: Node, path: str) -> Label | None:
        if isinstance(node, Scalar):
            hint = "write both languages: {ja: 役場, en: Hall}"
            self.fault(node.line, path, f"{show(node.text)} is not a label", hint)
            return None
        record = self.record(node, self.sections["label"], "", path)
        if record is None or not all(isinstance(record.values[k], str) for k in ("ja", "en")):
            return None
        return Label(record.text("ja"), record.text("en"))

    def _records(self, node: Node, key: Key, path: str) -> tuple[Record | None, ...]:
        if not isinstance(node, MappingNode):
            self._wrong(node, path, "a mapping of ids", "write one line an id: 'id: {...}'")
            return ()
        if not node.entries and not key.may_be_empty:
            self.fault(node.line, path, "is empty", "write at least one")
        section = self.sections[key.section]
        found = []
        for name, child in node.entries:
            child_path = f"{path}.{name.text}"
            if not re.fullmatch(section.id_pattern, name.text):
                self._bad_id(name, section, path)
                child_path = f"{path}.?"
            record = self.record(child, section, name.text, child_path)
            # An id stands where its line is, not where its braces open.
            self.lines[child_path] = name.line
            found.append(record)
        return tuple(found)

    def _entries(self, node: Node, key: Key, path: str) -> tuple[Record | None, ...]:
        if not isinstance(node, Listing):
            self._wrong(node, path, "a list", "begin each entry with '- '")
            return ()
        if not node.items and not key.may_be_empty:
            self.fault(node.line, path, "is empty", "write at least one entry")
        section = self.sections[key.section]
        return tuple(
            self.record(item, section, "", f"{path}[{n}]") for n, item in enumerate(node.items, 1)
        )

    def _by_site(self, node: Node, key: Key, path: str) -> tuple[tuple[str, object], ...]:
        read, what, example = _BY_SITE[key.kind]
        hint = f"write one a site: {{hall: {example}}}"
        if not isinstance(node, MappingNode):
            self._wrong(node, path, f"a mapping of sites to {what}s", hint)
            return ()
        if not node.entries:
            self.fault(node.line, path, "is empty", hint)
        found = []
        for site, child in node.entries:
            place = f"{path}.{site.text}"
            if not re.fullmatch(SECTION["site"].id_pattern, site.text):
                self._bad_id(site, SECTION["site"], path)
                place = f"{path}.?"
            self.lines[place] = site.line
            if isinstance(child, Listing) and not child.items:
                self.fault(child.line, place, "is an empty list", f"write one: {example}")
            for at, each in self._each(child, place):
                if isinstance(each, Scalar):
                    found.append((site.text, self._scalar(each, key, at, read)))
                else:
                    self._wrong(each, at, f"an IPv4 {what}", f"write one: {example}")
        return tuple(found)

    def _each(self, node: Node, place: str) -> Iterator[tuple[str, Node]]:
        """Yield what stands in a list with its place, or the one thing that stands without."""
        if not isinstance(node, Listing):
            yield place, node
            return
        for n, item in enumerate(node.items, 1):
            self.lines[f"{place}[{n}]"] = item.line
            yield f"{place}[{n}]", item

    def _list(self, node: Node, key: Key, path: str) -> tuple[object, ...]:
        if isinstance(node, Scalar):
            if key.kind in (Kind.NAMES_OR_ALL, Kind.PARTY) and node.text == ALL:
                return (ALL,)
            if key.kind is Kind.PORT_NAMES:
                return (self._scalar(node, key, path, scalars.read_integer),)
            if key.kind in (Kind.PORTS_OR_ONE, Kind.CHOICES):
                return (self._scalar(node, key, path, _ITEMS[key.kind]),)
            self._scalar(node, key, path, scalars.refuse_list)
            return ()
        if not isinstance(node, Listing):
            hint = _PERMITS if _leaves_out(node) else "write it in brackets: [a, b]"
            self._wrong(node, path, f"a {key.kind.value}", hint)
            return ()
        if not node.items and not key.may_be_empty:
            self.fault(node.line, path, "is an empty list", "name at least one"
                       + ("" if key.required else ", or take the key out"))  # fmt: skip
        return self._items(node, key, path)

    def _items(self, node: Listing, key: Key, path: str) -> tuple[object, ...]:
        found: list[object] = []
        for n, item in enumerate(node.items, 1):
            place = f"{path}[{n}]"
            self.lines[place] = item.line
            if not isinstance(item, Scalar):
                self._wrong(item, place, "one value", "write it without brackets")
                continue
            value = self._scalar(item, key, place, _ITEMS[key.kind])
            if value is not None and value in found:
                self.fault(item.line, place, f"{show(str(value))} stands twice in the list",
                           "name each once")  # fmt: skip
            found.append(value)
        return tuple(found)

    def _unknown(self, name: Scalar, section: Section, path: str) -> str:
        """Refuse a key; return the one that was meant, or nothing."""
        known = [key.name for key in section.keys]
        hint = suggestion(name.text, known)
        if name.text == "<<":
            hint = f"a {self.top} has no merge keys: write the keys out"
        hint = _wide(name.text) or hint
        self.fault(name.line, path, f"unknown key {show(name.text)}", hint)
        return closest(name.text, known)

    def _missing(self, node: MappingNode, section: Section, given: set[str], path: str) -> None:
        for key in section.keys:
            if key.required and key.since <= self.version and key.name not in given:
                choice = f" One of {', '.join(key.choices)}." if len(key.choices) > 1 else ""
                hint = section.missing_hint or f"{key.name} is: {key.meaning}{choice}"
                self.fault(node.line, path, f"key '{key.name}' is missing", hint)
        chosen = [name for name in section.one_of if name in given]
        if section.one_of and len(chosen) != 1:
            *most, last = (f"'{name}'" for name in chosen or section.one_of)
            names = f"{', '.join(most)} and {last}"
            text = f"has both {names}" if chosen else f"has none of {names}"
            hint = (
                "a cable has 'at: \"switch:port\"', a station on Wi-Fi has 'air: <air id>', a "
                "device behind a shared port has 'hub: <hub id>'"
            )
            self.fault(node.line, path, text, hint)

    def _bad_id(self, name: Scalar, section: Section, path: str) -> None:
        plain = half_width(name.text)
        hint = f"an id here is {section.id_hint}"
        if plain != name.text and re.fullmatch(section.id_pattern, plain):
            hint = f"write it in half-width characters: {plain}"
        self.fault(name.line, path, f"{show(name.text)} cannot be the id of a "
                   f"{section.name}", hint)  # fmt: skip

    def _wrong(self, node: Node, path: str, wanted: str, hint: str) -> None:
        if isinstance(node, Scalar):
            given = show(node.text)
            hint = _wide(node.text) or hint
        else:
            given = "a list" if isinstance(node, Listing) else "a mapping"
        self.fault(node.line, path, f"{given} is not {wanted}", hint)


def _leaves_out(node: Node) -> bool:
    """Tell whether it says *all but*."""
    return isinstance(node, MappingNode) and any(key.text == "all_but" for key, _ in node.entries)


def _wide(text: str) -> str:
    """Return a hint where a full-width space or colon has made one word of a key and its value."""
    said, meant = wide_mark(text)
    return f"{said}: write {show(meant)}" if said else ""


def _is_plural(kind: Kind) -> bool:
    return kind in _ITEMS or kind in (Kind.RECORDS, Kind.ENTRIES) or kind in _BY_SITE
