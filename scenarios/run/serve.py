"""``python -m scenarios.run.serve PLAN --folder RUN``: keep a town that can be tried on request.

`topologies.up` with three more things to ask of its control server: a re-test after a change, what
a change would bring about for all packets, and what becomes of one packet.
"""

from __future__ import annotations

import sys

from scenarios.run.dry_run_proof import DryRunProof
from scenarios.run.question import Questioner
from scenarios.run.retest import Retester
from topologies.control_server import Handler
from topologies.town import Town
from topologies.up import main


def handlers(town: Town) -> dict[str, Handler]:
    """Return what can be asked of *town*, by the word in ``do``."""
    retester = Retester(town)
    proof = DryRunProof(town, retester.prover)
    return {"retest": retester, "prove": proof, "probe": Questioner(town)}


if __name__ == "__main__":
    sys.exit(main(handlers))
