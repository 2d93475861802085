"""How a program inside the namespaces speaks to whoever started it, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import orjson

from sekisho.errors import SekishoError


def say(**facts: Any) -> None:
    """Tell the command that started us how far we are."""
    sys.stdout.buffer.write(orjson.dumps(facts) + b"\n")
    sys.stdout.buffer.flush()


def ended(work: Callable[[], dict[str, Any]]) -> int:
    """Do *work* and say its facts as the last line, or what it failed with; return the status.

    Args:
        work: Returns facts; among them the ``exit`` status, where that is not 0.
    """
    try:
        facts = {"exit": 0, **work()}
    except SekishoError as error:
        facts = {"error": str(error), "exit": error.exit_code}
    say(end=True, **facts)
    return int(facts["exit"])
