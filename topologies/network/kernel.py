"""The kernel's calls about namespaces and mounts, which Python has not (before 3.12)."""

from __future__ import annotations

import ctypes
import os

# sched.h
MOUNTS, NAME, MEMORY = 0x00020000, 0x04000000, 0x08000000
USERS, PROCESSES, NETWORK = 0x10000000, 0x20000000, 0x40000000
# linux/mount.h
READ_ONLY, NO_RIGHTS, NO_PROGRAMS, PRIVATE = 0x1, 0x2 | 0x4, 0x8, 0x4000 | 0x40000
_LIBC = ctypes.CDLL(None, use_errno=True)


def unshare(kinds: int) -> None:
    """Leave namespaces of some *kinds* for new ones (unshare(2)).

    Raises:
        OSError: The kernel refuses.
    """
    _checked(_LIBC.unshare(kinds), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace behind *descriptor* (setns(2)).

    Raises:
        OSError: The kernel refuses.
    """
    _checked(_LIBC.setns(descriptor, kind), "setns")


def mount(system: str, target: str, flags: int = NO_RIGHTS, options: str = "") -> None:
    """Mount a file system that needs no device (mount(2)).

    Raises:
        OSError: The kernel refuses.
    """
    words = (system.encode(), os.fsencode(target), system.encode())
    done = _LIBC.mount(*words, ctypes.c_ulong(flags), options.encode())
    _checked(done, f"mount {target}")


def call_machine(name: str) -> None:
    """Give the machine a *name* (sethostname(2)).

    Raises:
        OSError: The kernel refuses.
    """
    _checked(_LIBC.sethostname(name.encode(), len(name.encode())), "sethostname")


def adopt_orphans() -> None:
    """Become the parent of whoever of one's own descendants loses his (prctl(2))."""
    _LIBC.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
