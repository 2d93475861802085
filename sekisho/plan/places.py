"""Where things stand in a plan, and how a mistake there is worded.

A path such as ``zones.web.vlan`` or ``policy[2].allow[1].to`` (counted from 1, as people count
lines) names a place; every fault begins with one.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekisho.errors import Fault

_SHOWN_CHARACTERS = 60
_LISTED_NAMES = 12


@dataclass(frozen=True, slots=True)
class Sheets:
    """The files that a plan is cut into, read one behind the other.

    Attributes:
        file: The first one, which includes the others.
        others: Each other file, with the number of lines that stand before it.
    """

    file: str
    others: tuple[tuple[str, int], ...] = ()

    def at(self, line: int) -> tuple[str, int]:
        """Return the file that holds *line* of the whole, and the line in it."""
        for file, before in reversed(self.others):
            if line > before:
                return file, line - before
        return self.file, line

    def fault(self, line: int, text: str, hint: str = "") -> Fault:
        """Return a fault at *line* of the whole."""
        return Fault(*self.at(line), text, hint)

    def word(self, line: int) -> str:
        """Return how a sentence names *line*: by its number, with its file where there are more."""
        file, own = self.at(line)
        return f"{file}:{own}" if self.others else str(own)


@dataclass(frozen=True, slots=True)
class Places:
    """The lines of a plan by path.

    Attributes:
        lines: Counted through all of its files.
        members: Of devices that a series writes: which they are, in words, by path.
    """

    sheets: Sheets
    lines: Mapping[str, int]
    members: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The plan itself."""
        return self.sheets.file

    def line(self, path: str) -> str:
        """Return how a sentence names the line of *path*."""
        return self.sheets.word(self._line(path))

    def says(self, path: str) -> bool:
        """Tell whether the plan itself says something at *path*."""
        return path in self.lines

    def _line(self, path: str) -> int:
        """Return the line of *path*, or of the innermost part of it that the plan holds."""
        while path not in self.lines:
            cut = max(path.rfind("."), path.rfind("["))
            if cut < 0:
                return 1
            path = path[:cut]
        return self.lines[path]

    def where(self, path: str) -> str:
        """Return ``file:line`` of *path*."""
        file, line = self.sheets.at(self._line(path))
        return f"{file}:{line}"

    def fault(self, path: str, text: str, hint: str = "") -> Fault:
        """Return a fault at *path*; its text begins with the path."""
        device = ".".join(path.split(".")[:2])
        whose = f" ({self.members[device]})" if device in self.members else ""
        return self.sheets.fault(self._line(path), f"{path}{whose}: {text}", hint)


def shorten(value: str) -> str:
    """Return *value* on one line, and cut where nobody would read on."""
    line = " ".join(value.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"


def show(value: str) -> str:
    """Return *value* quoted, with its white space made visible, and shortened."""
    return repr(value if len(value) <= _SHOWN_CHARACTERS else value[: _SHOWN_CHARACTERS - 1] + "…")


def half_width(value: str) -> str:
    """Return *value* with full-width letters and digits as the half-width ones."""
    return unicodedata.normalize("NFKC", value)


_WIDE_MARK = re.compile(
    r"""(?P<indent>^[ ]*[\u3000\xa0]+)      # white space that YAML does not take for it
    |(?:^|[{,\[]|-[ ])[ ]*(?P<key>[A-Za-z_][\w-]*)[ ]*(?P<mark>：|:(?=[\u3000\xa0]))""",
    re.VERBOSE,
)


def wide_mark(text: str) -> tuple[str, str]:
    """Find a full-width space or colon where YAML needs a half-width one, in one line.

    Returns what stands where, and the line as it is meant; both empty where there is none.
    """
    found = _WIDE_MARK.search(text)
    if found is None:
        return "", ""
    if found["indent"]:
        mark, where = found["indent"].strip(" ")[0], "in the indentation"
    elif found["mark"] == "：":
        mark, where = "：", f"after '{found['key']}'"
    else:
        mark, where = text[found.end("mark")], f"after '{found['key']}:'"
    meant = half_width(text).strip()
    meant = re.sub(r"([{,\[ ]|^)([A-Za-z_][\w-]*) *:(?=\S)", r"\1\2: ", meant)
    return f"{_WIDE[mark]} (U+{ord(mark):04X}) stands {where}", re.sub(": +", ": ", meant)


_WIDE = {"：": "a full-width colon", "\u3000": "a full-width space", "\xa0": "a no-break space"}


def closest(value: str, names: Iterable[str]) -> str:
    """Return the name that *value* was probably meant to be, or nothing."""
    if len(value) > _SHOWN_CHARACTERS:  # nobody's slip of a finger, and slow to compare
        return ""
    folded = {name.casefold(): name for name in reversed(list(names))}
    close = difflib.get_close_matches(half_width(value).casefold(), folded, n=1)
    return folded[close[0]] if close else ""


def suggestion(value: str, names: Iterable[str]) -> str:
    """Return a hint: the name that *value* was meant to be, or else the names there are."""
    known = list(names)
    plain = half_width(value)
    if plain != value and plain in known:
        return f"write it in half-width characters: {plain}"
    close = closest(value, known)
    if close:
        return f"did you mean '{close}'?"
    if not known:
        return "the plan has none"
    more = ", ..." if len(known) > _LISTED_NAMES else ""
    return "known: " + ", ".join(known[:_LISTED_NAMES]) + more


def one_of(value: str, names: Iterable[str]) -> str:
    """Return a hint for a word of the command line: the name that was meant, or some there are."""
    known = list(names)
    close = closest(value, known)
    if close:
        return f"did you mean '{close}'?"
    more = len(known) - _LISTED_NAMES
    return f"one of {', '.join(known[:_LISTED_NAMES])}" + (f", and {more} more" if more > 0 else "")
