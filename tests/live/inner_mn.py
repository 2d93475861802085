"""``python -m tests.live.inner_mn PLAN``: inside a run's namespaces, what a Mininet user types.

A private Open vSwitch, the controller, and the distribution's own ``mn`` under the distribution's
own Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from sekisho.runtime.namespaces import WORK
from tests.live.machine import SLOWER
from topologies.network.sysctl import quiet_machine
from topologies.ovs.daemon import OpenVSwitch

_GUARD = "--listen=127.0.0.1:6653"
_PROMPT = "nodes\nnb ip route\nexit\n"
_LIMIT_S = 60.0 * SLOWER
_TREE = Path("/run/tree")
#: A ``mn`` that fails deletes every ``*.log`` and ``*.out`` in /tmp (mininet/clean.py), whoever's
#: they are: it gets a /tmp of its own.
_MN = f"""
mount --rbind "$1" {_TREE} && mount -t tmpfs tmpfs /tmp &&
exec mn --custom={_TREE}/topologies/mn.py --topo=town,{_TREE}/$2 --controller=remote
"""


def main() -> int:
    """Start the controller, run ``mn`` with lines for its prompt, and say what was stated."""
    plan, root = sys.argv[1:]
    log = Path(os.environ["TMPDIR"])
    events = log / "events.jsonl"
    quiet_machine()
    command = [sys.executable, "-m", "controller", plan, f"--events={events}", _GUARD]
    with OpenVSwitch(WORK / "ovs", log), subprocess.Popen(command) as guard:
        while not events.exists():
            time.sleep(0.05)
        _TREE.mkdir()
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", _MN, "sh", root, str(Path(plan).relative_to(root))],
            env={**os.environ, "PYTHONPATH": str(_TREE), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            input=_PROMPT,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        guard.terminate()
    sys.stderr.write(events.read_text("utf-8"))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
