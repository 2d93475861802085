"""Write a run folder as a run would, from nothing but a seedless rule: for report tests only."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import orjson

from sekisho.evidence.case import Case
from sekisho.evidence.case_file import CASES, lines, write_cases
from sekisho.evidence.finding import Finding
from sekisho.evidence.run_verdict import RunVerdict, run_verdict
from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.seal import seal
from sekisho.evidence.summary import Seconds, Summary, write_summary
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from tests.sekisho.report import fake_town

RUN = "20261123-180102-matsuno"
KINDS = {"×": "deny", "－": "not_applicable", "P": "planned", "E": "external", "A": "allow"}
PROBES = (
    (1, "tcp-scan", "tcp", "443 8080"),
    (2, "tcp-scan", "tcp", "22 80 135 139 443 445 1433 3306 3389 9100"),
    (3, "udp-scan", "udp", "53 67 123 137 161 500"),
    (4, "icmp", "icmp", ""),
    (5, "reply-shaped", "tcp", "443"),
    (7, "spoof-ip", "tcp", "443"),
    (8, "spoof-mac", "tcp", "443"),
    (9, "spoof-both", "tcp", "443"),
    (12, "ipv6", "ipv6", ""),
    (13, "foreign-l2", "arp", ""),
)
REASONS = {
    Verdict.LEAK: "2 copies arrived at a destination that the plan forbids.",
    Verdict.OVERBLOCK: "No copy arrived although clause {clause} allows it.",
    Verdict.UNATTRIBUTED: "Dropped, but the counter of the cell's rule did not rise.",
    Verdict.INCONCLUSIVE: "The positive twin did not arrive, so silence proves nothing.",
    Verdict.RESIDUAL: "Two stations of one SSID meet in the access point.",
}


def cells() -> dict[str, dict[str, object]]:
    """Return the ``cells`` of the manifest."""
    rows = [line.split() for line in fake_town.CELLS.splitlines()]
    return {
        f"S{row}/D{column}": {
            "kind": KINDS[mark[0]],
            "mark": mark,
            "severity": "A" if mark == "×!" else "",
            "requirements": ["MN-07"] if mark == "×!" else [],
            "edition": "R4.3" if mark == "×!" else "",
            "where": [f"topologies/matsuno.yaml:{300 + row * 3}"],
        }
        for row, line in enumerate(rows, 1)
        for column, mark in enumerate(line, 1)
    }


def cases(number: int, verdicts: Mapping[int, Verdict], *, whole: bool = False) -> Iterator[Case]:
    """Yield *number* cases, all passing but for the rows of *verdicts* (0-based)."""
    testable = [
        (k, c) for k, c in cells().items() if c["kind"] not in ("not_applicable", "external")
    ]
    for row in range(number):
        key, cell = testable[(row if whole else row * 11) % len(testable)]
        case = _case(row, key, cell, row // len(testable))
        verdict = verdicts.get(row, Verdict.PASS)
        yield _judged(case, verdict)


def _case(row: int, key: str, cell: Mapping[str, object], round_: int) -> Case:
    source, destination = key.split("/")
    is_allowed = cell["kind"] == "allow"
    item, probe, proto, ports = (0, "service", "tcp", "443") if is_allowed else PROBES[round_ % 10]
    s, d, host = int(source[1:]), int(destination[1:]), round_ % 40 + 1
    frames = max(1, len(ports.split()))
    start = f"2026-11-23T18:01:{row // 1200 % 60:02d}.{row * 5 % 1000:03d}+09:00"
    return Case(
        case=f"T-{row + 1:06d}", run=RUN, clause=str(cell["mark"]) if is_allowed else "", cell=key,
        requirement="MN-07" if cell["severity"] else "", severity=str(cell["severity"]),
        edition=str(cell["edition"]), state="normal", src=f"pc-{s}-{host}.lan",
        dst=f"srv-{d}.lan", src_class=source, src_host=f"pc-{s}-{host}", src_site="hq",
        src_switch=f"fl{s % 4 + 1}", src_port=host, src_zone=f"Z{s}", src_vlan=40 + s,
        src_mac=f"02:41:00:00:{s:02x}:{host:02x}", src_ip=f"10.{40 + s}.0.{10 + host}",
        dst_class=destination, dst_host=f"srv-{d}", dst_site="cloud", dst_switch="core1",
        dst_port=d, dst_zone=f"V{d}", dst_vlan=10 + d, dst_mac=f"02:11:00:00:00:{d:02x}",
        dst_ip=f"10.11.{d}.11", probe=probe, item=item, proto=proto, ports=ports,
        spoof=f"pc-1-{host}.lan" if probe.startswith("spoof") else "",
        expect="arrive" if is_allowed else "drop", sent=frames, sent_seen=frames,
        arrived=frames if is_allowed else 0, elsewhere=0, answered=0,
        drop_switch="" if is_allowed else f"fl{s % 4 + 1}", drop_table="" if is_allowed else "5",
        drop_cookie="" if is_allowed else f"0x{s:02x}{d:02x}",
        drop_priority="" if is_allowed else "100", drop_rule="" if is_allowed else f"cell {key}",
        drop_expected=0 if is_allowed else frames * 40,
        drop_counted=0 if is_allowed else frames * 40,
        control=f"T-{row * 31 % 997 + 1:06d}", control_arrived=frames,
        control_gap_ms=row * 37 % 4001 / 100, verdict=Verdict.PASS, mark="○", reason="",
        start=start, end=start.replace("18:01", "18:02"), pcap="", pcap_sha256="",
        plan_line=f"topologies/matsuno.yaml:{300 + s * 3}", tester="田中", witness="",
    )  # fmt: skip


def _judged(case: Case, verdict: Verdict) -> Case:
    if verdict is Verdict.PASS:
        return case
    reason = REASONS[verdict].format(clause=case.clause)
    changed = replace(case, verdict=verdict, mark=verdict.mark, reason=reason)
    if verdict is Verdict.LEAK:
        changed = replace(changed, arrived=case.sent, drop_counted=0)
    if verdict.is_finding:
        pcap = f"findings/{case.case}.pcapng"
        changed = replace(changed, pcap=pcap, pcap_sha256="ab" * 32)
    return changed


def finding(case: Case) -> Finding:
    """Return the finding that belongs to *case*."""
    frame = bytes.fromhex(case.dst_mac.replace(":", "") + case.src_mac.replace(":", ""))
    frame += bytes.fromhex("0800450000280001000040060000") + bytes(20)
    lines = [frame[at : at + 16] for at in range(0, len(frame), 16)]
    return Finding(
        case=case.case, verdict=case.verdict, src=case.src, dst=case.dst, switch=case.src_switch,
        port=case.src_port, rule=f"cookie={case.drop_cookie or '0x1'}, table=5, priority=100",
        plan_line=case.plan_line, seen_at=(case.dst,) if case.arrived else (),
        summary=f"Ether / IP / TCP {case.src_ip}:40001 > {case.dst_ip}:https S",
        command=f"Ether()/IP(src='{case.src_ip}', dst='{case.dst_ip}')/TCP(flags=2)",
        path=(f"{case.src_switch}:{case.src_port} in", "  table 5, priority 100, drop cell"),
        alone="leaks" if case.arrived else "",
        hexdump="\n".join(f"{at * 16:04x}  {line.hex(' ')}" for at, line in enumerate(lines)),
        sent_hex=frame.hex(),
        trace=f"bridge(\"{case.src_switch}\")\n 0. in_port={case.src_port}, goto_table:5\n"
        f" 5. priority 100, cookie {case.drop_cookie or '0x1'}\n    output:48",
        pcap=case.pcap,
    )  # fmt: skip


def manifest() -> dict[str, object]:
    """Return the ``manifest.json`` of the fake run."""
    return {
        "schema": SCHEMA, "run": RUN, "started": "2026-11-23T18:01:02+09:00",
        "ended": "2026-11-23T18:01:50+09:00", "suite": "gate", "seed": 1, "state": "normal",
        "exit": 0,
        "versions": {"sekisho": "0.1.0", "commit": "abc1234", "python": "3.11.2", "ovs": "3.1.0",
                     "mininet": "2.3.0", "ryu": "4.34", "scapy": "2.8.0", "kernel": "6.1.0"},
        "hashes": {"plan": "5f" * 32, "frames": "c3" * 32, "code": "0d" * 32},
        "machine": {"cores": 2, "memory_mb": 24000, "system": "Debian GNU/Linux 12",
                    "datapath": "userspace"},
        "pairs": {"possible": 8_372, "tried": 3_100, "every_probe": 1_400, "sampled": 320,
                  "names": 2_050, "names_tried": 1_210},
        "missing": _labelled(fake_town.MISSING), "not_tested": _labelled(fake_town.NOT_TESTED),
        "tester": "田中 一郎", "witness": "", "approver": "", "plan": _plan(),
    }  # fmt: skip


def _labelled(text: str) -> list[dict[str, str]]:
    return [{"id": key, "ja": ja, "en": en} for key, ja, en in fake_town.table(text)]


def _plan() -> dict[str, object]:
    marks = sorted({str(c["mark"]) for c in cells().values() if str(c["mark"]).startswith("A")})
    return {
        "id": "matsuno", "ja": "松野町", "en": "Matsuno", "path": "topologies/matsuno.yaml",
        "profile": "seed-r4", "edition": "R4.3",
        "sources": fake_town.named(fake_town.SOURCES),
        "destinations": fake_town.named(fake_town.DESTINATIONS), "cells": cells(),
        "clauses": {mark: {"ja": f"要件{mark}", "en": f"clause {mark}", "basis": "seed", "note": "",
                           "where": "topologies/matsuno.yaml:308"} for mark in marks},
        "sites": [{"id": "hq", "ja": "本庁舎", "en": "Main hall"}], "attachments": {},
        "must_drop": [
            {"number": int(number), "ja": ja, "en": en, "sources": sources.split(),
             "destinations": destinations.split(), "items": [int(i) for i in items.split()],
             "state": state or "normal"}
            for number, sources, destinations, items, state, ja, en
            in fake_town.table(fake_town.MUST_DROP)
        ],
        "exceptions": [
            {"id": key, "ja": ja, "en": en, "measures_ja": measures_ja, "measures_en": measures_en}
            for key, ja, en, measures_ja, measures_en in fake_town.table(fake_town.EXCEPTIONS)
        ],
    }  # fmt: skip


def write_run(
    folder: Path,
    *,
    number: int = 200,
    verdicts: Mapping[int, Verdict] | None = None,
    aborted: str = "",
    whole: bool = False,
) -> Path:
    """Write a whole run folder of *number* cases and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = list(cases(number, verdicts or {}, whole=whole))
    write_cases(folder / CASES, made)
    found = [finding(case) for case in made if case.verdict.is_finding]
    write_atomically(folder / "findings.json", orjson.dumps(found))
    write_summary(folder / "summary.json", _summary(made, aborted))
    seal(folder, manifest())
    return folder


def proved(**changes: object) -> dict[str, object]:
    """Return a ``proof.json`` of a town where nothing is wrong, with *changes*."""
    assumed = [{"ja": "回線は計画書どおり", "en": "The lines are those of the plan"}]
    counts = {"forbidden": 0, "missing": 0, "entries": 220, "rules": 18422, "seconds": 1.0}
    whole = {"schema": 1, "refused": "", "assumptions": assumed, "differences": [], **counts}
    return {**whole, **changes}


def raw_cases(folder: Path) -> bytes:
    """Return the lines of the cases of *folder*."""
    return b"".join(lines(folder / CASES))


def put_cases(folder: Path, data: bytes) -> None:
    """Put other lines of cases into *folder*."""
    (folder / CASES).write_bytes(gzip.compress(data, mtime=0))


def died(folder: Path) -> Path:
    """Leave of a run folder what a run leaves that died at once: a manifest without a seal."""
    for name in ("summary.json", CASES, "findings.json"):
        (folder / name).unlink()
    write_atomically(folder / "manifest.json", orjson.dumps(manifest()))
    return folder


def _summary(made: list[Case], aborted: str) -> Summary:
    verdict = run_verdict((case.verdict for case in made), aborted=aborted)
    counts = {v: sum(case.verdict is v for case in made) for v in Verdict}
    return Summary(
        plan="matsuno", verdict=verdict, aborted=aborted, cases=len(made),
        passed=counts[Verdict.PASS], leak=counts[Verdict.LEAK],
        overblock=counts[Verdict.OVERBLOCK], unattributed=counts[Verdict.UNATTRIBUTED],
        inconclusive=counts[Verdict.INCONCLUSIVE], residual=counts[Verdict.RESIDUAL],
        frames_sent=sum(case.sent for case in made), frames_captured=len(made), exchanges=80,
        hosts=76, switches=12, attachments=92, rules=1840, rules_per_attachment=2.1,
        frames_per_s=21000.0, peak_memory_mb=640,
        exit={RunVerdict.PASS: 0, RunVerdict.FAIL: 1, RunVerdict.INCONCLUSIVE: 3}[verdict],
        seconds=Seconds(boot=6.2, in_force=0.4, build=3.1, probe=22.0, exchange=4.0, judge=1.2,
                        prove=6.0, report=1.0, total=44.0),
    )  # fmt: skip
