"""How a program inside the namespaces speaks to whoever started it, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import orjson

from sekisho.errors import SekishoError
from sekisho.runtime.progress import phase_text
from sekisho.text.trouble import recorded

_LAST = {"phase": ""}  # of this process, which does one thing after another


def say(**facts: Any) -> None:
    """Tell the command that started us how far we are."""
    _LAST["phase"] = facts.get("phase", _LAST["phase"])
    sys.stdout.buffer.write(orjson.dumps(facts) + b"\n")
    sys.stdout.buffer.flush()


def doing() -> str:
    """Return in words what was said last to be done."""
    return phase_text(_LAST["phase"], "en")


def ended(work: Callable[[], dict[str, Any]]) -> int:
    """Do *work* and say its facts as the last line, or what it failed with; return the status.

    Args:
        work: Returns facts; among them the ``exit`` status, where that is not 0.
    """
    try:
        facts = {"exit": 0, **work()}
    except SekishoError as error:
        facts = {"error": str(error), "exit": error.exit_code}
    except Exception as error:  # noqa: BLE001  # the one place of this process: record, then end it
        facts = {"error": recorded(error, doing=doing()), "exit": 3}
    say(end=True, **facts)
    return int(facts["exit"])
