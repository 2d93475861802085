"""Write a file that the user named; where it cannot be written, say so in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sekisho.errors import UsageError


@contextmanager
def saving(option: str, path: Path) -> Iterator[None]:
    """Let the block write *path*, which *option* named.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{option} {path}: {error.strerror}\n"
            "  hint: a file in a folder that is there, in which you may write"
        ) from error
