"""What a program would do that wants to reach the run from a host: ``python intruder.py NOTES``.

In the run itself (``python intruder.py NOTES look``) it first writes down all that is there to be
reached: every socket, process and file. Anywhere it then tries each of them, and prints, as JSON,
what worked. It needs nothing but Python, so that it runs wherever a program can be started.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISSOCK
from typing import Any

_ATTACH, _DETACH = 16, 17  # linux/ptrace.h
# linux/rtnetlink.h, linux/if_link.h, linux/netlink.h
_NEW_LINK, _DELETE_LINK, _ERROR = 16, 17, 2
_ANSWER = 0x1 | 0x4  # a request, to be acknowledged
_CREATE = _ANSWER | 0x200 | 0x400  # what is not there yet
_NAME, _LINKINFO, _TARGET, _KIND = 3, 18, 46, 1
_SOON_S = 5.0
_LIBC = ctypes.CDLL(None, use_errno=True)

Notes = dict[str, Any]


def look(folder: str) -> Notes:
    """Return what there is: called in the run's own namespaces."""
    places = [Path("/run/sekisho"), Path(folder)]
    files = [path for place in places for path in place.rglob("*")]
    abstract = [
        row.split()[-1]
        for row in Path("/proc/net/unix").read_text().splitlines()
        if row.split()[-1].startswith("@")
    ]
    return {
        "folder": folder,
        "sockets": sorted(str(p) for p in files if S_ISSOCK(p.lstat().st_mode)) + abstract,
        "files": sorted(str(path) for path in files if path.is_file()),
        "pids": sorted(_pids()),
    }


def _pids() -> Iterator[int]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and int(path.name) != os.getpid():
            with suppress(OSError):
                if (path / "cmdline").read_bytes():
                    yield int(path.name)


def _runs(*words: str) -> bool:
    try:
        done = subprocess.run(words, capture_output=True, timeout=_SOON_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _connects(name: str) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_UNIX, kind) as client:
            client.settimeout(_SOON_S)
            with suppress(OSError):
                client.connect(name.replace("@", "\0", 1) if name.startswith("@") else name)
                return True
    return False


def _signals(pid: int) -> bool:
    """Whether the process of the run may be signalled: never by another that has its number."""
    with suppress(OSError):
        os.kill(pid, 0)
        return not _is_ours(pid)
    return False


def _is_ours(pid: int) -> bool:
    """Whether *pid* is somebody of this host: one of its own session's processes, or its first."""
    with suppress(OSError):
        return pid == 1 or os.getsid(pid) in (os.getsid(0), 1)
    return True


def _attaches(pid: int) -> bool:
    if _is_ours(pid) or _LIBC.ptrace(_ATTACH, pid, 0, 0):
        return False
    os.waitpid(pid, 0)
    _LIBC.ptrace(_DETACH, pid, 0, 0)
    return True


def _reads(path: str) -> bool:
    with suppress(OSError):
        Path(path).read_bytes()
        return True
    return False


def _names(place: str) -> list[str]:
    with suppress(OSError):
        return [path.name for path in Path(place).iterdir()]
    return []


def _makes(network: int) -> bool:
    """Whether a device can be made in another network, known by its number; rtnetlink(7)."""
    bridge = _attribute(_LINKINFO, _attribute(_KIND, b"bridge\0"))
    to = _attribute(_NAME, b"intruder\0") + _attribute(_TARGET, struct.pack("i", network))
    is_made = _asked(_NEW_LINK, _CREATE, to + bridge)
    return is_made and (_asked(_DELETE_LINK, _ANSWER, to) or True)


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def _asked(what: int, flags: int, attributes: bytes) -> bool:
    """Ask the kernel's routing socket something; tell whether it was done."""
    body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + attributes
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asking:
        asking.settimeout(_SOON_S)
        asking.bind((0, 0))
        asking.send(struct.pack("IHHII", 16 + len(body), what, flags, 1, 0) + body)
        said = asking.recv(65536)
    return struct.unpack_from("H", said, 4)[0] == _ERROR and struct.unpack_from("i", said, 16) == (
        0,
    )


def tried(notes: Notes) -> Iterator[str]:
    """Yield what can be done to the run from here."""
    programs = ("env", "OVS_RUNDIR=/run/sekisho/ovs", "ovs-ofctl", "-O", "OpenFlow13")
    if _runs(*programs, "dump-flows", "floor"):
        yield "ovs-ofctl"
    for enters in (("nsenter", "--target=1", "--all"), ("nsenter", "--target=1", "--mount")):
        if _runs(*enters, *programs, "dump-flows", "floor"):
            yield f"{' '.join(enters)} ovs-ofctl"
    yield from (f"make a device in network {number}" for number in range(3) if _makes(number))
    yield from (f"connect {name}" for name in notes["sockets"] if _connects(name))
    yield from (f"read {name}" for name in notes["files"] if _reads(name))
    yield from (f"signal {pid}" for pid in notes["pids"] if _signals(pid))
    yield from (f"trace {pid}" for pid in notes["pids"] if _attaches(pid))
    for pid in _pids():
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if any(word in words for word in (b"controller", b"ovs-", b"scenarios")):
                yield f"see {pid}"
        if _names(f"/proc/{pid}/root/run/sekisho"):
            yield f"look through {pid}"
    for place in ("/run/sekisho", notes["folder"]):
        if _names(place):
            yield f"list {place}"


def undress() -> None:
    """Take off every mount that we may take off, over what the run may lie."""
    for _ in range(3):
        for place in ("/run", "/proc", "/sys", "/dev/pts"):
            _LIBC.umount2(place.encode(), 0)


def main() -> None:
    """Look, try, take off what hides things, and try again."""
    notes = Path(sys.argv[1])
    if sys.argv[2:]:
        notes.write_text(json.dumps(look(sys.argv[2])))
    known = json.loads(notes.read_text())
    found = list(tried(known))
    if not sys.argv[2:]:
        undress()
        found += list(tried(known))
    print(json.dumps(sorted(set(found))))  # noqa: T201  # a program of its own


if __name__ == "__main__":
    main()
