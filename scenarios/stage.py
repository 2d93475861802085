"""``python -m scenarios.stage PLAN --folder RUN``: keep a town that can be tried again on request.

`topologies.up` with one more thing to ask for at its desk: a re-test after a change.
"""

from __future__ import annotations

import sys

from scenarios.retest import Retester
from topologies.up import main

if __name__ == "__main__":
    sys.exit(main(lambda town: {"retest": Retester(town)}))
