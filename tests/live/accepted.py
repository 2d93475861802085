"""Accept a plan with a fault planted: ``python -m tests.live.accepted FAULT PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_accept`. Situations are left out: the
events are those that the plan's own sentences name.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scenarios.capture.packet_io import Wire
from scenarios.run.acceptance import Acceptance
from scenarios.suites.scope import Run
from sekisho.model.states import ACCEPT
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from tests.live.disturbed import FAULTS
from topologies.town import LENIENT_GUARD, OWN_GUARD, Town


class _Faulty(Acceptance):
    """The fault is planted when the check is over: what happens in the town then must tell it."""

    fault = "nothing"

    def _go_on(self, town: Town, wire: Wire, findings: object) -> None:
        FAULTS[self.fault](town)
        super()._go_on(town, wire, findings)  # type: ignore[arg-type]  # handed on as it is


def main() -> None:
    """Run and end with the run's exit status."""
    fault, plan, folder = sys.argv[1:4]
    _Faulty.fault = fault
    guard = OWN_GUARD if fault == "nothing" else LENIENT_GUARD
    run, read = Run(Path(folder).name, ACCEPT, 1, "", ""), load(Path(plan))
    town = Town(read, folder=Path(folder), work=WORK, guard=guard)
    sys.exit(_Faulty(read, Path(folder), run, town=town).run())


if __name__ == "__main__":
    main()
