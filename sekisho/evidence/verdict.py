"""What a run found, as values, and the files of the run folder that carry them.

Every key of ``cases.jsonl.gz``, ``findings.json`` and ``summary.json`` is a field here, in the
order of ``docs/run-folder.md``; a test compares the two both ways. This module knows nothing of
how a case was probed or judged, and nothing of how a report looks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path

import orjson

from sekisho.errors import UsageError
from sekisho.model import Label

#: Of every JSON file of a run folder. In schema 1, which is still read, *inconclusive* was *void*.
SCHEMA = 2
#: Every sign of a verdict, the good one first.
MARKS = "○×△◇－"
_FIRST_WORD = "void"


class Verdict(Enum):
    """What became of one case."""

    PASS = "pass"
    LEAK = "leak"
    OVERBLOCK = "overblock"
    UNATTRIBUTED = "unattributed"
    INCONCLUSIVE = "inconclusive"  # TTCN-3 (ETSI ES 201 873-1, 24.1): inconc
    RESIDUAL = "residual"

    @classmethod
    def _missing_(cls, value: object) -> Verdict | None:
        return cls.INCONCLUSIVE if value == _FIRST_WORD else None

    @property
    def mark(self) -> str:
        """The sign in records: ○ as planned, × not, △ dropped elsewhere, ◇ undecided, － apart."""
        return _WORDS[self][0]

    @property
    def label(self) -> Label:
        """The verdict in words."""
        return Label(*_WORDS[self][1:])

    @property
    def badness(self) -> int:
        """Rank for "the worst of": a higher number must never be hidden by a lower one."""
        return tuple(_WORDS).index(self)

    @property
    def is_finding(self) -> bool:
        """True where something must be repaired before the run can be signed."""
        return self in (Verdict.LEAK, Verdict.OVERBLOCK, Verdict.UNATTRIBUTED)


_WORDS = {  # the harmless first
    Verdict.RESIDUAL: ("－", "残存リスク", "residual"),
    Verdict.PASS: ("○", "計画どおり", "as planned"),
    Verdict.INCONCLUSIVE: ("◇", "判定不能", "inconclusive"),
    Verdict.UNATTRIBUTED: ("△", "遮断箇所不明", "unattributed drop"),
    Verdict.OVERBLOCK: ("×", "過剰遮断", "over-block"),
    Verdict.LEAK: ("×", "漏れ", "leak"),
}


class RunVerdict(Enum):
    """What became of a whole run."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @classmethod
    def _missing_(cls, value: object) -> RunVerdict | None:
        return cls.INCONCLUSIVE if value == _FIRST_WORD else None

    @property
    def label(self) -> Label:
        """The word an official signs under."""
        return {
            RunVerdict.PASS: Label("合格", "PASS"),
            RunVerdict.FAIL: Label("不合格", "FAIL"),
            RunVerdict.INCONCLUSIVE: Label("判定不能", "INCONCLUSIVE"),
        }[self]


def run_verdict(
    verdicts: Iterable[Verdict], *, aborted: str = "", differences: Iterable[Difference] = ()
) -> RunVerdict:
    """Decide a run: aborted is inconclusive; then a finding fails it.

    An inconclusive case, no case, or a fabric that was not as planned makes it inconclusive.
    """
    seen, unlike = set(verdicts), tuple(differences)
    if aborted:
        return RunVerdict.INCONCLUSIVE
    if any(verdict.is_finding for verdict in seen) or any(d.is_finding for d in unlike):
        return RunVerdict.FAIL
    if unlike or Verdict.INCONCLUSIVE in seen or Verdict.PASS not in seen:
        return RunVerdict.INCONCLUSIVE
    return RunVerdict.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: a source attachment, a destination attachment, a probe, and what was seen.

    The meaning of each field is the table ``cases.jsonl.gz`` of ``docs/run-folder.md``.
    """

    case: str
    run: str
    clause: str
    cell: str
    requirement: str
    severity: str
    edition: str
    state: str
    src: str
    dst: str
    src_class: str
    src_host: str
    src_site: str
    src_switch: str
    src_port: int | str
    src_zone: str
    src_vlan: int
    src_mac: str
    src_ip: str
    dst_class: str
    dst_host: str
    dst_site: str
    dst_switch: str
    dst_port: int | str
    dst_zone: str
    dst_vlan: int
    dst_mac: str
    dst_ip: str
    probe: str
    item: int
    proto: str
    ports: str
    spoof: str
    expect: str
    sent: int
    sent_seen: int
    arrived: int
    elsewhere: int
    answered: int
    drop_switch: str
    drop_table: str
    drop_cookie: str
    drop_priority: str
    drop_rule: str
    drop_expected: int
    drop_counted: int
    control: str
    control_arrived: int
    control_gap_ms: float
    verdict: Verdict
    mark: str
    reason: str
    start: str
    end: str
    pcap: str
    pcap_sha256: str
    plan_line: str
    tester: str
    witness: str


CASE_KEYS = tuple(f.name for f in fields(Case))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One entry of ``findings.json``: a case that must be repaired, with its packet and path.

    Attributes:
        command: The Scapy command that builds the packet.
        path: Its way through the switches, a line for each port and rule.
        alone: Whether it leaks when it is sent by itself; empty where that was not tried.
    """

    case: str
    verdict: Verdict
    src: str
    dst: str
    switch: str
    port: int | str
    rule: str
    plan_line: str
    seen_at: tuple[str, ...]
    summary: str
    command: str
    hexdump: str
    sent_hex: str
    trace: str
    path: tuple[str, ...]
    alone: str
    pcap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One entry of ``differences.json``: something about the fabric that is not as planned.

    Attributes:
        when: ``before`` the first frame, ``after`` the last, ``meanwhile``, or while which lines
            were ``cut``.
        kind: What differs: ``rule``, ``group``, ``meter``, ``port``, ``setting``, ``database``,
            ``tracker``, ``interface``, ``controller``, ``drift`` or ``frame``.
        place: Switch, access point, namespace or capture point.
        ja: The difference in Japanese.
        en: And in English.
        hex: Bytes of a frame, hexadecimal.
        is_finding: Whether it has to be repaired; else the run only cannot be judged.
    """

    when: str
    kind: str
    place: str
    ja: str
    en: str
    hex: str = ""
    is_finding: bool = False


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
    return orjson.dumps(summary, option=orjson.OPT_INDENT_2).replace(b'"passed":', b'"pass":', 1)


def write_summary(path: Path, summary: Summary) -> None:
    """Write ``summary.json``."""
    write_atomically(path, summary_bytes(summary) + b"\n")


def case_from_line(line: bytes, where: str) -> Case:
    """Read one line of ``cases.jsonl.gz``; *where* opens the message of the UsageError."""
    try:
        values = orjson.loads(line)
        return Case(**{**values, "verdict": Verdict(values["verdict"])})
    except KeyError as error:
        raise UsageError(f"{where}: no key {error}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: not a case: {error}") from error


def write_atomically(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write *data* to a temporary name, then rename: readers see all of it or nothing."""
    chunks = (data,) if isinstance(data, bytes) else data
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.filename is None and error.errno is not None:  # write(2) knows no name
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def current_key(name: str, schema: object) -> str:
    """Return what a count of ``summary.json`` is called in a file of *schema*."""
    if name == "passed":
        return "pass"  # a word of Python's
    return _FIRST_WORD if name == "inconclusive" and schema == 1 else name
