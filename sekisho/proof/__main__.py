"""``python -m sekisho.proof``: proves dumped tables in a process of its own, beside other work.

Reads a pickled pair from standard input: the plan that is in force, and the dump of each switch.
Writes what `told` says of them to standard output, as JSON. The plan comes as a value, and not as
the name of its file: changes may be laid over it, and the file may have been edited since.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import sys

from sekisho.proof.record import told


def main() -> None:
    """Read, prove, and write."""
    # sched(7): whoever probes meanwhile is never kept waiting, as it would be beside nice 19
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    plan, dumps = pickle.load(sys.stdin.buffer)  # from the run that started this process
    found = told(plan, dumps)
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    json.dump(found, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
