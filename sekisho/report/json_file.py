"""A file of a run folder that holds one JSON object: read, and what is wrong with it said once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from sekisho.errors import UsageError
from sekisho.evidence.schema import refuse_newer


def json_object(path: Path) -> dict[str, object]:
    """Read a file that holds one JSON object, in a schema that is known.

    Raises:
        UsageError: It cannot be read, is no such object, or is of a later Sekisho.
    """
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path}: not a JSON object")
    refuse_newer(found, path)
    return found


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """For the time of the block: a key that is missing, or no such value, is told with its file.

    Raises:
        UsageError: Says which.
    """
    try:
        yield
    except KeyError as error:
        raise UsageError(f"{path}: no key {error}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error
