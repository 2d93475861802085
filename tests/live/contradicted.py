"""Run the gate on a plan that no file says: ``python -m tests.live.contradicted PLAN FOLDER``.

The clerk's notebook is given the class of wired terminals where it stands on Wi-Fi. A plan that
says so is refused when it is read; here it comes to the run by another way, as a changed town does.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from scenarios.run.runner import Check
from scenarios.suites.scope import Run
from sekisho.model import Plan
from sekisho.plan import load
from topologies.town import Town


def on_the_air_as_wired(plan: Plan) -> Plan:
    """Return *plan* with every attachment of class S2, which is Wi-Fi, in the wired class S1."""
    devices = tuple(
        replace(
            device,
            attachments=tuple(
                replace(a, source="S1") if a.source == "S2" else a for a in device.attachments
            ),
        )
        for device in plan.devices
    )
    return replace(plan, devices=devices)


def main() -> None:
    """Run and end with the run's exit status."""
    plan, folder = on_the_air_as_wired(load(sys.argv[1])), Path(sys.argv[2])
    run = Run(folder.name, "gate", 1, "", "")
    town = Town(plan, folder=folder.resolve(), work=Path("/run/sekisho"))
    sys.exit(Check(plan, folder.resolve(), run, town=town).run())


if __name__ == "__main__":
    main()
