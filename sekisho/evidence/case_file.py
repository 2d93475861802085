"""The cases of a run on disk: one JSON object a line, compressed (gzip, RFC 1952), as they come.

A run writes each case when it is judged and holds none of them; after each window what was written
is flushed to the file. So a run that dies leaves all that it has judged until then, and a
reader of such a folder takes it up to the last whole line. Runs of earlier versions left the same
lines uncompressed; readers take those, too.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import orjson

from sekisho.errors import UsageError
from sekisho.evidence.case import Case, case_from_line
from sekisho.evidence.verdict import Verdict

CASES = "cases.jsonl.gz"
#: What runs of earlier versions wrote.
PLAIN = "cases.jsonl"
_LEVEL = 3  # a third larger than the best, in a quarter of the time
_GZIP = 31  # zlib's word for gzip with the largest window
_PIECE = 1 << 16
_LONGEST_LINE = 1 << 20  # a case has a kilobyte


class CaseLog:
    """The cases that a run writes, in their order.

    Args:
        path: The file; it is made with the first case, or when the log is closed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._sure = 0  # so far the file holds whole lines
        self._is_broken = False  # the disk took no more
        self.counts = Counter[Verdict]()

    def __len__(self) -> int:
        return self.counts.total()

    def __iter__(self) -> Iterator[Case]:
        return (case_from_line(line, str(self._path)) for line in self._lines())

    def __enter__(self) -> CaseLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the cases so far as plain mappings: a tenth of the time of whole cases."""
        return (orjson.loads(line) for line in self._lines())

    def add(self, cases: Iterable[Case]) -> None:
        """Write *cases* behind the others, and flush them to the file."""
        file = self._open()
        for case in cases:
            self._put(file, self._compressor.compress(orjson.dumps(case) + b"\n"))
            self.counts[case.verdict] += 1
        self._put(file, self._compressor.flush(zlib.Z_SYNC_FLUSH))
        self._sure = file.tell()

    def change(self, changed: Callable[[Case], Case]) -> None:
        """Replace every case by what *changed* makes of it: all of them, or none."""
        own = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            with CaseLog(own) as other:
                other.add(changed(case) for case in self)
            self._end()
            own.replace(self._path)
            self.counts = other.counts
        finally:
            own.unlink(missing_ok=True)

    def close(self) -> None:
        """End the file; what it holds is on the disk then. It can be gone on with."""
        if not self._is_broken:
            self._open()
        self._end()

    def _end(self) -> None:
        """End this member of the file; another may follow it (RFC 1952, 2.2)."""
        file, self._file = self._file, None
        if file is None:
            return
        with file:
            if not self._is_broken:
                self._put(file, self._compressor.flush())
                os.fsync(file.fileno())
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def _open(self) -> IO[bytes]:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
            self._sure = self._file.tell()
        return self._file

    def _put(self, file: IO[bytes], data: bytes) -> None:
        """Write all of *data*; where that fails, leave what was whole before."""
        left = memoryview(data)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            self._is_broken = True
            file.truncate(self._sure)  # room for a word on what happened
            error.filename = str(self._path)  # write(2) knows no name
            raise

    def _lines(self) -> Iterator[bytes]:
        return lines(self._path, is_whole=False) if self._path.exists() else iter(())


def case_file(folder: Path) -> Path:
    """Return the file of a run folder's cases, in the form that it has.

    Raises:
        UsageError: It has both.
    """
    new, old = folder / CASES, folder / PLAIN
    if new.exists() and old.exists():
        raise UsageError(f"{folder}: has {CASES} and {PLAIN}: one of them is not of its run")
    return old if old.exists() else new


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Write a whole file of *cases* in place of what is there."""
    path.unlink(missing_ok=True)
    with CaseLog(path) as log:
        log.add(cases)


def read_cases(path: Path) -> Iterator[Case]:
    """Yield the cases of a file; UsageError names the file and the line that is wrong."""
    for number, line in enumerate(lines(path), 1):
        yield case_from_line(line, f"{path}:{number}")


def lines(path: Path, *, is_whole: bool = True) -> Iterator[bytes]:
    """Yield the lines of a file of cases, compressed or plain, never all at once.

    Args:
        path: The file; its name says which of the two it is.
        is_whole: Whether it must be; else it ends with its last whole line, as a run that died
            leaves it.

    Raises:
        UsageError: It cannot be read, or is not whole where it must be.
    """
    is_compressed = path.suffix == ".gz"
    try:
        with gzip.open(path) if is_compressed else path.open("rb") as file:
            yield from _split(iter(lambda: file.read1(_PIECE), b""), path)
            if is_compressed and not path.stat().st_size:  # not even an empty member
                raise EOFError
    except EOFError as error:
        if is_whole:
            raise UsageError(f"{path}: not whole: it ends in the middle") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        if is_whole:
            raise UsageError(f"{path}: not whole: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _split(pieces: Iterable[bytes], path: Path) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > _LONGEST_LINE:
            raise UsageError(f"{path}: a line of more than {_LONGEST_LINE:,} bytes is not a case")
    if rest:
        yield rest
