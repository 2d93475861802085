"""Settings of a network namespace, ``/proc/sys/net``; a kernel may lack some of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sekisho.errors import LabError

_ROOT = Path("/proc/sys/net")


def put(name: str, value: str, *, root: Path = _ROOT) -> None:
    """Give the setting *name* a *value*.

    Raises:
        LabError: There is no such setting.
    """
    if not put_if_there(name, value, root=root):
        raise LabError(f"this kernel has no setting {root / name}")


def put_if_there(name: str, value: str, *, root: Path = _ROOT) -> bool:
    """Give the setting *name* a *value*, and tell whether there is such a setting.

    For what is switched off: a kernel without IPv6 (``ipv6.disable=1``) or without its bridge's
    netfilter has nothing to switch off.
    """
    try:
        (root / name).write_text(value)
    except FileNotFoundError:
        return False
    return True


def quiet_machine() -> None:
    """Silence the kernel of this network namespace: no IPv6 chatter, nothing eaten by bridges."""
    put_if_there("ipv6/conf/all/disable_ipv6", "1")
    put_if_there("ipv6/conf/default/disable_ipv6", "1")
    put_if_there("bridge/bridge-nf-call-iptables", "0")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)
