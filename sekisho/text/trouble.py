"""Say in words what went wrong with the machine: a sentence that helps, and what to do.

Knows exceptions and error numbers, and nothing of who meets them. An exception that nobody expected
is a mistake in Sekisho: the sentence then names its place, and the traceback is for a log.
"""

from __future__ import annotations

import errno
import logging
import os
import traceback
from pathlib import Path
from subprocess import CalledProcessError, TimeoutExpired

from sekisho.errors import SekishoError

_log = logging.getLogger(__name__)
_FILES = "raise the limit of open files (ulimit -n), or try fewer terminals"
_PROCESSES = "raise the limit of processes (ulimit -u), or end other programs"
_MEMORY = "end other programs, or give the machine more memory"
#: What an error number of errno(3) means here, and what to do about it.
_KNOWN: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("no space is left", "free some space, or choose another place with --out"),
    errno.EDQUOT: ("the quota is used up", "free some space, or choose another place with --out"),
    errno.EROFS: ("it can only be read there", "choose another place with --out"),
    errno.EMFILE: ("too many open files", _FILES),
    errno.ENFILE: ("too many open files on the whole machine", "end other programs"),
    errno.EAGAIN: ("no more processes may be started", _PROCESSES),
    errno.ENOMEM: ("the machine has no memory left", _MEMORY),
    errno.EBADF: ("it is closed", "let it lead to a terminal, a file or a pipe"),
    errno.EIO: ("the disk does not answer rightly", "see the kernel's log: dmesg"),
}
_CLOCK = "no date can be reckoned from the clock of this machine"
_DATES = ("date value out of range", "year is out of range", "timestamp out of range")
_THREADS = "can't start new thread"


def in_words(error: BaseException, *, doing: str = "") -> str:
    """Return one sentence about *error*, and a hint on a line of its own.

    Args:
        error: What was raised.
        doing: What was being done, in a few words; empty where that says nothing.
    """
    sentence, hint = _told(error)
    start = f"{doing}: " if doing else ""
    return f"{start}{sentence}" + (f"\n  hint: {hint}" if hint else "")


def recorded(error: BaseException, *, doing: str = "") -> str:
    """Return `in_words` of *error*; the traceback of one that nobody expected goes to the log."""
    if not isinstance(error, SekishoError):
        _log.error("%s", "".join(traceback.format_exception(error)).rstrip())
    return in_words(error, doing=doing)


def _told(error: BaseException) -> tuple[str, str]:
    if isinstance(error, SekishoError):
        sentence, _, hint = str(error).partition("\n  hint: ")
        return sentence, hint
    if isinstance(error, MemoryError):
        return _KNOWN[errno.ENOMEM]
    if isinstance(error, RuntimeError) and _THREADS in str(error):
        return _KNOWN[errno.EAGAIN]
    if isinstance(error, OverflowError | ValueError) and any(d in str(error) for d in _DATES):
        return _CLOCK, "set the clock of this machine: timedatectl"
    if isinstance(error, TimeoutExpired):
        return f"{_program(error.cmd)} did not end within {error.timeout:g} s", _slow()
    if isinstance(error, CalledProcessError):
        return f"{_program(error.cmd)} failed: {_last(error)}", ""
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    return _mistake(error)


def _of_system(error: OSError) -> tuple[str, str]:
    words, hint = _KNOWN.get(error.errno or 0, ("", ""))
    name = error.filename
    where = f"{os.fsdecode(name)}: " if isinstance(name, str | bytes | os.PathLike) else ""
    if words:
        return f"{where}{words}", hint
    if isinstance(error, FileNotFoundError) and where and os.sep not in where:
        return f"{where}is not installed", "make setup installs what a run needs"
    if where:
        return f"{where}{os.strerror(error.errno or 0).lower()}", ""
    return _mistake(error)


def _mistake(error: BaseException) -> tuple[str, str]:
    """What nobody expected: its kind, its text and the place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = f": {error}" if str(error) else ""
    words = f"{type(error).__name__}{text}{place}".replace("\n", " ")
    return words, "this is a mistake in Sekisho: please report it with the log of the run"


def _program(command: object) -> str:
    words = command if isinstance(command, list | tuple) else str(command).split()
    return Path(str(words[0])).name if words else "a program"


def _slow() -> str:
    return "the machine may be too busy: try again when it is idle"


def _last(error: CalledProcessError) -> str:
    said = error.stderr if error.stderr is not None else error.stdout
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said or "")
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else f"exit status {error.returncode}"
