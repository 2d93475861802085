"""The machine as an onlooker sees it: its network, and whatever a run may have left on it."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sekisho.runtime.namespaces import MARK

ROOT = Path(__file__).parents[2]
NOBODY = 65534  # the overflow uid of every Linux, user_namespaces(7)
_KINDS = ("net", "pid", "mnt", "user")
_OURS = re.compile(r"sekisho(?!-bench)|mininet|openvswitch|ovs|\bmn\.", re.IGNORECASE)
#: Everything takes so many times as long in an emulated guest.
SLOWER = 4 if os.environ.get("SEKISHO_VM") else 1
_WAIT_S = 120.0 * SLOWER
_PATH = "/usr/local/bin:/usr/bin:/bin"  # Debian's for ordinary users: without sbin
_POLL_S = 0.05  # looking costs, too: every process of the machine is read


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who runs Sekisho.

    Attributes:
        name: For the name of a test.
        prefix: Words that become that person and then the rest of the words.
        python: The interpreter as that person reaches it.
        home: A folder of theirs to work in.
    """

    name: str
    prefix: tuple[str, ...]
    python: str
    home: Path

    def words(self, *arguments: str) -> list[str]:
        """Return the words that run ``sekisho`` as this person."""
        return [*self.prefix, self.python, "-m", "sekisho.cli", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment whose home and temporary folder are this person's own.

        The code is that which is tested, where a copy of it is named.
        """
        return {
            **{key: value for key, value in os.environ.items() if key == "PYTHONPATH"},
            "PATH": _PATH,
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def myself(home: Path) -> Person:
    """Return whoever runs the tests."""
    (home / "tmp").mkdir()
    return Person("myself", (), sys.executable, home)


def ordinary(home: Path) -> Person | str:
    """Return a person without rights, to whom root shows the code; or why that cannot be.

    Root mounts the code where anybody can read it, in a mount namespace that ends with the run.
    """
    if Path("/dev/net/tun").stat().st_mode & 0o006 != 0o006:
        return "/dev/net/tun is closed to ordinary users"
    (home / "tmp").mkdir()
    for folder in (home, home / "tmp"):
        os.chown(folder, NOBODY, NOBODY)
    (home / ".cache").mkdir(mode=0o700)  # as somebody leaves it who became root and kept his home
    for parent in home.parents:
        if not parent.stat().st_mode & 1:
            parent.chmod(parent.stat().st_mode | 1)  # pytest's own folders, mode 0700
    become = (
        f"mount --bind {shlex.quote(str(ROOT))} /mnt && cd {shlex.quote(str(home))} && "
        f"PYTHONPATH=/mnt exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups "
        '--no-new-privs -- "$@"'
    )
    prefix = ("unshare", "--mount", "--", "sh", "-c", become, "sh")
    person = Person("ordinary", prefix, "/mnt/.venv/bin/python", home)
    tried = subprocess.run(
        person.words("--version"), capture_output=True, text=True, timeout=60, check=False
    )
    return tried.stderr.strip() if tried.returncode else person


def network() -> dict[str, str]:
    """Return the machine's links, addresses, routes and bridges, as text that must not change."""
    links = ("-br link", "link show type bridge", "-br addr")
    questions = (*links, "route show table all", "-6 route")
    return {question: _ip(question) for question in questions}


def _ip(question: str) -> str:
    done = subprocess.run(
        ["ip", *question.split()], capture_output=True, text=True, timeout=20, check=True
    )
    return re.sub(r"expires \d+sec|refcnt \d+", "", done.stdout)


def processes(mark: Path) -> dict[int, str]:
    """Return the living processes of the runs below *mark*: pid to command line."""
    wanted = os.fsencode(f"{MARK}={mark}/")
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes()
            if words and wanted in (folder / "environ").read_bytes():
                found[int(folder.name)] = words.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def inhabitants(mark: Path) -> dict[int, str]:
    """Return every process in a namespace of the runs below *mark*: pid to when it was born.

    Also one that has thrown the mark away. Namespaces have no other way to stay: see `mounts`.
    """
    home = _namespaces(os.getpid())
    foreign: set[str] = set().union(*(_namespaces(pid) for pid in processes(mark))) - home
    everybody = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return {pid: born(pid) for pid in everybody if _namespaces(pid) & foreign}


def _namespaces(pid: int) -> set[str]:
    with suppress(OSError):
        return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in _KINDS}
    return set()


def born(pid: int) -> str:
    """Return when *pid* was born, in the kernel's ticks; nothing for the dead."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    return ""


def mounts() -> str:
    """Return everything that is mounted here, namespaces that are kept by a mount included."""
    return Path("/proc/self/mountinfo").read_text()


def files(home: Path) -> list[str]:
    """Return what lies in *home*'s temporary folder, and what of ours lies in the common ones."""
    common = [path for folder in ("/tmp", "/var/tmp", "/run") for path in Path(folder).iterdir()]
    ours = {str(path) for path in common if _OURS.search(path.name)}
    return sorted(ours | {str(path) for path in (home / "tmp").iterdir()})


def until(fact: Callable[[], bool], what: str) -> None:
    """Wait for *fact*, or fail saying *what* did not come true."""
    deadline = time.monotonic() + _WAIT_S
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {_WAIT_S:.0f} s: {what}")
        time.sleep(_POLL_S)


def one(mark: Path, words: str, *, of: subprocess.Popen[bytes] | None = None) -> int:
    """Wait for the run's process whose command line holds *words*; return its pid.

    Where the command *of* the run has ended meanwhile, nobody needs to wait for the rest.
    """
    found: list[int] = []

    def is_there() -> bool:
        if of is not None and of.poll() is not None:
            said = of.stderr.read().decode() if of.stderr else ""
            raise AssertionError(f"the command ended with {of.returncode}: {said}")
        found[:] = [pid for pid, line in processes(mark).items() if words in line]
        return bool(found)

    until(is_there, f"a process {words!r}")
    return min(found)


#: Take SIGHUP again: whoever runs the tests under nohup(1) has all of theirs ignore it. Done by a
#: program, env(1): what runs between fork and exec in a process with threads is warned of.
HEEDING = ("env", "--default-signal=HUP")


@contextmanager
def terminal(person: Person, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run ``sekisho`` on a terminal of its own; give the process and the terminal's other end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*HEEDING, "setsid", "--ctty", *person.words(*arguments)],
        cwd=person.home,
        env={**person.environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
