"""One virtual machine: started with virtme-ng, watched until it has booted, ended for certain.

A boot may hang without a word (virtme-ng issue 217), so a guest that has not said within a time
that it is there is ended and started again, at most twice. The machine's processes stand in a PID
namespace of their own that dies with this process: nothing is left behind, even by ``kill -9``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import orjson

from sekisho.errors import LabError
from sekisho.runtime.namespaces import launcher
from sekisho.vm.guest import BOOTED, CONSOLE, HOST_TAG, SCRIPT, STATUS, GuestJob, script
from sekisho.vm.host import Host

#: In the VM's folder: the pid of its first process and when that started, for ``vm down``.
NOTE = "vm.json"
_TRIES = 3
_POLL_S = 0.05
_END_S = 20.0
_TEMPORARY = "virtme*"  # what virtme-run makes for itself, and leaves if it is killed
_SCRATCH = ("/etc", "/tmp", "/var")  # the guest may write there, and nothing of it stays
_START_TICKS = 19  # field 22 of /proc/PID/stat, counted behind the name; proc(5)


@dataclass(frozen=True, slots=True)
class Size:
    """What a guest gets.

    Attributes:
        memory_mb: MiB of memory.
        cpus: Processors.
        boot_s: Seconds that a boot may take before it counts as hung.
        limit_s: Seconds that the command may take after it.
    """

    memory_mb: int = 3072
    cpus: int = 2
    boot_s: float = 120.0
    limit_s: float = 3600.0


class Talk(NamedTuple):
    """Descriptors of the machine: its standard input and output, and where its kernel logs."""

    stdin: int
    out: int | None
    log: int | None


@dataclass(frozen=True, slots=True)
class VmResult:
    """What became of a command in a guest.

    Attributes:
        exit: Its exit status.
        boots: How many boots it took.
        boot_s: Seconds from the start of the last one until the command began.
    """

    exit: int
    boots: int
    boot_s: float


def run(
    host: Host,
    job: GuestJob,
    size: Size,
    *,
    conn: Talk,
    tell: Callable[[str], None] = lambda _: None,
) -> VmResult:
    """Boot, run the job's command (or a shell) with *conn*, and return its status.

    Raises:
        LabError: No boot came to its end, or the guest died or overran its limit.
    """
    (job.folder / SCRIPT).write_text(script(job))
    (job.folder / SCRIPT).chmod(0o755)
    for boot in range(1, _TRIES + 1):
        for name in (BOOTED, STATUS):
            (job.folder / name).unlink(missing_ok=True)
        with _machine(host, job, size, conn) as process:
            began = time.monotonic()
            if _await(process, job.folder / BOOTED, size.boot_s):
                boot_s = time.monotonic() - began
                return VmResult(_status(process, job, size), boot, boot_s)
            if process.poll() is not None:
                raise LabError(f"QEMU ended with {process.returncode}\n  see {_console(job)}")
        tell(f"boot {boot} of {_TRIES} hung: nothing heard in {time.monotonic() - began:.0f} s")
        if not host.refusal:
            host = replace(host, refusal="a boot with KVM hung")
            tell(f"from here {host.how}")
    raise LabError(f"the guest did not boot in {_TRIES} tries\n  see {_console(job)}")


def _console(job: GuestJob) -> Path:
    return job.folder / CONSOLE


def _status(process: subprocess.Popen[bytes], job: GuestJob, size: Size) -> int:
    """Wait for the end of the command; return its exit status."""
    if not job.command:
        return process.wait()
    path = job.folder / STATUS
    if not _await(process, path, size.limit_s):
        if process.poll() is None:
            limit = f"{size.limit_s:.0f} s"
            raise LabError(f"the command did not end within {limit}\n  hint: --timeout")
        raise LabError(f"the guest ended by itself\n  see {_console(job)}")
    with suppress(subprocess.TimeoutExpired):  # then the block around ends it
        process.wait(_END_S)  # it shuts itself down
    return int(path.read_text())


def _await(process: subprocess.Popen[bytes], path: Path, limit_s: float) -> bool:
    """Wait until *path* is there; False when the process ended or the time is over before."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if path.exists():
            return True
        if process.poll() is not None:
            return path.exists()
        time.sleep(_POLL_S)
    return path.exists()


@contextmanager
def _machine(
    host: Host, job: GuestJob, size: Size, conn: Talk
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the machine, and end it with the block."""
    process = subprocess.Popen(
        [*_held(), *command(host, job, size)],
        stdin=conn.stdin,
        stdout=conn.out,
        stderr=conn.log,
        env={
            **os.environ,
            "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ.get('PATH', '')}",
            "TMPDIR": str(job.folder),
        },
        start_new_session=conn.stdin == subprocess.DEVNULL,  # a shell keeps its terminal
    )
    note(job.folder, process.pid)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()  # unshare dies, and the kernel ends all of its PID namespace
        process.wait()
        for path in (job.folder / NOTE, *job.folder.glob(_TEMPORARY)):
            path.unlink(missing_ok=True)


def _held() -> list[str]:
    """The words that hold a machine in a PID namespace which dies with the calling process."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user"]
    flags = [*user, "--pid", "--fork", "--kill-child=KILL"]
    trial = subprocess.run([launcher(), *flags, "true"], capture_output=True, check=False)
    if trial.returncode:
        raise LabError(f"unshare is refused: {trial.stderr.decode().strip()}")
    return ["setpriv", "--pdeathsig=KILL", "--", launcher(), *flags, "--"]


def command(host: Host, job: GuestJob, size: Size) -> list[str]:
    """Return the words that start the machine with virtme-ng."""
    share = f"local,id=again,path={job.tree.anchor},security_model=none,readonly=on"
    options = (
        *("-fsdev", f"{share},multidevs=remap"),
        *("-device", f"virtio-9p-pci,fsdev=again,mount_tag={HOST_TAG}"),
    )
    return [
        str(host.runner),
        f"--kimg={host.kernel}",
        "--mods=auto",
        "--force-9p",
        "--disable-microvm",
        *(["--disable-kvm"] if host.refusal else []),
        f"--memory={size.memory_mb}M",
        f"--cpus={size.cpus}",
        "--user=root",
        f"--cwd={job.at}",
        *(f"--overlay-rwdir={path}" for path in _SCRATCH),
        *(f"--rwdir={path}" for path in job.written),
        *(f"--qemu-opt={word}" for word in options),
        *(
            ["--show-boot-console", f"--script-sh={job.folder / SCRIPT}"]
            if job.command
            else [f"--shell={job.folder / SCRIPT}"]
        ),
    ]


def note(folder: Path, pid: int) -> None:
    """Write down which process holds the machine of *folder*."""
    (folder / NOTE).write_bytes(orjson.dumps({"pid": pid, "started": _started(pid)}))


def living(runs: Path) -> Iterator[tuple[Path, int]]:
    """Yield the folder and the pid of every machine of *runs* that is there."""
    for path in sorted(runs.glob(f"*/{NOTE}")):
        try:
            found = orjson.loads(path.read_bytes())
            pid, started = int(found["pid"]), int(found["started"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if started and _started(pid) == started:
            yield path.parent, pid


def _started(pid: int) -> int:
    """When *pid* started, in ticks since the host's boot; 0 where there is none."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(words[_START_TICKS])
