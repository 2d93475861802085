r"""The namespaces of every host, made by one process: hosts are apart as programs, too.

``python -m topologies.network.namespaces`` reads its order from the socket on its standard input,
answers with the first process of each host, and ends them all when it is ended. A host sees its own
network, processes, shared memory and ``/run``, and of the run's own nothing::

    the run        its /run, its /proc, its run folder
      └─ bare      an empty /run, the /proc of nobody, the /sys of no network, no run folder
           ├─ host     its own users, network, processes; its own /proc, /sys and /run on top
           ├─ host     ...
           └─ ...

Whoever is root in a host may take off what lies on top, and finds what is bare: a mount that was
made by more privileged users cannot be taken off by less privileged ones (mount_namespaces(7)).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sekisho.runtime.entering import REDUCED
from sekisho.runtime.json_lines import JsonLineConnection
from sekisho.runtime.namespaces import MARK
from topologies.network import kernel

_OF_A_HOST = kernel.MOUNTS | kernel.NAME | kernel.MEMORY | kernel.PROCESSES | kernel.NETWORK
_SYSTEM = kernel.NO_RIGHTS | kernel.NO_PROGRAMS  # how the kernel's own file systems are mounted
_EMPTY = _SYSTEM | kernel.READ_ONLY
_EMPTY_OPTIONS = "mode=0755,size=4k"
#: The maps of a namespace that has one user, who is root there; user_namespaces(7).
_ONE_USER = (("setgroups", b"deny"), ("uid_map", b"0 0 1"), ("gid_map", b"0 0 1"))


@contextmanager
def _own_processes() -> Iterator[None]:
    """Have the children of the block born in a new PID namespace."""
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    kernel.unshare(kernel.PROCESSES)
    try:
        yield
    finally:
        kernel.setns(home, kernel.PROCESSES)
        os.close(home)


def _fork(task: Callable[[], None], said: int) -> int:
    """Run *task* in a child, which ends with it; what went wrong is written to the pipe *said*."""
    child = os.fork()
    if child:
        return child
    try:
        task()
    except BaseException as error:  # noqa: BLE001  # a child that went on would be a second maker
        os.write(said, f"{error}\n".encode())
    os._exit(0)


def _told(task: Callable[[int], None]) -> list[str]:
    """Run *task* in a child; return what it and its children say, until all have ended or exec."""
    ours, its = os.pipe()
    child = _fork(lambda: task(its), its)
    os.close(its)
    with os.fdopen(ours) as reader:
        lines = reader.read().splitlines()
    os.waitpid(child, 0)
    return lines


def places(path: Path, table: str) -> list[Path]:
    """Return every place where the folder *path* may be seen, by a *table* of mounts.

    Args:
        path: As it is called here, without symbolic links.
        table: The text of ``/proc/self/mountinfo``, proc(5).
    """
    rows = [[_plain(word) for word in row.split()[:5]] for row in table.splitlines()]
    mounts = [(device, Path(root), Path(point)) for _, _, device, root, point in rows]
    holding = [mount for mount in mounts if path.is_relative_to(mount[2])]
    device, root, point = max(reversed(holding), key=lambda mount: len(mount[2].parts))
    inner = root / path.relative_to(point)
    return [
        there / inner.relative_to(top)
        for other, top, there in mounts
        if other == device and inner.is_relative_to(top)
    ]


def _plain(text: str) -> str:
    """Undo the escapes of proc(5): white space and backslashes are written in octal."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _hide(folder: Path) -> None:
    for place in places(folder, Path("/proc/self/mountinfo").read_text()):
        if place.is_dir() and place.samefile(folder):
            kernel.mount("tmpfs", str(place), _EMPTY, _EMPTY_OPTIONS)


def _undress(hidden: list[Path]) -> int:
    """Take off all that is the run's own; return its ``/proc``, for the maps of users."""
    proc = os.open("/proc", os.O_DIRECTORY)
    kernel.unshare(kernel.MOUNTS)
    kernel.mount("none", "/", kernel.PRIVATE)
    for folder in hidden:
        _hide(folder)

    def nobody(_: int) -> None:
        kernel.unshare(kernel.NETWORK)
        kernel.mount("sysfs", "/sys", _SYSTEM)
        kernel.mount("proc", "/proc", _SYSTEM)

    with _own_processes():
        wrong = _told(nobody)
    if wrong:
        raise OSError(wrong[0])
    kernel.mount("tmpfs", "/run", _EMPTY, _EMPTY_OPTIONS)
    return proc


def _grants_users() -> bool:
    """Tell whether we are granted a user namespace, by trying it."""
    return not _told(lambda _: kernel.unshare(kernel.USERS))


def _host(name: str, proc: int, *, is_own_user: bool) -> int:
    """Make a host; return its first process.

    Raises:
        OSError: The kernel refuses.
    """

    def around(said: int) -> None:
        kernel.unshare(_OF_A_HOST | (kernel.USERS if is_own_user else 0))
        for file, text in _ONE_USER if is_own_user else ():
            descriptor = os.open(f"self/{file}", os.O_WRONLY, dir_fd=proc)
            os.write(descriptor, text)
            os.close(descriptor)
        first = _fork(lambda: _live(name, is_own_user=is_own_user), said)
        os.write(said, f"{first}\n".encode())

    told = _told(around)
    wrong = [line for line in told if not line.isdigit()]
    if wrong or not told:
        raise OSError(f"{name}: {wrong[0] if wrong else 'it ended at once'}")
    return int(told[0])


def _live(name: str, *, is_own_user: bool) -> None:
    """Be the first process of a host: dress it, and wait for ever."""
    kernel.mount("proc", "/proc", _SYSTEM)
    kernel.mount("sysfs", "/sys", _SYSTEM)
    kernel.mount("tmpfs", "/run", options="mode=0755")
    Path("/run/tmp").mkdir()
    kernel.call_machine(name)
    os.setsid()
    os.chdir("/")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries whom nobody waits for
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    words = [*(() if is_own_user else REDUCED), "sleep", "infinity"]
    kept = {key: os.environ[key] for key in (MARK, "PATH") if key in os.environ}
    os.execvpe(words[0], words, kept)


def _made(names: list[str], hidden: list[str]) -> dict[str, int]:
    kernel.adopt_orphans()
    proc = _undress([Path(folder) for folder in hidden])
    is_own_user = _grants_users()
    made = {name: _host(name, proc, is_own_user=is_own_user) for name in names}
    os.close(proc)
    return made


def _watch(made: dict[str, int]) -> int:
    """Wait until a host ends, which is a failure; or until we are ended, and all hosts with us."""
    names = {pid: name for name, pid in made.items()}
    try:
        ended = os.wait()[0]
    except SystemExit:
        for pid in names:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while True:
                os.wait()
        raise
    print(f"{names[ended]} ended by itself", file=sys.stderr)  # noqa: T201  # a process's log
    return 1


def main() -> int:
    """Read the order, make the hosts, say so, and end with them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    conn = JsonLineConnection(socket.socket(fileno=os.dup(0)))
    order = conn.must_read(None)
    try:
        made = _made(order["names"], order["hidden"])
    except OSError as error:
        conn.write({"error": f"the hosts cannot be kept apart: {error}"})
        return 1
    conn.write({"pids": made})
    return _watch(made)


if __name__ == "__main__":
    sys.exit(main())
