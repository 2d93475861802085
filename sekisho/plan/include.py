"""A plan that is cut into files: read one behind the other, as one text.

Knows files and nodes, and of the keys which hold many things: those may go on in another file. Each
line of the whole belongs to one file, and a mistake is told with that file and its own line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sekisho.errors import Fault, PlanError
from sekisho.plan.keys import SECTION
from sekisho.plan.kinds import Kind
from sekisho.plan.nodes import Listing, Mapping, Node, Scalar, parse
from sekisho.plan.older import said_version
from sekisho.plan.places import Sheets, closest, show, suggestion
from sekisho.plan.source import read_source

_KEY = "include"
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1, 5.4
_MOST = 100  # files of one plan
_SINCE = 2  # what upgrades a plan of version 1 knows one file
#: Keys of a plan that may be cut: mappings of ids, and lists.
_MANY = tuple(k.name for k in SECTION["plan"].keys if k.kind in (Kind.RECORDS, Kind.ENTRIES))


class Whole(NamedTuple):
    """A plan with all of its files."""

    root: Node
    sheets: Sheets
    sha256: str


def read_whole(file: str) -> Whole:
    """Return the plan in *file*, with what it includes.

    Raises:
        PlanError: A file of it cannot be read, is no YAML, or says what another one says.
    """
    source = read_source(file)
    root = parse(file, source.text)
    names = tuple(_included(root))
    if not names:
        return Whole(root, Sheets(file), source.sha256)
    digest, others = sha256(source.sha256.encode()), list[tuple[str, int]]()
    before, parts = _lines(source.text), list[Node]()
    faults = list(_refused(file, names, said_version(root)))
    for number, name in () if faults else enumerate(names, 1):
        path = str(Path(file).parent / name.text)
        try:
            part = read_source(path)
            parts.append(parse(path, part.text, example="zones:", after=before))
        except PlanError as error:
            faults += (_at(name, number, file, fault) for fault in error.faults)
            continue
        digest.update(f"\0{name.text}\0{part.sha256}".encode())
        others.append((path, before))
        before += _lines(part.text)
    if faults:
        raise PlanError(tuple(faults))
    sheets = Sheets(file, tuple(others))
    return Whole(_joined(root, parts, sheets), sheets, digest.hexdigest())


def _at(name: Scalar, number: int, file: str, fault: Fault) -> Fault:
    """Return a fault of a whole file with the line that includes it; others have their own."""
    if fault.line:
        return fault
    text = f"{_KEY}[{number}]: {show(name.text)}: {fault.text}"
    return Fault(file, name.line, text, fault.hint)


def _lines(text: str) -> int:
    """Return how many lines of a file YAML counts."""
    return len(_BREAK.findall(text)) + 1


def document(file: str) -> dict[str, Any]:
    """Return what a plan that is known to be right says, with its files as one."""
    data: dict[str, Any] = yaml.safe_load(Path(file).read_text("utf-8"))
    for name in data.pop(_KEY, ()):
        part: dict[str, Any] = yaml.safe_load((Path(file).parent / name).read_text("utf-8"))
        for key, value in part.items():
            known = data.setdefault(key, type(value)())
            data[key] = {**known, **value} if isinstance(value, dict) else [*known, *value]
    return data


def _included(root: Node) -> Iterator[Scalar]:
    """Yield the names of the other files; what is no list of words the shape tells."""
    for name, value in root.entries if isinstance(root, Mapping) else ():
        if name.text == _KEY and isinstance(value, Listing):
            yield from (item for item in value.items if isinstance(item, Scalar))


def _refused(file: str, names: tuple[Scalar, ...], version: int) -> Iterator[Fault]:
    """Yield why a file may not be included."""
    if version < _SINCE:
        text = f"{_KEY}: a plan of version {version} is one file"
        yield Fault(
            file, names[0].line, text, f"write sekisho: {_SINCE}, or put the files together"
        )
    folder, seen = Path(file).parent.resolve(), {Path(file).resolve()}
    hint = "the files of a plan stand in its own folder or below: name one from there"
    for n, name in enumerate(names, 1):
        place = f"{_KEY}[{n}]: {show(name.text)}"
        if not name.text.isprintable() or not name.text.strip():
            yield Fault(file, name.line, f"{place} is no name of a file", hint)
            continue
        try:
            path = (folder / name.text).resolve()  # where a link leads to
        except (OSError, RuntimeError):  # RuntimeError until Python 3.12
            yield Fault(file, name.line, f"{place} is a link that leads nowhere", hint)
            continue
        if Path(name.text).is_absolute() or ".." in Path(name.text).parts:
            yield Fault(file, name.line, f"{place} leads out of the plan's folder", hint)
        elif not path.is_relative_to(folder):
            text = f"{place} is a link out of the plan's folder"
            yield Fault(file, name.line, text, hint)
        elif path.suffix not in (".yaml", ".yml"):
            yield Fault(file, name.line, f"{place} does not end in .yaml", hint)
        elif path in seen:
            yield Fault(file, name.line, f"{place} is read already", "name each file once")
        elif n > _MOST:
            yield Fault(file, name.line, f"more than {_MOST} files", "put some together")
        seen.add(path)


def _joined(root: Node, parts: list[Node], sheets: Sheets) -> Node:
    """Return the plan with what its other files say behind what it says itself."""
    assert isinstance(root, Mapping), "it names files"
    whole = {name.text: (name, value) for name, value in root.entries}
    faults: list[Fault] = []
    for part in parts:
        if not isinstance(part, Mapping):
            text = "a file of a plan is a mapping"
            faults.append(sheets.fault(part.line, text, f"begin with one of {', '.join(_MANY)}"))
            continue
        for name, value in part.entries:
            if name.text not in _MANY:
                faults.append(_alone(name, sheets))
            elif name.text in whole:
                known, other = whole[name.text]
                whole[name.text] = (known, _both(name, other, value, (sheets, faults)))
            else:
                whole[name.text] = (name, value)
    if faults:
        raise PlanError(tuple(faults))
    return Mapping(tuple(whole.values()), root.line)


def _alone(name: Scalar, sheets: Sheets) -> Fault:
    hint = f"an included file has: {', '.join(_MANY)}"
    if SECTION["plan"].key(name.text) is not None:
        return sheets.fault(name.line, f"'{name.text}' stands in the plan itself alone", hint)
    hint = suggestion(name.text, _MANY) if closest(name.text, _MANY) else hint
    return sheets.fault(name.line, f"unknown key {show(name.text)}", hint)


def _both(name: Scalar, one: Node, two: Node, known: tuple[Sheets, list[Fault]]) -> Node:
    """Return two files' parts of one key as one; what does not go together is a fault."""
    sheets, faults = known
    if isinstance(one, Listing) and isinstance(two, Listing):
        return Listing((*one.items, *two.items), one.line)
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        entries = {key.text: (key, value) for key, value in one.entries}
        for key, value in two.entries:
            if key.text in entries:
                again = f"(first at {sheets.word(entries[key.text][0].line)})"
                text = f"{name.text}: key {show(key.text)} stands here again {again}"
                hint = "a key stands once, in all files: remove or rename one of the two"
                faults.append(sheets.fault(key.line, text, hint))
            else:
                entries[key.text] = (key, value)
        return Mapping(tuple(entries.values()), one.line)
    text = f"'{name.text}' is another kind of thing here than at {sheets.word(one.line)}"
    faults.append(sheets.fault(two.line, text, "a list goes on with a list, ids with ids"))
    return one
