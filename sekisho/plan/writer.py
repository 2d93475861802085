"""A changed plan, written as a plan of its own: the same text but for what was changed.

The values are replaced where YAML itself says that they stand, so that comments, order and columns
stay; then the new file is read and must mean exactly what is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from sekisho.errors import UsageError
from sekisho.evidence.writing import write_atomically
from sekisho.model import Attachment, Clause, Plan
from sekisho.plan import load

_BY_HAND = "\n  hint: what is in force stands: write it into the plan by hand"


@dataclass(frozen=True, slots=True, order=True)
class _Edit:
    """Replace the characters from *start* to *end*."""

    start: int
    end: int
    text: str


def save(origin: Plan, plan: Plan, path: Path) -> None:
    """Write *plan*, which is *origin* with changes laid over it, to *path*.

    Raises:
        UsageError: The file is there already, or the result would not say what is in force.
        PlanError: A changed plan breaks a rule of plans.
    """
    if path.exists():
        raise UsageError(f"{path} is there already\n  hint: name a new file")
    text = Path(origin.path).read_text(encoding="utf-8-sig")
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert root is not None, "it was read before"
    if any(name.value == "include" for name, _ in root.value):
        raise UsageError(f"{origin.path} is cut into files{_BY_HAND}")
    try:
        edits = sorted(_edits(root, text, origin, plan), reverse=True)
    except StopIteration as error:  # what is changed has no line of its own
        raise UsageError(f"{origin.path}: a member of a series is changed{_BY_HAND}") from error
    for edit in edits:
        text = text[: edit.start] + edit.text + text[edit.end :]
    write_atomically(path, text.encode())
    try:
        read = load(path)
        if not _is_same(read, plan):
            raise UsageError(f"{origin.path} cannot be rewritten{_BY_HAND}")
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _edits(root: yaml.Node, text: str, origin: Plan, plan: Plan) -> list[_Edit]:
    edits: list[_Edit] = []
    for old, new in zip(origin.attachments, plan.attachments, strict=True):
        if old != new:
            entry = _at(_at(_at(_at(root, "devices"), old.device), "attachments"), old.name)
            edits += _attachment(entry, old, new)
    opened = [clause for clause in plan.clauses if clause not in origin.clauses]
    if opened:
        edits += _opened(root, text, opened)
    return edits


def _attachment(entry: yaml.Node, old: Attachment, new: Attachment) -> Iterator[_Edit]:
    for key in ("zone", "ip", "source", "destination"):
        if getattr(old, key) != getattr(new, key):
            node = _at(entry, key)
            yield _Edit(node.start_mark.index, node.end_mark.index, str(getattr(new, key)))
    if old.registered == new.registered:
        return
    keys = {key.value: value for key, value in entry.value}
    word = str(new.registered).lower()
    if "registered" in keys:
        node = keys["registered"]
        yield _Edit(node.start_mark.index, node.end_mark.index, word)
        return
    last = keys["destination"].end_mark.index
    is_flow = isinstance(entry, yaml.MappingNode) and entry.flow_style
    joint = ", " if is_flow else "\n" + " " * entry.start_mark.column
    yield _Edit(last, last, f"{joint}registered: {word}")


def _opened(root: yaml.Node, text: str, opened: list[Clause]) -> Iterator[_Edit]:
    """A planned cell becomes a rule at the end of the policy; its note goes."""
    names = {clause.id for clause in opened}
    for note in _at(root, "cells").value:
        keys = {key.value: value for key, value in note.value}
        if keys["kind"].value == "planned" and "id" in keys and keys["id"].value in names:
            start = text.rfind("\n", 0, note.start_mark.index) + 1
            end = text.find("\n", note.end_mark.index) + 1
            yield _Edit(start, end, "")
    last = _at(root, "policy").value[-1]
    end = last.end_mark.index
    end = len(text[:end].rstrip()) + 1
    yield _Edit(end, end, "".join(map(_rule, opened)))


def _rule(clause: Clause) -> str:
    """A rule of the policy, as a plan writes it."""
    lines = [
        f"  - id: {clause.id}",
        f"    purpose: {{ja: {_quoted(clause.purpose.ja)}, en: {_quoted(clause.purpose.en)}}}",
        f"    basis: {clause.basis.value}",
        "    allow:",
    ]
    for allow in clause.allows:
        words = [f"from: [{', '.join(allow.sources)}]"]
        words += [f"only_from: [{', '.join(allow.only_from)}]"] if allow.only_from else []
        words += [f"to: {allow.destination}"]
        words += [f"only_to: [{', '.join(allow.only_to)}]"] if allow.only_to else []
        words += [f"services: [{', '.join(allow.services)}]"]
        lines.append(f"      - {{{', '.join(words)}}}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Words as YAML takes them, whatever is in them (YAML 1.1, single-quoted style)."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _at(node: yaml.Node, key: str) -> yaml.Node:
    found: yaml.Node = next(value for name, value in node.value if name.value == key)
    return found


def _is_same(a: Plan, b: Plan) -> bool:
    """Whether two plans mean the same network and policy, wherever their words stand."""
    return _meaning(a) == _meaning(b)


def _meaning(plan: Plan) -> tuple[object, ...]:
    attachments = tuple(replace(a, where="") for a in plan.attachments)
    allows = tuple(
        (clause.id, tuple(replace(allow, where="") for allow in clause.allows))
        for clause in plan.clauses
    )
    lines = tuple((link.a, link.b, link.backup) for link in plan.links)
    return plan.id, attachments, allows, lines
