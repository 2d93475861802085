"""What a town needs of this machine, and whether it is there.

Knows programs, files and Python packages by name, and the package of Debian and Ubuntu that brings
each. Namespaces and devices are tried: no file tells whether they are granted.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from sekisho.errors import SekishoError
from sekisho.model.label import Label
from sekisho.runtime.distribution import DIST_PACKAGES
from sekisho.runtime.namespaces import namespace_flags

_TUN = Path("/dev/net/tun")
_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
_MODULE = Path("/sys/module/openvswitch")
_FRAMEWORKS = ("ryu", "os-ken")  # in this order; the second is the first's maintained fork
_JEMALLOC = "libjemalloc.so.2"
_LIBRARIES = Path("/usr/lib")


class Part(Enum):
    """For what something is needed."""

    TOWN = Label("環境の起動と試験", "a town and its tests")
    DRAWING = Label("図の作成", "drawings")
    SPEED = Label("処理の高速化", "speed")
    INSIDE = Label("端末の中での操作", "work inside a host")
    MACHINE = Label("仮想計算機での試験", "tests in a VM")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that is needed.

    Attributes:
        name: Of the program, file or package.
        look: Says where it is, or its version; empty where it is not there.
        brought_by: What brings it.
    """

    name: str
    part: Part
    look: Callable[[], str]
    brought_by: str


@dataclass(frozen=True, slots=True)
class Found:
    """A need, and what was found.

    Attributes:
        where: Path or version; empty where it is missing.
        why: What was said where it is refused.
    """

    need: Need
    where: str
    why: str = ""

    @property
    def is_fatal(self) -> bool:
        """Tell whether no town can be booted without it."""
        return not self.where and self.need.part is Part.TOWN


def examine() -> Iterator[Found]:
    """Yield everything that is needed with what was found, what a town needs first."""
    for need in NEEDS:
        try:
            yield Found(need, need.look())
        except (SekishoError, OSError) as error:
            yield Found(need, "", str(error).partition("\n")[0])


def missing_parts() -> list[Found]:
    """Return what a town cannot do without and is not there; nothing is started for it.

    Namespaces and devices are not among them: who uses them tries them, and says what to do.
    """
    return [found for found in (Found(need, need.look()) for need in _PLAIN) if found.is_fatal]


def _program(name: str, package: str, part: Part = Part.TOWN) -> Need:
    return Need(name, part, lambda: shutil.which(name) or "", f"apt install {package}")


def _file(path: Path, package: str) -> Need:
    def look() -> str:
        return str(path) if path.exists() else ""

    return Need(path.name, Part.TOWN, look, f"apt install {package}")


def _mininet() -> str:
    """Return the folder of Mininet, Python's own first (`sekisho.runtime.distribution`)."""
    spec = find_spec("mininet")
    folders = [Path(spec.origin).parent] if spec and spec.origin else [DIST_PACKAGES / "mininet"]
    return next((str(folder) for folder in folders if (folder / "net.py").exists()), "")


def _framework() -> str:
    for name in _FRAMEWORKS:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return ""


def _tun() -> str:
    """Return the device that Open vSwitch's userspace datapath needs, or the kernel's module."""
    if _MODULE.exists():
        return str(_MODULE)
    os.close(os.open(_TUN, os.O_RDWR))
    return str(_TUN)


def _namespaces() -> str:
    return "unshare --user" if "--user" in namespace_flags() else "unshare"


def _allocator() -> str:
    return next((str(path) for path in _LIBRARIES.glob(f"*/{_JEMALLOC}")), "")


def _runner() -> str:
    path = Path(sys.prefix) / "bin" / "virtme-run"
    return str(path) if path.exists() else ""


_SWITCH = "openvswitch-switch"
_PLAIN = (
    _program("unshare", "util-linux"),
    _program("setpriv", "util-linux"),
    _program("ip", "iproute2"),
    _program("tc", "iproute2"),
    _program("openssl", "openssl"),
    *(
        _program(name, _SWITCH)
        for name in (
            "ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-ofctl", "ovs-appctl",
            "ovs-dpctl",
        )
    ),
    _file(_SCHEMA, _SWITCH),
    _program("mnexec", "mininet"),
    Need("mininet", Part.TOWN, _mininet, "apt install mininet"),
    Need("ryu", Part.TOWN, _framework, "pip install -c build-constraints.txt ryu==4.34"),
)  # fmt: skip
#: Everything, what a town needs first.
NEEDS = (
    *_PLAIN,
    Need("namespaces", Part.TOWN, _namespaces, "sysctl, a profile of AppArmor, or root"),
    Need("/dev/net/tun", Part.TOWN, _tun, "chmod 0666 /dev/net/tun, or modprobe openvswitch"),
    _program("dot", "graphviz", Part.DRAWING),
    Need(_JEMALLOC, Part.SPEED, _allocator, "apt install libjemalloc2"),
    *(_program(name, name, Part.INSIDE) for name in ("curl", "tcpdump")),
    _program("ping", "iputils-ping", Part.INSIDE),
    Need("virtme-run", Part.MACHINE, _runner, "pip install virtme-ng"),
    _program("busybox", "busybox-static", Part.MACHINE),
)
