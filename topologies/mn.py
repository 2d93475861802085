r"""For Mininet's own command: ``mn --custom topologies/mn.py --topo town,topologies/tiny.yaml``.

``mn`` runs this file with ``exec``: there is no ``__file__`` and no package to be relative to, and
the distribution's own Python has to find ours. With the controller in another terminal::

    .venv/bin/python -m controller topologies/tiny.yaml --events events.jsonl
    sudo env PYTHONPATH=. mn --custom topologies/mn.py --topo town,topologies/tiny.yaml \
        --controller remote

The switches are the town's whatever ``--switch`` says: without a controller they let nothing pass,
where Mininet's default would join the four layers into one and loop.
"""

from pathlib import Path
from typing import Any

from sekisho.plan import load
from topologies.network.topology import TownSwitch, TownTopo


def town(plan: str = "topologies/tiny.yaml", **_: Any) -> TownTopo:
    """Return the topology of the plan file *plan*."""
    topo = TownTopo(plan=load(Path(plan)))
    for switch in topo.switches():
        topo.nodeInfo(switch).setdefault("cls", TownSwitch)
    return topo


topos = {"town": town}
switches = {"sekisho": TownSwitch}
