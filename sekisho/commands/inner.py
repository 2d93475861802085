"""Listen to a process in the namespaces: JSON lines on its standard output.

``{"phase": "hosts"}``, ``{"phase": "probe", "done": 1, "of": 8}``, ``{"error": "text", "exit": 3}``
and, last of all, ``{"end": true, "exit": 0}``. A process that goes without its last line has died.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sekisho.runtime.doctor import missing_parts
from sekisho.runtime.progress import Progress

_LAST_WORDS = 2000  # bytes of the log in which a reason is looked for
_GOODBYE_S = 20.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the inner process ended.

    Attributes:
        exit: Its exit status by its own word; 3 where it had none.
        error: What it said was wrong, or why it is thought to have died; empty if all went well.
        facts: The whole last line that it sent.
    """

    exit: int
    error: str
    facts: dict[str, Any]


def listen(
    process: subprocess.Popen[bytes], progress: Progress, *, log: Path, until: str = "end"
) -> Outcome:
    """Show what *process* says until it says *until*, or goes.

    Args:
        process: Its standard output is a pipe.
        progress: Told of every phase.
        log: The file that its standard error goes to.
        until: The key of the last line.
    """
    error, status, shown = "", 3, ""
    assert process.stdout is not None
    for line in process.stdout:
        said = _message(line)
        if "error" in said:
            error, status = str(said["error"]), int(said.get("exit", 3))
        if until in said:
            return Outcome(status if error else int(said.get("exit", 0)), error, said)
        if "left_s" in said:
            progress.left(int(said["left_s"]))
        if "phase" in said:
            if said["phase"] != shown:
                shown = said["phase"]
                progress.phase(shown)
            if "of" in said:
                progress.step(int(said["done"]), int(said["of"]))
    try:
        left = process.wait(_GOODBYE_S)
    except subprocess.TimeoutExpired:
        return Outcome(3, "the laboratory closed its output but did not end", {})
    return Outcome(status, error or _why(left, log), {})


def _message(line: bytes) -> dict[str, Any]:
    """Return the object on *line*; anything else that is printed there is not for us."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _why(left: int, log: Path) -> str:
    how = f"signal {-left}" if left < 0 else f"exit status {left}"
    said = log.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip().splitlines()
    while len(said) > 1 and said[-1].strip().startswith("hint:"):  # what it is about stands before
        said[-2:] = [f"{said[-2].strip()} ({said[-1].strip()})"]
    last = f": {said[-1].strip()}" if said else ""
    lacks = "".join(
        f"\n  hint: {f.need.name} is missing: {f.need.brought_by}" for f in missing_parts()
    )
    return f"the laboratory ended by itself ({how}){last}\n  see {log}{lacks}"
