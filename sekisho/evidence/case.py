"""One case as a line of ``cases.jsonl.gz``.

Every key is a field here, in the order of ``docs/run-folder.md``; a test compares the two both
ways. It knows nothing of how a case was probed or judged, and nothing of how a report looks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import orjson

from sekisho.errors import UsageError
from sekisho.evidence.verdict import Verdict


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


def case_from_line(line: bytes, where: str) -> Case:
    """Read one line of ``cases.jsonl.gz``; *where* opens the message of the UsageError."""
    try:
        values = orjson.loads(line)
        return Case(**{**values, "verdict": Verdict(values["verdict"])})
    except KeyError as error:
        raise UsageError(f"{where}: no key {error}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: not a case: {error}") from error
