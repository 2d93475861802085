"""What Sekisho says about mistakes, in Japanese: every sentence is here in both languages.

A part of the program says what is wrong in English, with its values in place; whoever asked for
Japanese is told by `japanese`, which finds the sentence in a table and puts the values into the
other one. Each sentence has a code that stays when its words change. In the tables ``{name}``
stands for a value, which is shown as it is; ``{name:w}`` for words, which have a line of their own
in the tables of words; ``{name:o}`` for either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from sekisho.spoken.commands import COMMANDS
from sekisho.spoken.helps import HELPS
from sekisho.spoken.lookup import VALUE, Lines, Table
from sekisho.spoken.machines import MACHINES
from sekisho.spoken.plan_hints import HINTS
from sekisho.spoken.plan_keys import KEYS
from sekisho.spoken.plan_parts import PARTS
from sekisho.spoken.plan_texts import TEXTS
from sekisho.spoken.plan_words import WORDS
from sekisho.spoken.proofs import PROOFS
from sekisho.spoken.reasons import DROPS, REASONS
from sekisho.spoken.refused_rules import REFUSALS, REFUSED
from sekisho.spoken.required import REQUIRED
from sekisho.spoken.situations import SITUATIONS
from sekisho.spoken.towns import TOWNS
from sekisho.spoken.unsent import UNSENT

__all__ = ["PHRASES", "SENTENCES", "VALUE", "japanese", "sentence"]

SENTENCES: dict[str, Table] = {
    "plan": TEXTS,
    "hint": HINTS,
    "key": KEYS,
    "part": PARTS,
    "situation": SITUATIONS,
    "command": COMMANDS,
    "machine": MACHINES,
    "help": HELPS,
    "reason": REASONS,
    "proof": PROOFS,
    "refusal": REFUSALS,
    "unsent": UNSENT,
    "town": TOWNS,
}
#: What stands in sentences.
PHRASES: dict[str, Table] = {
    "word": WORDS,
    "requirement": REQUIRED,
    "drop": DROPS,
    "refused": REFUSED,
}
_START = re.compile(r"( *)(hint: )?")
_PLACES = re.compile(r"(?:\S+(?: \(\d+ of \d+ of the series '[^']*'(?: and \d+ more)?\))?: )*")
_MEMBER = re.compile(r" \((\d+) of (\d+) of the series '([^']*)'(?: and (\d+) more)?\)")
_HINT = "対処: "
_ITEM = r"(?:'[^']*'|[^\s,']+(?: to [^\s,']+)?(?: [0-9]{1,2}:[0-9]{2})?)"
#: A list of values that is itself one value: ``a or b``, ``a, b and c``, ``a to b``.
_LIST = re.compile(f"{_ITEM}(?:(?:, (?:or |and )?| or | and ){_ITEM})*")
_JOINTS = {", or ": "か", ", and ": "と", ", ": "、", " or ": "か", " and ": "と", " to ": "から"}
_JOINT = re.compile("'[^']*'|, or |, and |, | or | and | to ")
_DEEPEST = 4  # words in words in a sentence


def japanese(text: str) -> str:
    """Return what is said in *text* in Japanese, line by line; what no table has stays as it is."""
    return "\n".join(_line(line) for line in text.split("\n"))


def sentence(text: str) -> str:
    """Return one sentence, without its place, in Japanese; empty where no table has it."""
    parts = [_found(part, _sentences(), _DEEPEST) for part in text.split("; ")]
    if len(parts) > 1 and all(parts):
        return "。".join(filter(None, parts))
    return _found(text, _sentences(), _DEEPEST) or ""


def _line(line: str) -> str:
    start = _START.match(line)
    assert start is not None  # it matches nothing, too
    rest = line[start.end() :]
    for cut in _cuts(rest):
        found = sentence(rest[cut:])
        if found:
            place = _MEMBER.sub(_member, rest[:cut])
            return start[1] + (_HINT if start[2] else "") + place + found
    return start[1] + (_HINT if start[2] else "") + rest


def _member(found: re.Match[str]) -> str:
    """Name a member of a series in Japanese."""
    number, size, series, more = found.groups()
    rest = f"、ほか{more}台も同じ" if more else ""
    return f" (連番{series}の{size}台のうち{number}台目{rest})"


def _cuts(line: str) -> Iterator[int]:
    """Yield where a place may end in *line*: behind all words with colons, and then elsewhere."""
    places = _PLACES.match(line)
    assert places is not None  # it matches nothing, too
    ends = [found.end() for found in re.finditer(": ", line)]
    yield from (end for end in reversed(ends) if end <= places.end())
    yield 0
    yield from (end for end in ends if end > places.end())


def _found(text: str, lines: Lines, depth: int) -> str | None:
    """Look *text* up; of several that fit, the one with most letters of its own."""
    for translation, given in lines.fitting(text):
        values = _values(given, depth)
        if values is not None:
            return translation.format_map(values)
    return None


def _values(values: dict[str, str], depth: int) -> dict[str, str] | None:
    """Return *values* with their words in Japanese; None where a word is not known."""
    for name, value in values.items():
        if not name.endswith(("_w", "_o")):
            values[name] = _joined(value)
            continue
        found = _found(value, _phrases(), depth - 1) if depth else None
        if found is None and name.endswith("_o") and depth:
            found = _found(value, _sentences(), depth - 1) or _joined(value)
        if found is None:
            return None
        values[name] = found
    return values


def _joined(value: str) -> str:
    """Return a list of values with Japanese between them; one value, and other text, as it is."""
    if not _LIST.fullmatch(value):
        return value
    return _JOINT.sub(lambda found: _JOINTS.get(found[0], found[0]), value)


@cache
def _sentences() -> Lines:
    return Lines((*SENTENCES.values(), *PHRASES.values()))


@cache
def _phrases() -> Lines:
    return Lines((*PHRASES.values(), KEYS, PARTS, SITUATIONS))
