"""A VM as whoever starts one sees it, and what it may have left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson

from scenarios.bench.runs import verdict_digest
from sekisho.evidence.case_file import CASES, lines
from tests.live.machine import ROOT

LIMIT_S = 1800.0
BOOT_S = 240.0  # a machine that does something else meanwhile


def words(out: Path, *command: str) -> list[str]:
    """Return the words that run *command* in a VM whose run folders are in *out*."""
    machine = [sys.executable, "-m", "sekisho.cli", "vm", "run", "--lang", "en"]
    return [*machine, f"--out={out}", f"--boot-timeout={BOOT_S}", *command]


def ran(out: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run *command* in a VM."""
    return subprocess.run(
        words(out, *command), cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def runs(out: Path, name: str) -> list[Path]:
    """Return the run folders of *out* that are called so, oldest first."""
    return sorted(path for path in out.glob(f"*-{name}") if not path.is_symlink())


def verdicts(run: Path) -> str:
    """Return the digest of a run's vector of verdicts."""
    return verdict_digest(lines(run / CASES))


def facts(run: Path) -> tuple[str, set[str], set[str]]:
    """Return what a run's manifest says: datapath, what was real, what was missing."""
    found = orjson.loads((run / "manifest.json").read_bytes())
    real, missing = ({each["id"] for each in found[key]} for key in ("real", "missing"))
    return found["machine"]["datapath"], real, missing


def left(out: Path) -> list[str]:
    """Return the command lines of all living processes that name *out*."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(out) in line:
            found.append(line)
    return found


def qemu(out: Path) -> int | None:
    """Return the pid of the QEMU whose machine may write to *out*."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            program = line.partition(b"\0")[0]
            if b"qemu-system" in program and os.fsencode(out) in line:
                return int(folder.name)
    return None
