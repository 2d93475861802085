"""``python -m scenarios.run.serve PLAN --folder RUN``: keep a town that can be tried on request.

`topologies.up` with two more things to ask of its control server: a re-test after a change, and
what becomes of one packet.
"""

from __future__ import annotations

import sys

from scenarios.run.question import Questioner
from scenarios.run.retest import Retester
from topologies.up import main

if __name__ == "__main__":
    sys.exit(main(lambda town: {"retest": Retester(town), "probe": Questioner(town)}))
