"""``sekisho vm``: any command in a Linux VM, on the kernel's own datapath; a shell there; its end.

The guest is this machine's own file system under another kernel, so nothing is installed in it and
nothing outside the run folders can be changed by it.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from signal import SIGKILL
from typing import BinaryIO

import sekisho
from sekisho.commands import runs
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.vm.guest import CONSOLE, ERRORS, GuestJob
from sekisho.vm.host import host
from sekisho.vm.machine import Size, Talk, living, run

_TREE = Path(sekisho.__file__).resolve().parents[1]
_PACKAGES = ("sekisho", "topologies", "controller", "scenarios", "tests")
_VM = "vm"
_POLL_S = 0.1


def vm_run(args: Namespace, screen: Screen) -> int:
    """Run one command of Sekisho (or any program, ``--exec``) in a VM; return its exit status."""
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words:
        raise UsageError("no command\n  hint: sekisho vm run -- check topologies/tiny.yaml")
    if not args.exec:
        words = [str(Path(sys.prefix) / "bin" / "sekisho"), *words]
    machine = host()
    owner = None if args.exec else (os.getuid(), os.getgid())
    job = replace(_job(args, tuple(words)), owner=owner)
    _tell(screen, args, f"Linux {machine.release}, {machine.how}; {job.folder}")
    with ExitStack() as open_:
        log = open_.enter_context((job.folder / CONSOLE).open("wb"))
        open_.enter_context(_followed(job.folder / ERRORS, sys.stderr.buffer))
        out = open_.enter_context(_copied(sys.stdout.buffer))
        ran = run(
            machine, job, _size(args), conn=Talk(subprocess.DEVNULL, out, log.fileno()),
            tell=lambda words: _tell(screen, args, words),
        )  # fmt: skip
    boots = f", {ran.boots} boots" if ran.boots > 1 else ""
    _tell(screen, args, f"booted in {ran.boot_s:.1f} s{boots}; exit {ran.exit}")
    return ran.exit


def vm_shell(args: Namespace, screen: Screen) -> int:
    """Open a shell in a VM; leave it with ``exit`` (or Ctrl-A X)."""
    machine = host()
    job = _job(args, ())
    _tell(screen, args, f"Linux {machine.release}, {machine.how}; exit, or Ctrl-A X")
    run(machine, job, _size(args), conn=Talk(sys.stdin.fileno(), None, None))
    return 0


def vm_down(args: Namespace, screen: Screen) -> int:
    """End every VM that was started from here, by its process id."""
    ended = 0
    for folder, pid in living(args.out.resolve()):
        with suppress(ProcessLookupError):
            os.kill(pid, SIGKILL)  # its PID namespace goes with it
        ended += 1
        screen.out.print(f"{folder.name} ended", markup=False, highlight=False)
    if not ended:
        screen.out.print("no VM is running", markup=False, highlight=False)
    return 0


def _size(args: Namespace) -> Size:
    return Size(args.memory, args.cpus, args.boot_timeout, args.timeout)


def _tell(screen: Screen, args: Namespace, words: str) -> None:
    if not args.quiet:
        screen.complain(f"vm: {words}")


def _job(args: Namespace, words: tuple[str, ...]) -> GuestJob:
    """Make the VM's folder, and bytecode that the guest could not keep."""
    for package in _PACKAGES:
        compileall.compile_dir(_TREE / package, quiet=2)
    folder = runs.make_run(args.out, _VM, datetime.now(runs.JST)).resolve()
    written = dict.fromkeys((args.out.resolve(), *_outs(words)))
    return GuestJob(words, _TREE, Path.cwd(), folder, tuple(written), os.environ)


def _outs(words: tuple[str, ...]) -> Iterator[Path]:
    """Yield the folders that the command itself was told to write to, and make them."""
    following = (*words[1:], "")
    for word, after in zip(words, following, strict=True):
        name = after if word == "--out" else word.removeprefix("--out=")
        if name and (word == "--out" or word.startswith("--out=")):
            Path(name).mkdir(parents=True, exist_ok=True)
            yield Path(name).resolve()


@contextmanager
def _followed(path: Path, to: BinaryIO) -> Iterator[None]:
    """Copy what the guest appends to *path*, until the end of the block and then the rest."""
    path.touch()
    ended = threading.Event()

    def follow() -> None:
        with path.open("rb") as source, suppress(OSError, ValueError):  # nobody reads any more
            while True:
                is_last = ended.wait(_POLL_S)
                to.write(source.read())
                to.flush()
                if is_last:
                    return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _copied(to: BinaryIO) -> Iterator[int]:
    """A pipe whose other end is copied to *to*: QEMU would change the flags of a terminal."""
    reading, writing = os.pipe()

    def copy() -> None:
        with open(reading, "rb", buffering=0) as source:  # noqa: PTH123  # a descriptor
            while data := source.read(1 << 16):
                with suppress(OSError, ValueError):  # nobody reads any more
                    to.write(data)
                    to.flush()

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    try:
        yield writing
    finally:
        os.close(writing)
        thread.join()
