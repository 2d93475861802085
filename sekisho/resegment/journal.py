"""The journal of changes: what was asked for, written down before any table is touched.

One JSON object a line, only ever appended; what is asked for is on the disk before it is done::

    {"entry": "change", "number": 3, "to": "tw", "moves": [...], "reason": "...", "by": "..."}
    {"entry": "in-force", "number": 3, "at": ..., "touched": {"fl1": [5, 5]}}
    {"entry": "undo", "number": 3, "at": ..., "by": "...", "why": "asked"}

A change stands from its line on, whether or not its ``in-force`` was ever written: after a crash
the controller brings the tables to what the journal says. A line that a crash cut short was never
acknowledged: it is not read, and cut off before the next is written. Whoever only reads changes
nothing, since what looks cut short may be a line that the controller is writing.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from sekisho.errors import Fault, LabError, PlanError
from sekisho.model.changes import Change, change_of
from sekisho.text.trouble import in_words


class Journal:
    """The changes of one town, in a file.

    Args:
        path: The file; made when it is not there.

    Raises:
        PlanError: A line cannot be read: says which.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes: dict[int, Change] = {}
        self.undone: dict[int, dict[str, Any]] = {}
        self.in_force: dict[int, dict[str, Any]] = {}
        self._cut: int | None = None  # where a line begins that was cut short
        if path.exists():
            self._read()

    @property
    def standing(self) -> tuple[Change, ...]:
        """The changes that stand, in their order."""
        return tuple(c for n, c in self.changes.items() if n not in self.undone)

    @property
    def next_number(self) -> int:
        """The number of the next change."""
        return len(self.changes) + 1

    def write(self, entry: str, *, must_last: bool = True, **facts: Any) -> None:
        """Append one line, and return when it is on the disk.

        Args:
            entry: What it is.
            must_last: False where nothing rests on it: it then gets to the disk by and by.
            facts: What it says.

        Raises:
            LabError: The disk does not take it; then nothing of it is in the file.
        """
        line = orjson.dumps({"entry": entry, **facts}) + b"\n"
        try:
            self._append(line, must_last)
        except OSError as error:
            text = in_words(error, doing=f"{self.path} takes no line, and nothing was done")
            raise LabError(text) from error
        self._take({"entry": entry, **facts})

    def _append(self, line: bytes, must_last: bool) -> None:
        with self.path.open("ab", buffering=0) as out:
            if self._cut is not None:
                out.truncate(self._cut)
                self._cut = None
            size = os.fstat(out.fileno()).st_size
            try:
                if out.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if must_last:
                    os.fdatasync(out.fileno())
            except OSError:
                with suppress(OSError):
                    out.truncate(size)  # half a line would spoil the next
                raise

    def add(self, change: Change) -> None:
        """Append a change."""
        self.write("change", **change.as_json())

    def history(self) -> list[dict[str, Any]]:
        """Return every change as JSON can hold it, with when it was in force and undone."""
        return [
            {
                **change.as_json(),
                "in_force": self.in_force.get(number),
                "undone": self.undone.get(number),
            }
            for number, change in self.changes.items()
        ]

    def _read(self) -> None:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            self._cut = whole
        for number, line in enumerate(data[:whole].splitlines(), 1):
            try:
                self._take(orjson.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                hint = "the journal of changes is written by the controller alone; do not edit it"
                text = f"not a line of a journal of changes ({error})"
                fault = Fault(str(self.path), number, text, hint)
                raise PlanError((fault,)) from error

    def _take(self, line: dict[str, Any]) -> None:
        facts = {name: value for name, value in line.items() if name != "entry"}
        number = int(facts["number"])
        if line["entry"] == "change":
            self.changes[number] = change_of(facts)
        elif line["entry"] == "undo":
            self.undone[number] = facts
        elif line["entry"] == "in-force":
            self.in_force[number] = facts
        else:
            raise ValueError(f"unknown entry {line['entry']!r}")
