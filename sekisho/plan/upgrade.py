"""A plan of version 1 written as one of version 2: the same text, with the closed words put in.

What the plan tells is taken from it. What it cannot tell is asked for in one list, which comes
back filled in; nothing is guessed but what a device is, by what it offers, and that guess stands in
the list to be looked at. The words are put where YAML says that an entry begins, so that comments,
order and columns stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sekisho.errors import Fault, PlanError, UsageError
from sekisho.evidence.writing import write_atomically
from sekisho.model import Device, DeviceKind, Label, Plan, Protection, Role, Word
from sekisho.plan import load
from sekisho.plan.keys import LANGUAGE_VERSION
from sekisho.plan.nodes import Mapping as MappingNode
from sekisho.plan.nodes import Scalar, parse
from sekisho.plan.places import show, suggestion
from sekisho.plan.source import read_source

OPEN = "?"
_OPEN_QUOTED = f'"{OPEN}"'  # bare, YAML takes it for the mark of a key
_KEYS = {"zones": "protection", "switches": "role", "devices": "kind"}
_WORDS: dict[str, type[Word]] = {"zones": Protection, "switches": Role, "devices": DeviceKind}
_HEAD = Label(
    "# {} からは分からない語。? をどれかの語に置き換え、推定を確かめて --answers で渡す。",
    "# What {} does not tell. Put a word for each ?, look at each guess, and give it to --answers.",
)
_GUESS = Label("推定", "a guess")
Answers = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A word that a plan does not tell.

    Attributes:
        section: ``zones``, ``switches`` or ``devices``.
        guess: What it probably is, or empty.
        hint: What the plan calls it.
    """

    section: str
    id: str
    guess: str
    hint: Label


def asked(plan: Plan) -> list[Asked]:
    """Return every word that *plan* does not tell, by section and in the order of the plan."""
    out = []
    for zone in plan.zones:
        if zone.protection is None:
            layer = f" ({zone.layer})" if zone.layer else ""
            hint = Label(zone.label.ja + layer, zone.label.en + layer)
            out.append(Asked("zones", zone.id, "", hint))
    out += [Asked("switches", s.id, "", s.label) for s in plan.switches if s.role is None]
    out += [
        Asked("devices", d.id, _guess(plan, d).value, d.label)
        for d in plan.devices
        if d.kind is None
    ]
    return out


def _guess(plan: Plan, device: Device) -> DeviceKind:
    """Return what *device* probably is, by what it offers and where it stands."""
    kinds = {plan.service[name].kind for name in device.services}
    cables = [a for a in device.attachments if a.medium != "air"]
    if not any(a.registered for a in device.attachments):
        return DeviceKind.OTHER
    if kinds and kinds <= {"print", "snmp"}:
        return DeviceKind.PRINTER
    if kinds:
        return DeviceKind.GATEWAY if len(cables) > 1 else DeviceKind.SERVER
    return DeviceKind.TERMINAL


def question(plan: Plan, language: str) -> str:
    """Return everything that *plan* does not tell as one list, to be filled in."""
    lines = [_HEAD.text(language).format(plan.path)]
    every = asked(plan)
    for section, key in _KEYS.items():
        own = [each for each in every if each.section == section]
        if own:
            words = ", ".join(str(word.value) for word in _WORDS[section])
            lines += [f"# {key}: {words}", f"{section}:"]
            said = [f"  {each.id}: {each.guess or _OPEN_QUOTED}" for each in own]
            width = max(map(len, said))
            for each, line in zip(own, said, strict=True):
                guess = f" ({_GUESS.text(language)})" if each.guess else ""
                lines.append(f"{line:<{width}}  # {each.hint.text(language)}{guess}")
    return "\n".join(lines) + "\n"


def read_answers(path: str, plan: Plan) -> Answers:
    """Return the words of a list that was filled in.

    Raises:
        PlanError: It is no such list, or a word of it is none, with every line that is wrong.
    """
    root = parse(path, read_source(path).text, example="zones:")
    faults: list[Fault] = []
    out: Answers = {}
    wanted = {(each.section, each.id) for each in asked(plan)}
    for section, entry in root.entries if isinstance(root, MappingNode) else ():
        if section.text not in _WORDS or not isinstance(entry, MappingNode):
            text = f"{show(section.text)} is not one of {', '.join(_WORDS)}, with ids under it"
            faults.append(Fault(path, section.line, text, "fill in the list as it was printed"))
            continue
        for name, word in entry.entries:
            said = word.text if isinstance(word, Scalar) else ""
            out[section.text, name.text] = said
            faults += _wrong(path, name, section.text, said, wanted)
    for section_id, name_id in sorted(key for key in wanted if key not in out):
        text = f"{section_id}.{name_id} is not in the list"
        faults.append(Fault(path, 1, text, "fill in the list as it was printed"))
    if faults:
        raise PlanError(tuple(faults))
    return out


def _wrong(
    path: str, name: Scalar, section: str, said: str, wanted: set[tuple[str, str]]
) -> Iterator[Fault]:
    words = [str(word.value) for word in _WORDS[section]]
    if (section, name.text) not in wanted:
        yield Fault(path, name.line, f"{section}.{name.text} is not asked for", "take the line out")
    elif said not in words:
        hint = f"one of {', '.join(words)}" if said == OPEN else suggestion(said, words)
        yield Fault(path, name.line, f"{section}.{name.text}: {show(said)} is no answer", hint)


def upgrade(plan: Plan, answers: Mapping[tuple[str, str], str], path: Path) -> None:
    """Write *plan*, which is of an earlier version, to *path* in the newest one.

    Raises:
        UsageError: The file is there already.
        PlanError: Judged by what it now says, the plan is refused; the file is there to be mended.
    """
    if path.exists():
        raise UsageError(f"{path} is there already\n  hint: name a new file with --out")
    text = Path(plan.path).read_text(encoding="utf-8-sig")
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert isinstance(root, yaml.MappingNode), "it was read before"
    words = {**_told(plan), **answers}
    for start, end, new in sorted(_edits(root, words), reverse=True):
        text = text[:start] + new + text[end:]
    write_atomically(path, text.encode())
    load(path)


def _told(plan: Plan) -> Answers:
    """Return the words that the plan says or leaves no doubt of."""
    zones = {("zones", z.id): z.protection for z in plan.zones}
    switches = {("switches", s.id): s.role for s in plan.switches}
    devices = {("devices", d.id): d.kind for d in plan.devices}
    every: dict[tuple[str, str], Word | None] = {**zones, **switches, **devices}
    return {key: str(word.value) for key, word in every.items() if word is not None}


def _edits(root: yaml.MappingNode, words: Answers) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, text) for every word: put in its place, or before its entry's first."""
    for name, value in root.value:
        if name.value == "sekisho":
            yield value.start_mark.index, value.end_mark.index, str(LANGUAGE_VERSION)
        if name.value not in _KEYS:
            continue
        key = _KEYS[name.value]
        for own, entry in value.value:
            word = words[name.value, own.value]
            said = next((v for k, v in entry.value if k.value == key), None)
            if said is not None:
                yield said.start_mark.index, said.end_mark.index, word
                continue
            first = entry.value[0][0].start_mark
            joint = ", " if entry.flow_style else "\n" + " " * first.column
            yield first.index, first.index, f"{key}: {word}{joint}"
