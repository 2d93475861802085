"""A namespace with one user: to give one's rights up to another is nothing there, not an error.

``tcpdump`` becomes the user ``tcpdump`` before it reads a packet, and ends where it cannot. A host
of a town has one user, whoever runs the town: no other number exists there, so every call that
names one can only fail. Here such calls are answered "done" instead, and do nothing; all others,
and all those that name the one user, are the kernel's own. Whoever looks afterwards sees that he
is who he was. The filter stays with a process and its children (seccomp(2)).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import NamedTuple

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
_ALLOW, _DONE = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with error 0
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, RET|K
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # struct seccomp_data, little endian
_NOBODY_NEW = (0, 0xFFFFFFFF)  # the one user, and "leave it"
_LIBC = ctypes.CDLL(None, use_errno=True)


class _Call(NamedTuple):
    """A system call: its number, and which of its arguments name users or groups."""

    number: int
    names: tuple[int, ...]


#: By machine: its AUDIT_ARCH (linux/audit.h), and chown, fchown, lchown, fchownat, setuid, setgid,
#: setreuid, setregid, setresuid, setresgid, setgroups (asm/unistd.h); the last is always refused
#: in such a namespace (user_namespaces(7)).
_MACHINES = {
    "x86_64": (
        0xC000003E,
        (
            *(_Call(number, (1, 2)) for number in (92, 93, 94)),
            _Call(260, (2, 3)),
            *(_Call(number, (0,)) for number in (105, 106)),
            *(_Call(number, (0, 1)) for number in (113, 114)),
            *(_Call(number, (0, 1, 2)) for number in (117, 119)),
            _Call(116, ()),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            _Call(55, (1, 2)),
            _Call(54, (2, 3)),
            *(_Call(number, (0,)) for number in (146, 144)),
            *(_Call(number, (0, 1)) for number in (145, 143)),
            *(_Call(number, (0, 1, 2)) for number in (147, 149)),
            _Call(159, ()),
        ),
    ),
}


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction of the kernel's filters, struct sock_filter of linux/filter.h."""
    return struct.pack("=HBBI", code, then, otherwise, value)


def _tested(call: _Call) -> bytes:
    """Return what answers *call* where it names somebody else, and goes on behind it elsewhere."""
    out = []
    for argument in call.names:
        out.append(_step(_LOAD, _FIRST_ARGUMENT_AT + 8 * argument))
        out += [_step(_IF_EQUAL, known, 2 - i, 0) for i, known in enumerate(_NOBODY_NEW)]
        out.append(_step(_RETURN, _DONE))
    if not call.names:
        out.append(_step(_RETURN, _DONE))
    body = b"".join([*out, _step(_RETURN, _ALLOW)])
    return _step(_IF_EQUAL, call.number, 0, len(body) // 8) + body


def program(machine: str) -> bytes:
    """Return the filter for a *machine*; empty for one that is not known."""
    if machine not in _MACHINES:
        return b""
    architecture, calls = _MACHINES[machine]
    tests = b"".join(_tested(call) for call in calls)
    return b"".join(
        (
            _step(_LOAD, _MACHINE_AT),
            _step(_IF_EQUAL, architecture, 1, 0),
            _step(_RETURN, _ALLOW),
            _step(_LOAD, _NUMBER_AT),
            tests,
            _step(_RETURN, _ALLOW),
        )
    )


class _Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def be_one_user() -> None:
    """From now on this process and its children cannot fail to become somebody else.

    Raises:
        OSError: The kernel refuses.
    """
    steps = program(platform.machine())
    if not steps:
        return
    filled = _Program(len(steps) // 8, steps)
    for words in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filled)),
    ):
        if _LIBC.prctl(*words, 0, 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "prctl")
