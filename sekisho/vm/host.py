"""What the host has for a VM: a kernel with the modules that a town needs, QEMU, perhaps KVM."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sekisho.errors import LabError

_HINT = "hint: make vm-setup"
_QEMU = f"qemu-system-{platform.machine()}"
_NEEDED = "kernel/net/openvswitch/openvswitch.ko"
_TRIAL_S = 20.0
_KVM = Path("/dev/kvm")


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
    return Host(kernel, release, runner, kvm_refusal())


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


def kvm_refusal() -> str:
    """Start QEMU for a moment with KVM; return why it does not work, or nothing.

    Some machines show ``/dev/kvm`` and cannot use it, so it is tried, not assumed.
    """
    if not _KVM.exists():
        return f"no {_KVM}"
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return f"{_KVM} may not be opened"
    words = [_QEMU, "-accel", "kvm", "-cpu", "host", "-m", "64", "-nodefaults"]
    try:
        done = subprocess.run(
            [*words, "-display", "none", "-monitor", "stdio"],
            input="info status\nquit\n",
            capture_output=True, text=True, timeout=_TRIAL_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"QEMU did not end in {_TRIAL_S:.0f} s with KVM"
    if done.returncode or "running" not in done.stdout:
        said = done.stderr.strip().splitlines() or [f"QEMU ended with {done.returncode}"]
        why = re.sub(r"^.*[.]c:[0-9]+: ", "", said[-1])  # the place in QEMU's source
        return f"{_KVM} does not work: {why}"
    return ""
