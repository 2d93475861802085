"""Write what the user named, in folders that are made; where that cannot be, say so in a line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sekisho.errors import UsageError


@contextmanager
def saving(option: str, path: Path) -> Iterator[None]:
    """Let the block write *path*, which *option* named; make the folder that it stands in.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(
            f"{option} {path}: {error.strerror}\n  hint: a file in a folder in which you may write"
        ) from error
