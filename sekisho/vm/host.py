"""What the host has for a VM: a kernel with the modules that a town needs, QEMU, perhaps KVM."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sekisho.errors import LabError

_HINT = "hint: make vm-setup"
_QEMU = f"qemu-system-{platform.machine()}"
_NEEDED = "kernel/net/openvswitch/openvswitch.ko"
_KVM = Path("/dev/kvm")
#: For the trial: twice what it takes where the processor is emulated.
_TRIAL_S = 8.0
#: What a kernel says that has nothing to mount (init/do_mounts.c).
_ENDED = b"VFS: Unable to mount root fs"
#: By processor: the board, and where a kernel speaks from its first moment on
#: (kernel-parameters.txt: earlyprintk, earlycon).
_BOARDS = {
    "x86_64": ((), "console=ttyS0 earlyprintk=serial,ttyS0,115200"),
    "aarch64": (("-M", "virt,gic-version=max"), "console=ttyAMA0 earlycon"),
}


@dataclass(frozen=True, slots=True)
class Host:
    """What a VM is started with.

    Attributes:
        kernel: The kernel's image.
        release: Its release, the name of its folder of modules.
        runner: virtme-ng's ``virtme-run``.
        refusal: Why KVM cannot be used; empty where it can.
    """

    kernel: Path
    release: str
    runner: Path
    refusal: str

    @property
    def how(self) -> str:
        """In one line, how the guest's processor is made."""
        return f"emulated ({self.refusal})" if self.refusal else "KVM"


def host() -> Host:
    """Find out what this machine has.

    Raises:
        LabError: Something is missing; says what brings it.
    """
    runner = Path(sys.prefix) / "bin" / "virtme-run"
    if not runner.exists():
        raise LabError(f"virtme-ng is not installed ({runner} not found)\n  {_HINT}")
    for tool in (_QEMU, "busybox"):
        if shutil.which(tool) is None:
            raise LabError(f"{tool} is not installed\n  {_HINT}")
    kernel, release = kernel_image()
    return Host(kernel, release, runner, kvm_refusal(kernel))


def kernel_image(
    boot: Path = Path("/boot"), modules: Path = Path("/lib/modules"), running: str = ""
) -> tuple[Path, str]:
    """Return a kernel image and its release: the running one's if it will do, else the newest.

    Raises:
        LabError: None has Open vSwitch as a module, or none may be read.
    """
    running = running or platform.release()
    found = [
        (path, path.name.removeprefix("vmlinuz-"))
        for path in boot.glob("vmlinuz-*")
        if any((modules / path.name.removeprefix("vmlinuz-")).glob(f"{_NEEDED}*"))
    ]
    readable = [pair for pair in found if os.access(pair[0], os.R_OK)]
    if not readable and found:
        raise LabError(f"{found[0][0]} may not be read\n  hint: sudo chmod +r {found[0][0]}")
    if not readable:
        raise LabError(f"no kernel in {boot} has the module openvswitch\n  {_HINT}")
    return max(readable, key=lambda pair: (pair[1] == running, _version(pair[1])))


def _version(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]


def kvm_refusal(kernel: Path) -> str:
    """Boot *kernel* with KVM; return why that cannot be done, or nothing.

    Some machines show ``/dev/kvm`` and cannot use it, and some open it, run a firmware on it and
    never a kernel, so it is tried, not assumed.
    """
    if not _KVM.exists():
        return f"no {_KVM}"
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return f"{_KVM} may not be opened"
    why = boot_refusal(kernel, ("-accel", "kvm", "-cpu", "host"), _TRIAL_S)
    return f"{_KVM} does not work: {why}" if why else ""


def boot_refusal(kernel: Path, processor: Sequence[str], limit_s: float) -> str:
    """Boot *kernel* on *processor* to its end; return why it did not come there, or nothing.

    It has no root file system, so it ends by itself when it looks for one: all of its early work is
    done by then. A processor that runs a firmware, and no kernel, is told by that alone.

    Args:
        kernel: Its image.
        processor: Words of QEMU: what the processor is made of.
        limit_s: How long it may take.
    """
    board, console = _BOARDS.get(platform.machine(), ((), ""))
    words = ["setpriv", "--pdeathsig=KILL", "--", _QEMU, *board, *processor, "-m", "256"]
    alone = ["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"]
    try:
        done = subprocess.run(
            [*words, *alone, "-kernel", str(kernel), "-append", f"{console} panic=-1"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=limit_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"a kernel did not boot in {limit_s:.0f} s"
    if _ENDED in done.stdout:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    why = said[-1] if said else f"QEMU ended with {done.returncode}"
    return re.sub(r"^.*[.]c:[0-9]+: ", "", why)  # without the place in QEMU's source
