"""What hosts have learned of each other's MAC addresses, and how they forget it.

A frame that a faulty switch floods may claim the gateway's address; who heard it then speaks past
the router, also when the switch is right again. So whoever puts a town back must have its hosts
forget as well.
"""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

from sekisho.errors import LabError
from topologies.network.netns import in_netns
from topologies.town import Town

_AT_ONCE, _TIMEOUT_S = 6, 10.0
_FORGET = "neigh flush all\n"


def forget_neighbours(town: Town) -> None:
    """Empty the neighbour table of every host (ip-neighbour(8)).

    Raises:
        LabError: A host refused.
    """
    first = {a.device: a for a in reversed(town.plan.attachments)}
    pids = {device: town.pid(attachment) for device, attachment in first.items()}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_forget, pids, pids.values()))


def _forget(device: str, pid: int) -> None:
    with in_netns(pid):
        done = subprocess.run(
            ["ip", "-batch", "-"],
            input=_FORGET,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode:
        raise LabError(f"{device} does not forget its neighbours: {done.stderr.strip()}")
