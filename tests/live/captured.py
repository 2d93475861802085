"""``python -m tests.live.captured PLAN FOLDER``: a captured device, by namespaces.

Run inside the namespaces of a run; prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sekisho.plan import load
from sekisho.runtime.namespaces import WORK, first_inside
from topologies.hosts.compromised import CompromisedHost
from topologies.town import Town

_KINDS = ("user", "mnt", "pid", "net", "ipc", "uts")


def _namespaces(pid: int) -> dict[str, str]:
    return {kind: str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in _KINDS}


def main() -> None:
    """Boot, capture, look, and tell."""
    plan = load(Path(sys.argv[1]))
    with Town(plan, folder=Path(sys.argv[2]), work=WORK) as town:
        facts = {name: _namespaces(pid) for name, pid in town.hosting.pids.items()}
        facts["town"] = _namespaces(os.getpid())
        with CompromisedHost(town, plan.device["www"], [443], []) as captured:
            for name in ("captured", "services"):
                inside = first_inside(town._processes[name].pid)
                assert inside is not None
                facts[name] = _namespaces(inside)
        assert captured.changed() == []
    print(json.dumps(facts))  # noqa: T201  # what is told


if __name__ == "__main__":
    main()
