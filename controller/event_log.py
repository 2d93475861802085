"""The file of what a controller has done, one JSON object a line; opened once, never held back."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import orjson

_log = logging.getLogger(__name__)


class EventLog:
    """Appends facts to *path*, or to the log where there is none.

    A controller keeps it open as long as it lives.
    """

    def __init__(self, path: Path | None) -> None:
        self._out = None if path is None else path.open("ab", buffering=0)

    def say(self, event: str, **facts: object) -> None:
        """Append one fact; whoever reads the file sees it at once."""
        line = orjson.dumps({"event": event, "at": time.time(), **facts})
        if self._out is None:
            _log.info("%s", line.decode())
        else:
            self._out.write(line + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._out is not None:
            self._out.close()
