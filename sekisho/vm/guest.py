"""What the guest does from its first second: the text of the script that virtme-ng runs in it.

Knows nothing of how the machine is started. Three things make an emulated guest bearable: the
host's files are mounted a second time with the kernel's cache (virtme-ng's own mount has none, and
every look at a file is a question to the host), udevd is stopped before it looks at each new
interface, and Python writes no bytecode where it could not keep it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: 9p tag of the second mount of the host's files.
HOST_TAG = "sekisho.host"
BOOTED, STATUS, SCRIPT = "booted", "status", "guest.sh"
CONSOLE, ERRORS = "console.log", "stderr"

_MODULES = (
    *("openvswitch", "nf_conntrack", "veth", "8021q", "bridge", "tun"),
    *("sch_netem", "sch_htb", "sch_prio", "act_mirred"),
)
#: What a socket holds: an Open vSwitch in namespaces may not enlarge those of its datapath, whose
#: questions an emulated processor answers slowly.
_SOCKET_BYTES = 4 << 20
_HOST = "/run/sekisho-host"
_KEPT = "/run/sekisho-kept"
#: What of the caller's environment means the same in the guest.
_PASSED = ("LANG", "LC_ALL", "LC_MESSAGES", "TZ", "TERM", "COLUMNS", "LINES", "NO_COLOR")
_OURS = "SEKISHO_"


@dataclass(frozen=True, slots=True)
class GuestJob:
    """What a guest is for.

    Attributes:
        command: Words to run; empty for a shell.
        tree: The checked-out tree.
        at: The working directory.
        folder: The VM's own folder on the host, writable in the guest.
        written: Other folders that the guest may write, ``folder`` lies in one of them.
        environment: The caller's.
        owner: Numbers of the user and the group that a command of Sekisho runs as; None for root.
            It enters a user namespace, where root of the guest may not write to files of a user
            who has no number there, user_namespaces(7).
    """

    command: tuple[str, ...]
    tree: Path
    at: Path
    folder: Path
    written: tuple[Path, ...]
    environment: Mapping[str, str]
    owner: tuple[int, int] | None = None


def script(job: GuestJob) -> str:
    """Return the text of the guest's script; it leaves `BOOTED` and `STATUS` in the folder.

    What the command says on standard error goes to the file `ERRORS`, since QEMU's own is where
    the kernel logs.
    """
    folder = shlex.quote(str(job.folder))
    lines = [
        "#!/bin/bash",
        f"cat /proc/uptime >{folder}/{BOOTED}",
        "udevadm control --exit 2>/dev/null",
        f"modprobe -aq {' '.join(_MODULES)}",
        "sysctl -qw kernel.unprivileged_userns_clone=1 2>/dev/null",
        f"sysctl -qw net.core.rmem_default={_SOCKET_BYTES}",
        "ip link set lo up",
        "chmod 666 /dev/net/tun",  # as udevd does at a start, 50-udev-default.rules
        *_cached(job),
        f"cd {shlex.quote(str(job.at))}",
        *_exports(job.environment),
    ]
    if not job.command:
        return "\n".join([*lines, "exec bash -i", ""])
    command = shlex.join((*_as_owner(job.owner), *job.command))
    lines += [f"{command} 2>{folder}/{ERRORS}", f"echo $? >{folder}/{STATUS}.tmp"]
    return "\n".join([*lines, f"mv {folder}/{STATUS}.tmp {folder}/{STATUS}", ""])


def _as_owner(owner: tuple[int, int] | None) -> tuple[str, ...]:
    if owner is None or owner[0] == 0:
        return ()
    return ("setpriv", f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups", "--")


def _cached(job: GuestJob) -> list[str]:
    """Put the host's files in place once more, with a cache, and the writable folders on top."""
    kept = [f"{_KEPT}/{number}" for number in range(len(job.written))]
    hidden = [str(path) for path in _hidden(job.tree)]
    options = f"ro,trans=virtio,version=9p2000.L,access=any,msize=524288,cache=loose {HOST_TAG}"
    return [
        f"mkdir -p {_HOST} {' '.join(kept)}",
        *(
            f"mount --bind {shlex.quote(str(path))} {place}"
            for path, place in zip(job.written, kept, strict=True)
        ),
        f"if mount -t 9p -o {options} {_HOST}; then",
        *(f"  mount --bind {_HOST}{shlex.quote(path)} {shlex.quote(path)}" for path in hidden),
        "fi",
        *(
            f"mount --bind {place} {shlex.quote(str(path))}"
            for path, place in zip(job.written, kept, strict=True)
        ),
    ]


def _hidden(tree: Path) -> list[Path]:
    """What is read most: the system's programs, the tree, and a Python that lies elsewhere."""
    out = [Path("/usr"), tree]
    base = Path(sys.base_prefix).resolve()
    if not any(base.is_relative_to(path) for path in out):
        out.append(base)
    return out


def _exports(environment: Mapping[str, str]) -> list[str]:
    wanted = {k: v for k, v in environment.items() if k in _PASSED or k.startswith(_OURS)}
    wanted |= {
        "HOME": "/tmp",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SEKISHO_VM": "1",
        "GIT_CONFIG_COUNT": "1",  # the tree is another user's there
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    return [f"export {name}={shlex.quote(value)}" for name, value in sorted(wanted.items())]
