"""``python -m sekisho.proof``: proves dumped tables in a process of its own, beside other work.

Reads ``{"plan": PATH, "dumps": {SWITCH: TEXT}}`` from standard input, and writes what `told` says
of them to standard output, both as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sekisho.plan import load
from sekisho.proof.record import told

_NICE = 19  # whoever probes meanwhile goes first


def main() -> None:
    """Read, prove, and write."""
    os.nice(_NICE)
    asked = json.load(sys.stdin)
    json.dump(told(load(Path(asked["plan"])), asked["dumps"]), sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
