"""Find the line of a table that a text is, and its values, among a thousand lines.

A line without values is found as a whole; of the others only those are tried whose first letters
are the text's, and each becomes a pattern when it is first tried: a command shows its help, or one
mistake, and then ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

#: Code of a sentence: it in English, and in Japanese.
Table = Mapping[str, tuple[str, str]]

VALUE = re.compile(r"\{(\w+)(?::([wo]))?\}")
_START = 3  # letters by which lines are told apart


class Lines:
    """The lines of *tables*, the most particular first."""

    def __init__(self, tables: Iterable[Table]) -> None:
        every = [pair for table in tables for pair in table.values()]
        every.sort(key=lambda pair: -len(VALUE.sub("", pair[0])))
        self._whole = {en: VALUE.sub(_slot, ja) for en, ja in reversed(every)}
        self._others = [pair for pair in every if VALUE.search(pair[0])]
        self._by_start: dict[str, list[tuple[str, str]]] = {}

    def fitting(self, text: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield each line that *text* can be: it in Japanese, and the values by their names.

        Of several, the one with most letters of its own comes first: one without values has as many
        as the text.
        """
        if text in self._whole:
            yield self._whole[text], {}
        for english, translation in self._starting(text[:_START]):
            match = _pattern(english).fullmatch(text)
            if match is not None:
                yield VALUE.sub(_slot, translation), match.groupdict()

    def _starting(self, start: str) -> list[tuple[str, str]]:
        """Return the lines with values that a text with these first letters can be."""
        if start not in self._by_start:
            self._by_start[start] = [
                pair for pair in self._others if _is_alike(pair[0].partition("{")[0], start)
            ]
        return self._by_start[start]


def _is_alike(begins: str, start: str) -> bool:
    return begins.startswith(start) or start.startswith(begins)


@cache
def _pattern(english: str) -> re.Pattern[str]:
    out, end, seen = "", 0, set[str]()
    for found in VALUE.finditer(english):
        out += re.escape(english[end : found.start()])
        name = _name(found)
        out += f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
        seen.add(name)
        end = found.end()
    return re.compile(out + re.escape(english[end:]), re.DOTALL)


def _name(found: re.Match[str]) -> str:
    return found[1] + (f"_{found[2]}" if found[2] else "")


def _slot(found: re.Match[str]) -> str:
    return "{" + _name(found) + "}"
