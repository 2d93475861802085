"""From a path to text: the first guard. Knows files and encodings, not YAML.

A file is measured before it is read, so that a wrong path costs nothing however large it is.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sekisho.errors import Fault, PlanError

SIZE_LIMIT_BYTES = 4 * 1024 * 1024
# YAML 1.1, 5.1: the characters outside its printable set.
NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAVE_AS = "save the file as UTF-8"


class Source(NamedTuple):
    """The text of a plan and the digest of the bytes it came from."""

    text: str
    sha256: str


def read_source(path: str) -> Source:
    """Return the text of the file at *path*.

    Raises:
        PlanError: The file cannot be read, is too large, or is not UTF-8 text.
    """
    data = _read_bytes(path)
    text = _decode(path, data)
    bad = NOT_PRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        raise _error(
            path, line, f"character U+{ord(bad.group()):04X} cannot stand in a plan",
            "the file holds JIS (ISO-2022-JP) text: " + _SAVE_AS
            if "\x1b$" in text else "remove the character",
        )  # fmt: skip
    return Source(text, sha256(data).hexdigest())


def _error(path: str, line: int, text: str, hint: str) -> PlanError:
    return PlanError((Fault(path, line, text, hint),))


def _read_bytes(path: str) -> bytes:
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise _error(path, 0, "not a file", "name a plan, such as topologies/tiny.yaml")
        if status.st_size > SIZE_LIMIT_BYTES:
            raise _too_large(path, status.st_size)
        with Path(path).open("rb") as file:
            data = file.read(SIZE_LIMIT_BYTES + 1)
    except FileNotFoundError as error:
        raise _error(path, 0, "there is no such file", _nearby(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path; each Python words it
        reason = error.strerror if isinstance(error, OSError) else "a NUL is in its name"
        raise _error(
            path, 0, f"cannot be read: {reason}", "check the path and its permissions"
        ) from error
    if len(data) > SIZE_LIMIT_BYTES:
        raise _too_large(path, len(data))
    return data


def _too_large(path: str, size: int) -> PlanError:
    return _error(
        path, 0, f"is {size} bytes large; a plan has at most {SIZE_LIMIT_BYTES}",
        "is this the right file? A plan of a whole town has some 100,000 bytes",
    )  # fmt: skip


def _nearby(path: str) -> str:
    folder = Path(path).parent
    names = [entry.name for entry in os.scandir(folder)] if folder.is_dir() else []
    plans = sorted(name for name in names if name.endswith((".yaml", ".yml")))
    close = difflib.get_close_matches(Path(path).name, plans, n=1)
    return f"did you mean '{folder / close[0]}'?" if close else "check the path"


def _decode(path: str, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:2]:
        raise _error(path, 1, "the text is UTF-16, not UTF-8", _SAVE_AS)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise _error(path, line, f"byte 0x{byte:02X} is not UTF-8", _encoding_hint(data)) from error


def _encoding_hint(data: bytes) -> str:
    # EUC-JP first: its text often passes for CP932 half-width katakana, hardly ever conversely.
    for codec, name in (("euc_jp", "EUC-JP"), ("cp932", "Shift_JIS (CP932)")):
        try:
            data.decode(codec)
        except UnicodeDecodeError:
            continue
        return f"the text looks like {name}: {_SAVE_AS}"
    return _SAVE_AS
