"""What the kernel offers for a full town, found out by trying it in the run's own namespaces."""

from __future__ import annotations

import subprocess

from sekisho.model import Plan
from topologies.network.link_shaping import is_shaping_possible, shaped
from topologies.ovs.datapath import Datapath, datapath

_TIMEOUT_S = 10.0
#: A veth pair with a tagged interface on it; the loopback takes none.
_TAGS = (
    "link add sk-try type veth peer name sk-try-b",
    "link add link sk-try name sk-try.2 type vlan id 2",
    "link del sk-try",
)


def features(plan: Plan) -> dict[str, bool]:
    """Return what is real here, by name; what *plan* has no use for is left out.

    ``openvswitch``: the kernel's own datapath. ``netem``: lines with the delay, the loss and the
    bandwidth that the plan says. ``8021q``: interfaces with an IEEE 802.1Q tag in the hosts.
    """
    out = {"openvswitch": datapath() is Datapath.KERNEL}
    if shaped(plan):
        out["netem"] = is_shaping_possible()
    return out | {"8021q": are_tags_possible()}


def are_tags_possible() -> bool:
    """Tell whether a host can have an interface with an 802.1Q tag."""
    done = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(_TAGS) + "\n",
        capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        undo = ["ip", "link", "del", "sk-try"]
        subprocess.run(undo, capture_output=True, timeout=_TIMEOUT_S, check=False)
    return not done.returncode
