"""Start a command in namespaces of its own, and leave nothing behind.

Knows how a run is shut off from the machine; knows nothing about what runs inside::

    sekisho ── setpriv ── unshare ── first process of the new PID namespace ── everything else
               dies with   dies with   dies with unshare; the kernel then ends
               sekisho     setpriv     every process of the namespace, and with
                                       them its interfaces, mounts and sockets

So even ``kill -9`` of any of them ends all of it. The first process sees a private, empty ``/run``
and keeps its temporary files there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import BinaryIO

from sekisho.errors import LabError, NamespaceError, UsageError

#: Short, private folder of a run, for sockets (a socket's path has at most 107 bytes).
WORK = Path("/run/sekisho")
#: In the environment of every process of a run: its run folder.
MARK = "SEKISHO_RUN"
#: Eventlet's own resolver (no name is looked up), and setuptools' version of a module that Mininet
#: and Ryu ask for a version number, where Python has its own (PEP 632: until 3.11).
UNREAD = {
    "EVENTLET_NO_GREENDNS": "yes",
    **({"SETUPTOOLS_USE_DISTUTILS": "stdlib"} if sys.version_info < (3, 12) else {}),
}
#: In the environment: which of Open vSwitch's datapaths, to compare the two on one machine.
DATAPATH = "SEKISHO_DATAPATH"
DATAPATHS = ("kernel", "userspace")

#: Of Python's own variables, those that say where code lies.
_KEPT = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
_TEMPORARY = Path("/run/tmp")
_USER = ("--user", "--map-root-user")
_OTHERS = ("--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=KILL")
_TRIAL = "ip link set lo up && mount -t tmpfs tmpfs /run"
_ENTER = f'mount -t tmpfs -o mode=0755 tmpfs /run && mkdir {WORK} {_TEMPORARY} && exec "$@"'
_TRIAL_S = 20.0
_END_S = 20.0
_POLL_S = 0.01
_TOOLS = {"unshare": "util-linux", "setpriv": "util-linux", "ip": "iproute2"}
#: Where Open vSwitch and iproute2 lie; Debian leaves these out of an ordinary user's PATH.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
#: Of each user for whom set-up has one: a copy of unshare(1) that an AppArmor profile names.
_LAUNCHERS = Path("/usr/local/libexec/sekisho")
_APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"
#: Where a kernel refuses user namespaces: (setting, value that refuses, value that allows).
_SETTINGS = (
    (_APPARMOR, "1", "0"),  # Ubuntu since 23.10
    ("kernel.unprivileged_userns_clone", "0", "1"),  # Debian until 10
    ("user.max_user_namespaces", "0", "10000"),  # namespaces(7)
)


def path_with_system(path: str) -> str:
    """Return *path* with the system's folders at its end, where they are not in it."""
    there = path.split(os.pathsep)
    return os.pathsep.join([*there, *(f for f in _SYSTEM_FOLDERS if f not in there)])


def launcher(folder: Path = _LAUNCHERS) -> str:
    """Return the ``unshare`` to use: this user's own copy where set-up has made one."""
    try:
        own = folder / pwd.getpwuid(os.getuid()).pw_name / "unshare"
    except KeyError:  # a user without a name
        return "unshare"
    return str(own) if os.access(own, os.X_OK) else "unshare"


def namespace_flags(*, is_root: bool | None = None) -> tuple[str, ...]:
    """Return the words for ``unshare`` that this machine grants, found by trying them.

    Trying is the only sure way: Ubuntu's AppArmor lets ``unshare`` succeed and then withholds
    every capability.

    Raises:
        NamespaceError: None of them is granted; says what to do.
        UsageError: The environment asks for a datapath that there is not.
    """
    check_datapath(os.environ)
    _need_tools()
    refusal = _refusal(_USER)
    if not refusal:
        return (*_USER, *_OTHERS)
    if not (os.geteuid() == 0 if is_root is None else is_root):
        raise NamespaceError(
            f"this machine refuses user namespaces to ordinary users ({refusal})\n  hint: {_hint()}"
        )
    refusal = _refusal(())
    if not refusal:
        return _OTHERS
    raise NamespaceError(
        f"this machine refuses namespaces even to root ({refusal})\n"
        "  hint: a container needs --privileged"
    )


@contextmanager
def launched(
    command: Sequence[str], *, folder: Path, log: BinaryIO
) -> Iterator[subprocess.Popen[bytes]]:
    """Run *command* in fresh namespaces for the time of the block; see `start`."""
    process = start(command, folder=folder, log=log)
    try:
        yield process
    finally:
        end(process)


def start(
    command: Sequence[str], *, folder: Path, log: BinaryIO, is_lasting: bool = False
) -> subprocess.Popen[bytes]:
    """Start *command* in fresh namespaces; its output is a pipe.

    Args:
        command: The words; relative paths keep their meaning.
        folder: The run folder, the only thing that stays.
        log: Where its errors go.
        is_lasting: It may outlive this process, and gets a pipe as its standard input by which it
            learns whether it shall; otherwise it dies with the calling thread.

    Raises:
        NamespaceError: The machine refuses.
    """
    words = entering(command, folder=folder)
    return subprocess.Popen(
        words if is_lasting else ["setpriv", "--pdeathsig=KILL", "--", *words],
        stdin=subprocess.PIPE if is_lasting else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=inner_environment(folder, _without_wishes(os.environ)),
        start_new_session=True,  # Ctrl-C is for us; what is inside ends when we say so
    )


def entering(command: Sequence[str], *, folder: Path) -> list[str]:
    """Return the words that run *command* in fresh namespaces.

    Raises:
        NamespaceError: The machine refuses.
        UsageError: A path lies where the run's own ``/run`` will hide it.
    """
    named = (Path(word.partition("=")[2] if word.startswith("--") else word) for word in command)
    there = (path for path in named if os.access(path, os.F_OK))
    for path in (folder, Path.cwd(), Path(sys.prefix), *there):
        if Path("/run") in path.resolve().parents:
            raise UsageError(f"{path}: a run has a /run of its own\n  hint: use another folder")
    return [launcher(), *namespace_flags(), "--", "sh", "-c", _ENTER, "sekisho", *command]


def check_datapath(environment: Mapping[str, str]) -> str:
    """Return the datapath that the environment asks for; empty for whichever there is.

    Raises:
        UsageError: There is no such one.
    """
    choice = environment.get(DATAPATH, "")
    if choice not in ("", *DATAPATHS):
        raise UsageError(f"{DATAPATH}={choice}: no such datapath\n  hint: {' or '.join(DATAPATHS)}")
    return choice


def _without_wishes(environment: Mapping[str, str]) -> dict[str, str]:
    """Return *environment* without what changes how Python runs a program: ours is tried as it is.

    With ``PYTHONWARNINGS=error`` a warning of an old library would end a run.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("PYTHON") or name in _KEPT
    }


def inner_environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of what runs inside.

    Python must not take a module from the user's folder for one of ours. Scapy makes folders at
    home when it is imported, and cannot be where its cache there is somebody else's. What libraries
    read of others that nobody here needs is left out: it takes the controller half a second.
    """
    return {
        **environment,
        MARK: str(folder.resolve()),
        "TMPDIR": str(_TEMPORARY),
        "XDG_CACHE_HOME": str(_TEMPORARY / "cache"),
        "XDG_CONFIG_HOME": str(_TEMPORARY / "config"),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        **UNREAD,
    }


def end(process: subprocess.Popen[bytes]) -> None:
    """End a namespace and wait until its last process is gone.

    The first process inside is killed, not ``unshare``: the kernel lets it be waited for only
    when the whole namespace is empty, and ``unshare`` waits for it. Where ``unshare`` itself was
    killed by somebody, the first process is known by the session that was made for them both.
    """
    first = first_inside(process.pid)
    if first is not None and process.poll() is None:
        os.kill(first, SIGKILL)
    else:
        process.kill()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    deadline = time.monotonic() + _END_S
    while _has_session(process.pid) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def first_inside(pid: int) -> int | None:
    """Return the pid, as seen from here, of the first process in the namespace of *pid*.

    None where ``unshare`` has not forked yet, or has ended.
    """
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def _has_session(session: int) -> bool:
    """Tell whether any living process is in *session*, proc(5)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, found = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if found == str(session) and state not in "ZX":
            return True
    return False


def _need_tools() -> None:
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            raise LabError(f"{tool} is not installed\n  hint: sudo apt install {package}")


def _refusal(flags: tuple[str, ...]) -> str:
    """Try *flags* in earnest; return why they are refused, or nothing."""
    words = [launcher(), *flags, *_OTHERS, "--", "sh", "-c", _TRIAL]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {_TRIAL_S:.0f} s"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"exit {done.returncode}"


def _hint(root: Path = Path("/proc/sys")) -> str:
    for setting, refusing, allowing in _SETTINGS:
        path = root / setting.replace(".", "/")
        if path.exists() and path.read_text().strip() == refusing:
            also = "make setup, which adds an AppArmor profile; or " * (setting == _APPARMOR)
            return f"{also}run with sudo, or allow them: sudo sysctl -w {setting}={allowing}"
    return "run with sudo"
