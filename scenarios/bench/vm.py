"""What a Linux VM costs: boots in a row, and the suites in it, from the command to its report.

Runs ``sekisho vm run`` as anybody would, and reads what it says of itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from scenarios.bench.table import Figure
from sekisho.errors import LabError

BOOTS = 10
_LIMIT_S = 3600.0
_BOOTED = re.compile(r"booted in ([\d.]+) s(?:, (\d+) boots)?; exit (\d+)")
#: The suite and how many minutes it may take under emulation.
_SUITES = (("smoke", 5), ("gate", 15))


def vm(plan: Path, folder: Path, tell: Callable[[str], None]) -> list[Figure]:
    """Boot ten times in a row, then run each suite once; the median is of what was measured.

    Raises:
        LabError: A suite did not pass.
    """
    boots, ended, hung = list[float](), 0, 0
    for number in range(1, BOOTS + 1):
        tell(f"VM: boot {number} of {BOOTS}")
        status, boot_s, tries = _run(folder, "--exec", "--", "true")
        boots += [boot_s] if boot_s else []
        ended += status == 0
        hung += tries - 1
    out = [
        Figure("boots that came to their end, of 10", ended, ended, ended, 0, f">= {BOOTS}"),
        Figure("hangs among them that the watchdog mended", hung, hung, hung, 0, ""),
    ]
    if boots:
        out.append(Figure("boot, s", median(boots), min(boots), max(boots), 1, "<= 30"))
    for suite, minutes in _SUITES:
        tell(f"VM: {plan}, {suite}")
        began = time.monotonic()
        status, _, _ = _run(folder, "--", "check", str(plan), "--suite", suite, f"--out={folder}")
        if status:
            raise LabError(f"{suite} of {plan} in a VM ended with {status}; see {folder}")
        spent = (time.monotonic() - began) / 60
        out.append(Figure(f"{suite}, minutes", spent, spent, spent, 1, f"<= {minutes}"))
    return out


def _run(folder: Path, *words: str) -> tuple[int, float, int]:
    """Run a command in a VM; return its status, the seconds of its boot, and how many it took."""
    command = [sys.executable, "-m", "sekisho.cli", "vm", "run", f"--out={folder}", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    found = booted(done.stderr)
    return (done.returncode, *found)


def booted(said: str) -> tuple[float, int]:
    """Return what ``sekisho vm run`` said of its boot: seconds, tries; 0 s where it never came."""
    found = _BOOTED.search(said)
    return (float(found[1]), int(found[2] or 1)) if found else (0.0, 1)
