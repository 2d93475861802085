"""Into a host of a running town: its namespaces, its environment, and what it may do there.

A host has namespaces of its own for all that a program can reach another by: users, network,
mounts, processes, shared memory and the name of the machine (`topologies.network.namespaces` makes
them). ``python -m sekisho.runtime.entering PID -- CMD`` becomes *CMD* in the host whose first
process is *PID*, as a process of the town.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sekisho.runtime.namespaces import MARK, UNREAD
from sekisho.runtime.one_user import be_one_user

ENTERS = "nsenter"
_KINDS = ("net", "mount", "pid", "ipc", "uts")
#: Of the town's own tools and of the machine's way out: nothing of either is for a host.
_NOT_FOR_A_HOST = ("OVS_RUNDIR", "OVS_DBDIR", "OVS_SYSCONFDIR", *UNREAD)
_PROXY = "_proxy"
#: "No proxy for anybody", also not for one that a program finds in a file of its own.
_NO_PROXY = {"no_proxy": "*", "NO_PROXY": "*"}
#: What is left where a host has no users of its own, and its root is the town's: to send and hear
#: anything, and its own files. Not among them (capabilities(7)): whatever mounts, enters a
#: namespace, looks into another process, opens a file by its number or a device; nor what changes
#: networks, since it would change that of the switches as well (IFLA_TARGET_NETNSID).
_KEPT = (
    *("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"),
    *("net_bind_service", "net_broadcast", "net_raw", "ipc_lock", "sys_chroot"),
    *("audit_write", "setfcap"),
)
#: What goes before a command there.
REDUCED = ("setpriv", f"--bounding-set=-all,{','.join(f'+{name}' for name in _KEPT)}", "--")


def entering(pid: int, *, is_own_user: bool, is_foreign_user: bool | None = None) -> list[str]:
    """Return the words that bring what follows into the host whose first process is *pid*.

    Args:
        pid: As the caller sees it.
        is_own_user: Whether the host has a user namespace of its own.
        is_foreign_user: Whether the caller is in another user namespace than the host; where it
            is not said, exactly when the host has its own.
    """
    is_foreign = is_own_user if is_foreign_user is None else is_foreign_user
    words = [ENTERS, f"--target={pid}", *(f"--{kind}" for kind in _KINDS)]
    words += ["--user", "--preserve-credentials"] if is_foreign else []
    return [*words, "--", *(() if is_own_user else REDUCED)]


def host_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return *environment* without what is the machine's or the run's: a host has no proxy."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.lower().endswith(_PROXY) and name not in _NOT_FOR_A_HOST
    }
    return {**kept, **_NO_PROXY}


def in_sight(folder: Path, environment: Mapping[str, str]) -> Path:
    """Return *folder*, or what lies above the run folder of *environment* if it is inside.

    A host does not see the run folder; a program that was called from there has to start elsewhere.
    """
    run = Path(environment.get(MARK, "/"))
    return run.parent if folder.resolve().is_relative_to(run) and run != Path("/") else folder


def has_own_user(pid: int) -> bool:
    """Tell whether *pid* is in another user namespace than we are."""
    return Path(f"/proc/{pid}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()


def entered(pid: int, command: Sequence[str]) -> list[str]:
    """Return the words that run *command* in a host, for a process of the town; see `main`.

    It ends when the process that started it does.
    """
    words = entering(pid, is_own_user=has_own_user(pid))
    return [*words, "setpriv", "--pdeathsig=KILL", "--", *command]


def has_one_user(pid: int) -> bool:
    """Tell whether there is one user in the user namespace of *pid* (user_namespaces(7))."""
    rows = Path(f"/proc/{pid}/uid_map").read_text().splitlines()
    return sum(int(row.split()[2]) for row in rows) == 1


def main() -> None:
    """Read the command line and become the program."""
    pid, _, *command = sys.argv[1:]
    start = f"--chdir={in_sight(Path.cwd(), os.environ)}"
    words = entered(int(pid), ["env", start, *command])
    if has_one_user(int(pid)):
        be_one_user()
    os.execvpe(words[0], words, host_environment(os.environ))


if __name__ == "__main__":
    main()
