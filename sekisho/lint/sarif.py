"""Mistakes and warnings of plans in SARIF, which code hosts show beside the lines they are about.

Written by the Static Analysis Results Interchange Format, OASIS Standard, version 2.1.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sekisho import __version__
from sekisho.errors import Fault
from sekisho.spoken import japanese

VERSION = "2.1.0"
MISTAKE, WARNING = "plan-mistake", "plan-warning"
_RULES = {MISTAKE: "A plan that cannot be used as it is", WARNING: "What is odd in a plan"}
_LEVELS = {MISTAKE: "error", WARNING: "warning"}  # 3.27.10


def sarif(
    mistakes: Sequence[Fault], warnings: Sequence[Fault], *, language: str = "en"
) -> dict[str, Any]:
    """Return the log of one run, ready to be written as JSON.

    Args:
        mistakes: Each a result of the level ``error``.
        warnings: Each a result of the level ``warning``.
        language: Of the messages, ``ja`` or ``en``.
    """
    rules = [{"id": name, "shortDescription": {"text": words}} for name, words in _RULES.items()]
    results = [
        _result(rule, fault, language)
        for rule, faults in ((MISTAKE, mistakes), (WARNING, warnings))
        for fault in faults
    ]
    driver = {"name": "sekisho", "version": __version__, "rules": rules}
    return {"version": VERSION, "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(rule: str, fault: Fault, language: str) -> dict[str, Any]:
    text = f"{fault.text}\nhint: {fault.hint}" if fault.hint else fault.text
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(fault.file)}}
    if fault.line:
        place["region"] = {"startLine": fault.line}
    return {
        "ruleId": rule,
        "level": _LEVELS[rule],
        "message": {"text": japanese(text) if language == "ja" else text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    """Return a relative reference (RFC 3986, 4.2), or the URI of an absolute path."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
