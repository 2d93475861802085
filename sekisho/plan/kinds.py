"""What a key of the plan language can be: the vocabulary that the table of keys is written in.

Knows no key by name (that is ``keys.py``) and reads nothing (that is ``shape.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How the value of a key is written; the value of the member is its name in the docs."""

    TEXT = "text"
    NAME = "name"
    CHOICE = "word"
    CHOICES = "word or list of words"
    INT = "whole number"
    NUMBER = "number"
    BOOL = "true or false"
    LABEL = "label"
    MAC = "MAC address"
    ADDRESS = "IPv4 address"
    NETWORKS = "mapping: site id to IPv4 network, or list of them"
    ADDRESSES = "mapping: site id to IPv4 address, or list of them"
    PORT_REF = "switch:port"
    PORT_NAMES = "whole number, or list of port names"
    PORTS = "list of ports"
    PORTS_OR_ONE = "port, or list of ports"
    NAMES = "list of names"
    NAMES_OR_ALL = "list of names, or all"
    PARTY = "list of names, all, or mapping"
    INTS = "list of whole numbers"
    TERM = "day, or day and time"
    HOURS = "list of hours"
    RECORD = "mapping"
    RECORDS = "mapping: id to mapping"
    ENTRIES = "list of mappings"


CONTAINERS = (Kind.RECORD, Kind.RECORDS, Kind.ENTRIES)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the plan language.

    Attributes:
        meaning: One English sentence for the documentation.
        default: What a missing optional key means, as YAML would write it; empty: nothing.
        pattern: Regular expression that the whole of a NAME must match.
        choices: The closed set of a CHOICE or CHOICES.
        low: Least number that is accepted (INT, INTS, NUMBER).
        high: Greatest number that is accepted, or None.
        refers: Section whose ids the value must name, e.g. ``"zones"``.
        section: Section of a container's content.
        may_be_empty: True when an empty list or mapping says something harmless.
        refused: Words that people try here, and must not.
        refusal: Why they must not, or a number must be in its bounds: the hint.
        since: Version of the language from which it is held to: in a plan of an earlier one it
            may be missing, and a CHOICE may be any other word, which then says nothing.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = True
    default: str | int | bool | None = None
    pattern: str = ""
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int | None = None
    refers: str = ""
    section: str = ""
    may_be_empty: bool = False
    refused: tuple[str, ...] = ()
    refusal: str = ""
    since: int = 1

    def type_text(self) -> str:
        """Return the type as the documentation names it."""
        if self.kind is Kind.CHOICE:
            words = ", ".join(f"`{choice}`" for choice in self.choices)
            return words if len(self.choices) == 1 else f"one of {words}"
        if self.kind is Kind.CHOICES:
            return f"one, or a list, of {', '.join(f'`{choice}`' for choice in self.choices)}"
        if self.kind in (Kind.INT, Kind.INTS, Kind.NUMBER):
            if self.low == self.high:
                return f"the number {self.low}"
            high = f"to {self.high}" if self.high is not None else "up"
            return f"{self.kind.value} from {self.low} {high}"
        if self.kind is Kind.PORT_NAMES:
            return f"{Kind.INT.value} from {self.low} to {self.high}, or list of port names"
        if self.refers and self.kind in (Kind.NAME, Kind.NAMES, Kind.NAMES_OR_ALL, Kind.PARTY):
            return f"{self.kind.value} (`{self.refers}`)"
        if self.pattern:
            return f"{self.kind.value} `{self.pattern}`"
        return str(self.kind.value)


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of the plan with its keys.

    Attributes:
        place: Where it stands, e.g. ``zones.<id>``.
        id_pattern: Regular expression of the ids, for a section that is a mapping of ids.
        id_hint: What the pattern says, in words.
        one_of: Keys of which exactly one must be there.
        missing_hint: Hint to give when a required key is missing.
    """

    name: str
    place: str
    meaning: str
    keys: tuple[Key, ...]
    id_pattern: str = ""
    id_hint: str = ""
    one_of: tuple[str, ...] = ()
    missing_hint: str = ""

    def key(self, name: str) -> Key | None:
        """Return the key called *name*, or None."""
        return next((key for key in self.keys if key.name == name), None)
