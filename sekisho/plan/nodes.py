"""From text to a tree of nodes with line numbers: the second guard. Knows YAML, no key of a plan.

Reads the parser's events rather than composing nodes, with a stack of its own: an alias is refused
before it can expand (a plan has none: what stands in a line is all that the line means), and a
thousand brackets cannot exhaust the interpreter's stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml
from yaml.resolver import Resolver

from sekisho.errors import Fault, PlanError
from sekisho.plan.places import show, wide_mark

DEPTH_LIMIT = 32
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = Resolver()
_NO_ALIAS = "a plan has no anchors and aliases: write the value out where it is used"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, still as text.

    Attributes:
        plain: True when it is written without quotes.
    """

    text: str
    plain: bool
    line: int

    @property
    def meaning(self) -> str:
        """What YAML takes the value for: ``str``, ``int``, ``float``, ``bool``, ``null`` ..."""
        if not self.plain:
            return "str"
        tag: str = _RESOLVER.resolve(  # type: ignore[no-untyped-call]  # the stubs leave it bare
            yaml.ScalarNode, self.text, (True, False)
        )
        return tag.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Listing:
    """A YAML sequence."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """A YAML mapping, in the order of the file."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int


Node = Scalar | Listing | Mapping


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun and not yet ended."""

    line: int
    is_mapping: bool
    anchor: str | None
    nodes: list[Node] = field(default_factory=list)


class _Builder:
    """Builds the tree from events; faults are collected, not raised."""

    def __init__(self, file: str, after: int) -> None:
        self.file, self.after = file, after
        self.faults: list[Fault] = []
        self.root: Node | None = None
        self.documents = 0
        self._open: list[_Open] = []
        self._anchors: set[str] = set()

    def fault(self, line: int, text: str, hint: str) -> None:
        self.faults.append(Fault(self.file, line - self.after, text, hint))

    def feed(self, event: yaml.Event) -> None:
        line = self.after + (event.start_mark.line + 1 if event.start_mark else 0)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self.fault(line, "a second document begins here", "a plan is one document: "
                           "remove the line '---'")  # fmt: skip
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event, line)
        elif isinstance(event, yaml.NodeEvent):
            self._check_node(event, line)
            if isinstance(event, yaml.ScalarEvent):
                self._add(Scalar(event.value, event.implicit[0], line))
            else:
                self._open.append(
                    _Open(line, isinstance(event, yaml.MappingStartEvent), event.anchor)
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def _check_node(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None and event.anchor not in self._anchors:
            self._anchors.add(event.anchor)
            self.fault(line, f"anchor '&{event.anchor}' stands here", _NO_ALIAS)
        tag = getattr(event, "tag", None)
        if tag is not None:
            written = tag.replace("tag:yaml.org,2002:", "!!")
            self.fault(line, f"tag '{written}' stands here", "a plan has no tags: remove it")
        if len(self._open) == DEPTH_LIMIT:
            raise _too_deep(self.file, line - self.after)

    def _alias(self, event: yaml.AliasEvent, line: int) -> None:
        name = event.anchor or ""
        if any(frame.anchor == name for frame in self._open):
            self.fault(line, f"alias '*{name}' makes '&{name}' contain itself", _NO_ALIAS)
        elif name not in self._anchors:
            self._anchors.add(name)
            self.fault(line, f"alias '*{name}' names no anchor", _NO_ALIAS)
        self._add(Scalar("", False, line))

    def _close(self) -> None:
        frame = self._open.pop()
        if frame.is_mapping:
            self._add(Mapping(self._entries(frame), frame.line))
        else:
            self._add(Listing(tuple(frame.nodes), frame.line))

    def _entries(self, frame: _Open) -> tuple[tuple[Scalar, Node], ...]:
        entries: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(frame.nodes[::2], frame.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.fault(key.line, "a key is a list or a mapping", "a key is one word")
            elif key.text in entries:
                first = entries[key.text][0].line - self.after
                again = f"stands here again (first on line {first})"
                self.fault(key.line, f"key {show(key.text)} {again}",
                           "a key stands once: remove or rename one of the two")  # fmt: skip
            else:
                entries[key.text] = (key, value)
        return tuple(entries.values())

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1].nodes.append(node)
        elif self.root is None:
            self.root = node


def parse(file: str, text: str, *, example: str = "topologies/tiny.yaml", after: int = 0) -> Node:
    """Return the tree of *text*.

    Args:
        file: The file's name, for faults.
        text: What it holds.
        example: What an empty file is advised to begin with.
        after: Lines that stand before it where it is read behind another file.

    Raises:
        PlanError: The text is not one plain YAML document; carries every fault found.
    """
    builder = _Builder(file, after)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        builder.faults.append(_syntax_fault(file, text, error))
    if builder.faults:
        raise PlanError(tuple(builder.faults))
    if builder.root is None:
        raise PlanError((Fault(file, 1, "the file is empty", f"begin with a copy of {example}"),))
    return builder.root


def _too_deep(file: str, line: int) -> PlanError:
    text = f"more than {DEPTH_LIMIT} levels of brackets or indentation"
    return PlanError((Fault(file, line, text, "a plan has at most 6: is this a plan?"),))


def _syntax_fault(file: str, text: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    if _has_tab(text, line):
        return Fault(file, line, "a tab stands where YAML wants spaces", "replace it by spaces")
    wide = _wide_mark(file, text, error)
    if wide is not None:
        return wide
    context = f", {error.context}" if error.context else ""
    if context and error.context_mark:
        context += f" that begins on line {error.context_mark.line + 1}"
    hint = "look for a missing quote, bracket, colon or space here or in the line above"
    return Fault(file, line, f"not YAML: {error.problem}{context}", hint)


def _wide_mark(file: str, text: str, error: yaml.MarkedYAMLError) -> Fault | None:
    """Return a full-width space or colon near the error: the slip stands there, and is not seen."""
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    if not marks:
        return None
    lines = text.split("\n")
    for at in range(max(0, min(marks) - 1), min(len(lines), max(marks) + 1)):
        said, meant = wide_mark(lines[at])
        if said:
            return Fault(file, at + 1, said, f"write it in half-width characters: {show(meant)}")
    return None


def _has_tab(text: str, line: int) -> bool:
    """Tell whether a tab stands before the first word of *line*."""
    lines = text.split("\n")[line - 1 : line] if line else []
    return any("\t" in found[: len(found) - len(found.lstrip())] for found in lines)
