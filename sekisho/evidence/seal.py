"""The seal of a run folder: SHA-256 (FIPS 180-4) of each file, in the manifest, written last.

Knows files and digests, and nothing of what they mean. Not under the seal is what is written later,
or by somebody else meanwhile: the manifest itself, the reports that are made from the folder, the
logs of the daemons, and re-tests, which have manifests of their own. No verdict comes from those.

The seal shows a change. It does not say who made it: whoever changes the manifest as well changes
its own digest, and that one stands on page one, in the terminal and in JUnit.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_ISREG, S_ISSOCK

import orjson

from sekisho.errors import SealError, SekishoError, UsageError
from sekisho.evidence.writing import write_atomically

MANIFEST = "manifest.json"
FILES = "files"  # key of the manifest
#: Written after the manifest by whoever reads the folder.
REPORTS = ("report.html", "junit.xml")
#: Folders that no seal of this folder covers.
APART = ("log", "retests")
_DIGITS = 64
_MOST_NAMED = 8
_NO_DIGEST = "not a file"


def seal(folder: Path, manifest: Mapping[str, object]) -> str:
    """Write *manifest* with the digest of every file of *folder*; return its own digest."""
    data = orjson.dumps({**manifest, FILES: digests(folder)}, option=orjson.OPT_INDENT_2)
    write_atomically(folder / MANIFEST, data)
    return hashlib.sha256(data).hexdigest()


def seal_again(folder: Path) -> None:
    """Seal *folder* with the manifest that it has; nothing where it has none that can be read."""
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return
    if isinstance(manifest, dict):
        seal(folder, manifest)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file that the seal covers, by its path in *folder*, sorted."""
    return {name: _digest(folder / name) for name in sorted(_names(folder))}


def check(folder: Path, sealed: Mapping[str, str]) -> None:
    """Compare *folder* with the digests of its manifest.

    Raises:
        SealError: A file differs, is missing, or is additional; each is named.
    """
    now = digests(folder)
    told = [
        f"{name!r} {_what(now.get(name), sealed.get(name))}"
        for name in sorted({*now, *sealed})
        if now.get(name) != sealed.get(name)
    ]
    if told:
        more = len(told) - _MOST_NAMED
        rest = f", and {more} more" if more > 0 else ""
        raise SealError(
            f"{folder}: changed since the run was sealed, no verdict: "
            f"{', '.join(told[:_MOST_NAMED])}{rest}"
        )


def trouble(folder: Path) -> str:
    """Say why *folder* is not to be believed, for who reads one file of it; empty where it is."""
    try:
        sealed = orjson.loads((folder / MANIFEST).read_bytes())[FILES]
        check(folder, sealed)
    except SekishoError as error:
        return str(error)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{folder}: its manifest has no seal, no verdict"
    return ""


def check_manifest(folder: Path, wanted: str) -> str:
    """Return the digest of the manifest; compare it with *wanted*, unless that is empty.

    Args:
        folder: The run folder.
        wanted: What a print or a terminal shows; blanks and case do not matter.

    Raises:
        SealError: It is another one.
        UsageError: *wanted* is no digest, or there is no manifest.
    """
    bare = "".join(wanted.split()).lower()
    if bare and (len(bare) != _DIGITS or set(bare) - set("0123456789abcdef")):
        raise UsageError(
            f"--manifest-sha256 {wanted!r} is no SHA-256\n"
            f"  hint: {_DIGITS} hexadecimal digits, as page one shows them"
        )
    found = digest(folder / MANIFEST)
    if bare and found != bare:
        raise SealError(
            f"{folder}: not the run that was sealed, no verdict: "
            f"the SHA-256 of {MANIFEST} is {found}, not {bare}"
        )
    return found


def _what(now: str | None, then: str | None) -> str:
    if now is None:
        return "is missing"
    return "is additional" if then is None else "differs"


def _names(folder: Path) -> Iterator[str]:
    """Yield all that is under the seal; a socket carries nothing, and goes with its process."""
    for at, folders, files in os.walk(folder):
        here = Path(at).relative_to(folder)
        if not here.parts:
            folders[:] = [name for name in folders if name not in APART]
            files = [name for name in files if name not in (MANIFEST, *REPORTS)]
        links = [name for name in folders if (folder / here / name).is_symlink()]
        for name in (*files, *links):
            if not S_ISSOCK((folder / here / name).lstat().st_mode):
                yield (here / name).as_posix()


def _digest(path: Path) -> str:
    """The digest of a file; a link, or whatever else is no file, has none and never agrees."""
    return digest(path) if S_ISREG(path.lstat().st_mode) else _NO_DIGEST
