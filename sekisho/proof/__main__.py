"""``python -m sekisho.proof``: proves dumped tables in a process of its own, beside other work.

Reads ``{"plan": PATH, "at": TIME, "dumps": {SWITCH: TEXT}}`` from standard input (the time is empty
where no rule of the plan has times), and writes what `told` says
of them to standard output, both as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from datetime import datetime
from pathlib import Path

from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.proof.record import told


def main() -> None:
    """Read, prove, and write."""
    # sched(7): whoever probes meanwhile is never kept waiting, as it would be beside nice 19
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    asked = json.load(sys.stdin)
    plan = load(Path(asked["plan"]))
    if asked["at"]:
        plan = at(plan, datetime.fromisoformat(asked["at"]))
    found = told(plan, asked["dumps"])
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    json.dump(found, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
