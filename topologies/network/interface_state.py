"""The state of every interface of a run's network, to see whether any changed."""

from __future__ import annotations

import subprocess

from sekisho.errors import LabError


def link_states() -> tuple[str, ...]:
    """Return every interface of this network namespace with its state, sorted.

    Raises:
        LabError: ``ip`` failed.
    """
    done = subprocess.run(
        ["ip", "-o", "link"], capture_output=True, text=True, timeout=10, check=False
    )
    if done.returncode:
        raise LabError(f"ip link failed: {done.stderr.strip()}")
    words = (line.split(": ", 2) for line in done.stdout.splitlines())
    return tuple(sorted(f"{w[1]} {w[2].split(' ', 1)[0]} {'state UP' in w[2]}" for w in words))
