"""``python -m sekisho.proof``: proves dumped tables in a process of its own, beside other work.

Reads one question a line from standard input, as JSON: a file with a pickled pair, the plan that is
in force and the dump of each switch, or its rules; where complaints go; and whether the proof is to
be remembered for the next one. Writes what `Teller` says of each to standard output, a line of
JSON. The plan comes as a value, and not as the name of its file: changes may be laid over it, and
the file may have been edited since.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import sys
from pathlib import Path

from sekisho.proof.record import Teller


def main() -> None:
    """Read, prove, and write, until nobody asks any more."""
    teller = Teller()
    for line in sys.stdin:
        order = json.loads(line)
        with Path(order["errors"]).open("ab") as errors:
            os.dup2(errors.fileno(), sys.stderr.fileno())
        # from the run that started this process
        plan, held = pickle.loads(Path(order["asked"]).read_bytes())
        found = teller.told(plan, held, is_kept=order["is_kept"])
        found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
