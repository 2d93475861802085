"""What must be repaired, and what of the fabric is not as planned, as entries of their files.

Every key of ``findings.json`` and ``differences.json`` is a field here, in the order of
``docs/run-folder.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.evidence.verdict import Verdict


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
