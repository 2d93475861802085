"""What a run counted and how long it took: ``summary.json``, in the order of its page."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

import orjson

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.schema import SCHEMA, current_key
from sekisho.evidence.writing import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """How long each phase of a run took, in seconds."""

    boot: float = 0.0
    in_force: float = 0.0
    build: float = 0.0
    probe: float = 0.0
    exchange: float = 0.0
    backup: float = 0.0
    flood: float = 0.0
    unguarded: float = 0.0
    events: float = 0.0
    compare: float = 0.0
    judge: float = 0.0
    prove: float = 0.0
    report: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``summary.json``; the one key that Python keeps for itself, ``pass``, is *passed* here."""

    schema: int = SCHEMA
    plan: str
    verdict: RunVerdict
    aborted: str = ""
    cases: int = 0
    passed: int = 0
    leak: int = 0
    overblock: int = 0
    unattributed: int = 0
    inconclusive: int = 0
    residual: int = 0
    frames_sent: int = 0
    frames_captured: int = 0
    captures_dropped: int = 0
    exchanges: int = 0
    repeated: int = 0
    hosts: int = 0
    switches: int = 0
    attachments: int = 0
    rules: int = 0
    rules_per_attachment: float = 0.0
    frames_per_s: float = 0.0
    peak_memory_mb: int = 0
    exit: int = 0
    seconds: Seconds = field(default_factory=Seconds)


def summary_bytes(summary: Summary) -> bytes:
    """Return *summary* as the bytes of ``summary.json``."""
    told = {current_key(f.name, SCHEMA): getattr(summary, f.name) for f in fields(summary)}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)


def write_summary(path: Path, summary: Summary) -> None:
    """Write ``summary.json``."""
    write_atomically(path, summary_bytes(summary) + b"\n")
