"""How much memory processes have used, as the kernel counts it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def peak_mb(pids: Iterable[int]) -> int:
    """Return the most memory that *pids* have used so far, together, in MiB."""
    return sum(_peak_mb(pid) for pid in pids)


def _peak_mb(pid: int) -> int:
    """VmHWM of a process (proc(5)), in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(x.split()[1]) >> 10 for x in lines if x.startswith("VmHWM")), 0)
