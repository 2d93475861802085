"""A town that runs in the background: how it is found again, entered and seen to be gone.

Everything is read from ``/proc`` as seen from outside the town's namespaces.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from sekisho.errors import LabError, UsageError
from sekisho.evidence.writing import write_atomically
from sekisho.plan.places import one_of

FILE = "town.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Standing:
    """A town in its namespaces.

    Attributes:
        folder: Its run folder, as the user may write it.
        plan: Id of its plan.
        pid: Of the first process in its namespaces, as seen from outside.
        born: When that process started, in the kernel's ticks: pids are used again.
        boot: Of which start of the machine that is true.
        hosts: Host to the pid of its first process, as the town sees it.
    """

    folder: str
    plan: str
    pid: int
    born: str
    boot: str
    hosts: dict[str, int]

    @property
    def is_running(self) -> bool:
        """True while the first process is there and is the one that was meant."""
        return self.boot == _boot() and _born(self.pid) == self.born


def note(folder: Path, plan: str, pid: int, hosts: dict[str, int]) -> Standing:
    """Write down how to find a town again."""
    town = Standing(str(folder), plan, pid, _born(pid), _boot(), hosts)
    write_atomically(folder / FILE, orjson.dumps(asdict(town), option=orjson.OPT_INDENT_2) + b"\n")
    return town


def forget(folder: Path) -> None:
    """Remove what `note` wrote."""
    (folder / FILE).unlink(missing_ok=True)


def find(out: Path, chosen: Path | None) -> Standing:
    """Return the running town of the run folder *chosen*, else the newest one in *out*.

    Raises:
        UsageError: None runs there.
    """
    try:
        folders = [chosen] if chosen else [path.parent for path in out.glob(f"*/{FILE}")]
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}\n  hint: the folder of run folders") from error
    towns = [town for folder in folders if (town := _read(folder)) and town.is_running]
    if not towns:
        where = f"{chosen}: no town is running there" if chosen else f"no town is running in {out}/"
        raise UsageError(f"{where}\n  hint: sekisho up PLAN")
    return max(towns, key=lambda town: (Path(town.folder) / FILE).stat().st_mtime_ns)


def outer_pid(town: Standing, host: str) -> int:
    """Return the pid, as seen from here, of the first process of *host*.

    Raises:
        UsageError: There is no such host.
        LabError: It is gone, or belongs to somebody else.
    """
    if host not in town.hosts:
        raise UsageError(f"there is no host {host!r}\n  hint: {one_of(host, sorted(town.hosts))}")
    inside = str(town.hosts[host])
    home = namespace(town.pid, "pid")
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _inner_pids(folder)[-2:] == [inside, "1"]:
            pid = int(folder.name)
            if namespace(parent(pid), "pid", must=False) == home:
                return pid
    raise LabError(f"{host}: it is gone\n  hint: sekisho down, then sekisho up")


def namespace(pid: int, kind: str, *, must: bool = True) -> str:
    """Return the name of a process's namespace, e.g. ``net:[4026531840]``.

    Raises:
        LabError: It cannot be read and *must* be.
    """
    try:
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    except PermissionError as error:
        if must:
            raise LabError("the town belongs to another user\n  hint: sudo") from error
    except OSError as error:
        if must:
            raise LabError("the town is gone") from error
    return ""


def parent(pid: int) -> int:
    """Return the parent of *pid*, or 0."""
    found = _stat(pid)
    return int(found[1]) if found else 0


def wait_gone(pids: list[int], timeout_s: float) -> bool:
    """Wait until none of *pids* runs; return whether that came true."""
    deadline = time.monotonic() + timeout_s
    while any(_born(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _read(folder: Path) -> Standing | None:
    try:
        found = orjson.loads((folder / FILE).read_bytes())
        return Standing(**{**found, "folder": str(folder)})
    except (OSError, TypeError, ValueError):
        return None


def _boot() -> str:
    return _BOOT.read_text().strip()


def _stat(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` after the name, proc(5); nothing for the dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in ("Z", "X") else fields


def _born(pid: int) -> str:
    found = _stat(pid)
    return found[19] if found else ""


def _inner_pids(folder: Path) -> list[str]:
    """Return a process's numbers in its namespaces, from ours to its own (proc(5), NSpid)."""
    try:
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return []
    return next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
