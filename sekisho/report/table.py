"""Cases by column, each column as numbers into a table of its distinct values.

A gate writes some 60,000 cases of a kilobyte each, nearly all of it repeated. Held this way they
take a tenth of the memory, count quickly, and are already in the shape that the HTML report embeds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

import orjson

from sekisho.errors import UsageError
from sekisho.evidence.case import CASE_KEYS, Case
from sekisho.evidence.case_file import lines
from sekisho.evidence.verdict import Verdict

Value = str | int | float

_KINDS: dict[str, tuple[type, ...]] = {
    f.name: {"int": (int,), "int | str": (int, str), "float": (int, float)}.get(str(f.type), (str,))
    for f in fields(Case)
}


@dataclass(frozen=True, slots=True)
class Column:
    """One key of all cases: ``values[codes[row]]`` is the value of case *row*."""

    values: tuple[Value, ...]
    codes: array[int]

    def texts(self) -> Iterator[str]:
        """Yield the value of every case, in order, as text."""
        words = [str(value) for value in self.values]
        return (words[code] for code in self.codes)


@dataclass(frozen=True, slots=True)
class CaseTable:
    """All cases of a run, in the order of its file."""

    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.columns["case"].codes)

    def __getitem__(self, row: int) -> Case:
        found = {key: c.values[c.codes[row]] for key, c in self.columns.items()}
        values = cast(dict[str, str], found)  # each column was checked when it was read
        return Case(**{**values, "verdict": Verdict(values["verdict"])})  # type: ignore[arg-type]  # see above

    def row(self, number: str) -> int:
        """Return the row of the case with test number *number*; ValueError where there is none."""
        return self.columns["case"].values.index(number)  # numbers are unique, so code == row

    def texts(self, *names: str) -> Iterator[tuple[str, ...]]:
        """Yield, for every case in order, the values of the columns *names*."""
        return zip(*(self.columns[name].texts() for name in names), strict=True)

    def verdicts(self) -> Iterator[Verdict]:
        """Yield the verdict of every case, in order."""
        column = self.columns["verdict"]
        kinds = [Verdict(value) for value in column.values]
        return (kinds[code] for code in column.codes)


def read_table(path: Path, *, is_whole: bool = True) -> CaseTable:
    """Read a file of cases; UsageError names the file and the line that is wrong.

    Args:
        path: The file.
        is_whole: Whether it must be; else it is read up to its last whole line.
    """
    return table_from_lines(lines(path, is_whole=is_whole), str(path))


def table_from_lines(rows: Iterable[bytes], name: str) -> CaseTable:
    """Encode the lines *rows* of a file of cases; *name* opens the message of a UsageError."""
    seen: dict[str, dict[Value, int]] = {key: {} for key in CASE_KEYS}
    codes: dict[str, array[int]] = {key: array("I") for key in CASE_KEYS}
    encoders = [(key, seen[key], codes[key].append) for key in CASE_KEYS]
    for number, line in enumerate(rows, 1):
        try:
            case = orjson.loads(line)
            for key, known, append in encoders:
                value = case[key]
                code = known.get(value)
                if code is None:
                    code = known[value] = _checked(key, value, len(known))
                append(code)
        except KeyError as error:
            raise UsageError(f"{name}:{number}: no key {error}") from error
        except (TypeError, ValueError) as error:
            raise UsageError(f"{name}:{number}: not a case: {error}") from error
    if len(codes["case"]) != len(seen["case"]):
        raise UsageError(f"{name}: {_repeated(codes['case'], seen['case'])} is there twice")
    return CaseTable({key: Column(_values(key, seen[key]), codes[key]) for key in CASE_KEYS})


def _values(key: str, seen: Iterable[Value]) -> tuple[Value, ...]:
    """Return the values of a column, verdicts in the words of today."""
    return tuple(Verdict(v).value for v in seen) if key == "verdict" else tuple(seen)


def _repeated(codes: array[int], values: Iterable[Value]) -> Value:
    found = next(code for row, code in enumerate(codes) if code != row)
    return list(values)[found]


def _checked(key: str, value: Value, code: int) -> int:
    if key == "verdict":
        Verdict(value)
    if not isinstance(value, _KINDS[key]) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}")
    return code
