"""What a bench measures: runs of ``sekisho check``, and what they are compared with.

Starts processes and reads what they left; what it means is in `scenarios.bench`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sekisho.commands.inner import listen
from sekisho.errors import LabError
from sekisho.evidence.case_file import CASES, lines
from sekisho.runtime.namespaces import launched
from sekisho.runtime.progress import Silent

_PROBE = "tcp-scan"  # the kind of case that a loop of connections could try too

_END_S = 60.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of ``sekisho check``.

    Attributes:
        wall_s: From its start to its report, by the clock of whoever waits for it.
        peak_mb: The larger of what the laboratory and what the command itself used.
        summary: Its ``summary.json``.
        digest: Of its verdicts, see `verdict_digest`.
        forbidden: Frames sent that must not arrive.
        probes: Forbidden connections: attachment, address, TCP port.
        folder_mb: Size of its run folder, with the reports.
    """

    wall_s: float
    peak_mb: int
    summary: Json
    digest: str
    forbidden: int
    probes: tuple[tuple[str, str, int], ...]
    folder_mb: float = 0.0


def verdict_digest(rows: Iterable[bytes]) -> str:
    """Return the SHA-256 over test number and verdict of every line of a file of cases.

    In the order of the numbers: a case that was inconclusive at first stands later in the file.
    """
    found = hashlib.sha256()
    cases = (orjson.loads(row) for row in rows)
    for number, verdict in sorted((case["case"], case["verdict"]) for case in cases):
        found.update(f"{number} {verdict}\n".encode())
    return found.hexdigest()


def extrapolated(seconds: float, sample: int, whole: int) -> float:
    """Return how long *whole* would take where *sample* of it took *seconds*."""
    if sample < 1:
        raise ValueError("nothing was measured")
    return seconds * whole / sample


def forbidden(rows: Iterable[bytes]) -> tuple[int, tuple[tuple[str, str, int], ...]]:
    """Return how many frames must not arrive, and every forbidden TCP connection once."""
    frames = 0
    probes: dict[tuple[str, str, int], None] = {}
    for row in rows:
        case = orjson.loads(row)
        if case["expect"] != "drop":
            continue
        frames += case["sent"]
        if case["probe"] == _PROBE and case["ports"]:
            probe = (case["src"], case["dst_ip"], int(case["ports"].split()[0].split("-")[0]))
            probes[probe] = None
    return frames, tuple(probes)


def run_check(plan: Path, out: Path, *, seed: int = 1) -> Sample:
    """Run ``sekisho check`` once, wait for it, and read what it left.

    Raises:
        LabError: It did not pass; a figure of such a run means nothing.
    """
    words = ["setpriv", "--pdeathsig=TERM", "--"]  # it ends with us
    words += [sys.executable, "-m", "sekisho.cli", "check", str(plan)]
    words += ["--out", str(out), "--seed", str(seed), "--json"]
    errors = out / "check.err"
    began = time.monotonic()
    with errors.open("wb") as err:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)  # waits for its report, knows its memory
        except BaseException:
            process.terminate()
            process.wait(_END_S)
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - began
    if process.returncode:
        said = errors.read_text(errors="replace").strip().splitlines()[-1:]
        raise LabError(f"{plan}: sekisho check ended with {process.returncode} {' '.join(said)}")
    folder = (out / "latest").resolve()
    summary = orjson.loads((folder / "summary.json").read_bytes())
    digest = verdict_digest(lines(folder / CASES))
    frames, probes = forbidden(lines(folder / CASES))
    peak_mb = max(int(summary["peak_memory_mb"]), usage.ru_maxrss >> 10)
    sizes = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Sample(wall_s, peak_mb, summary, digest, frames, probes, sum(sizes) / 1e6)


def baseline(what: str, plan: Path, out: Path, *words: str) -> Json:
    """Run one half of `topologies.baseline` in namespaces of its own and return its facts."""
    return inside("topologies.baseline", out / what, what, str(plan), *words)


def inside(module: str, folder: Path, *words: str) -> Json:
    """Run ``python -m module`` with *words* in namespaces of its own and return its facts.

    Raises:
        LabError: It failed.
    """
    (folder / "log").mkdir(parents=True)
    log = folder / "log" / "bench.log"
    command = [sys.executable, "-m", module, *words, "--folder", str(folder)]
    with log.open("wb") as err, launched(command, folder=folder, log=err) as process:
        outcome = listen(process, Silent(), log=log)
    if outcome.error:
        raise LabError(outcome.error)
    return outcome.facts
