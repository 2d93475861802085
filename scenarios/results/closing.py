"""The end of a run: its verdict, and every file of the run folder that carries it, sealed last."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from scenarios.results.case_records import jst
from scenarios.results.run_stats import Tally
from sekisho.evidence.finding import Finding
from sekisho.evidence.run_verdict import RunVerdict, run_verdict
from sekisho.evidence.seal import seal
from sekisho.evidence.summary import write_summary
from sekisho.evidence.writing import write_atomically
from sekisho.model import Plan

_EXIT = {RunVerdict.PASS: 0, RunVerdict.FAIL: 1, RunVerdict.INCONCLUSIVE: 3}


def write_findings(folder: Path, found: Iterable[Finding]) -> None:
    """Write ``findings.json``, the worst first."""
    worst_first = sorted(found, key=lambda f: (-f.verdict.badness, f.case))
    data = orjson.dumps([asdict(f) for f in worst_first], default=lambda v: v.value)
    write_atomically(folder / "findings.json", data)


def close_record(
    folder: Path,
    plan: Plan,
    tally: Tally,
    manifest: dict[str, Any],
    *,
    aborted: str = "",
) -> int:
    """Write what a run has found, and seal it; return the exit status.

    Args:
        folder: The run folder.
        plan: The town.
        tally: Everything that was counted, with its cases and what was not as planned.
        manifest: Of the run, but for its end.
        aborted: Why the run did not reach its end; empty where it did.
    """
    differences = tally.differences
    verdict = run_verdict(+tally.cases.counts, aborted=aborted, differences=differences)
    said = manifest["plan"]
    read = (*manifest.get("situations", []), *said["must_drop"], *said["must_reach"])
    if not aborted and any(each["contradictions"] for each in read):
        verdict = RunVerdict.FAIL  # a mistake in the plan, or in how somebody reads it
    status = _EXIT[verdict]
    if not (folder / "findings.json").exists():
        write_findings(folder, ())
    write_atomically(folder / "differences.json", orjson.dumps(differences))
    tally.cases.close()
    tally.seconds["total"] = time.monotonic() - tally.started
    write_summary(folder / "summary.json", tally.summary(plan, verdict, aborted, status))
    hashes = {**manifest["hashes"], "frames": f"{tally.frames_digest:08x}"}
    seal(folder, {**manifest, "ended": jst(), "exit": status, "hashes": hashes})
    return status
