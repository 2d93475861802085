"""The number of the form of a run folder's files, and what was called otherwise in an older one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sekisho.errors import UsageError

#: Of every JSON file of a run folder. In schema 1, which is still read, *inconclusive* was *void*.
SCHEMA = 2
#: What schema 1 called *inconclusive*.
FIRST_WORD = "void"


def refuse_newer(found: Mapping[str, object], path: Path) -> None:
    """Refuse what a later Sekisho wrote: it may mean something else by the same words.

    Raises:
        UsageError: The file at *path* says so.
    """
    schema = found.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise UsageError(
            f"{path}: schema {schema} is newer than what this Sekisho reads (up to {SCHEMA})\n"
            "  hint: read it with the Sekisho that wrote it, or with a later one"
        )


def current_key(name: str, schema: object) -> str:
    """Return what a count of ``summary.json`` is called in a file of *schema*."""
    if name == "passed":
        return "pass"  # a word of Python's
    return FIRST_WORD if name == "inconclusive" and schema == 1 else name
