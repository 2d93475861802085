"""For Mininet's own command: ``mn --custom topologies/mn.py --topo town,topologies/tiny.yaml``.

``mn`` runs this file with ``exec``: there is no ``__file__`` and no package to be relative to.
Give it a controller with ``--controller remote`` and its switches with ``--switch sekisho``.
"""

from pathlib import Path
from typing import Any

from sekisho.plan import load
from topologies.net import TownSwitch, TownTopo


def town(plan: str = "topologies/tiny.yaml", **_: Any) -> TownTopo:
    """Return the topology of the plan file *plan*."""
    return TownTopo(plan=load(Path(plan)))


topos = {"town": town}
switches = {"sekisho": TownSwitch}
