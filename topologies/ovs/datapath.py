"""Which of Open vSwitch's two datapaths moves the packets: found out by trying, not configured.

The kernel's is what real switches-in-software use; it needs the module ``openvswitch``, which a
run's own network namespace may use without being the machine's root (its generic netlink family
asks for CAP_NET_ADMIN in the namespace only). Where it is refused, the userspace datapath serves.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from enum import Enum

from sekisho.errors import LabError
from sekisho.runtime.namespaces import DATAPATH, check_datapath

_TRIAL = "sekisho-trial"
_TIMEOUT_S = 20.0


class Datapath(Enum):
    """What moves packets; the value is its name in the manifest of a run."""

    KERNEL = "kernel"
    USERSPACE = "userspace"

    @property
    def for_mininet(self) -> str:
        """The word that Mininet's ``OVSSwitch`` takes."""
        return "kernel" if self is Datapath.KERNEL else "user"


def datapath(environment: Mapping[str, str] = os.environ) -> Datapath:
    """Return the datapath to use in this network namespace.

    Raises:
        LabError: The kernel's was asked for, and is refused.
        UsageError: The environment asks for a datapath that there is not.
    """
    choice = check_datapath(environment)
    if choice == Datapath.USERSPACE.value:
        return Datapath.USERSPACE
    refusal = _refusal()
    if refusal and choice:
        raise LabError(
            f"the kernel's datapath is refused ({refusal})\n"
            f"  hint: sudo modprobe openvswitch, or leave {DATAPATH} away"
        )
    return Datapath.USERSPACE if refusal else Datapath.KERNEL


def _refusal() -> str:
    """Make a datapath in this namespace and delete it again; return why not, or nothing."""
    for verb in ("add-dp", "del-dp"):
        try:
            done = subprocess.run(
                ["ovs-dpctl", verb, _TRIAL],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode:
            said = done.stderr.strip().splitlines()
            return said[-1] if said else f"exit {done.returncode}"
    return ""
