"""From a part of a plan to the plans that include it. Knows files and folders, and no plan's words.

A part says nothing by itself: whoever names one (a hook does, for each file that was changed) means
the plan that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from sekisho.plan.source import SIZE_LIMIT_BYTES

_PLAN = re.compile(r"^[\"']?sekisho[\"']?\s*:", re.MULTILINE)
_INCLUDES = re.compile(r"^[\"']?include[\"']?\s*:", re.MULTILINE)
_SUFFIXES = (".yaml", ".yml")
_HIGHEST = 8  # folders above it that are looked through


def plans_of(path: Path) -> tuple[Path, ...]:
    """Return the plans that include the file *path*; none where it is a plan itself.

    They stand in its folder or above it, as far as the folder under version control goes.
    """
    text = _text(path)
    if text is None or _PLAN.search(text):
        return ()
    here = path.resolve()
    return tuple(plan for plan in _candidates(path) if here in _included(plan))


def _candidates(path: Path) -> Iterator[Path]:
    folder = path.parent
    for _ in range(_HIGHEST):
        names = sorted(each for each in folder.glob("*") if each.suffix in _SUFFIXES)
        yield from (each for each in names if each.resolve() != path.resolve())
        if (folder / ".git").exists() or folder.resolve() == Path(folder.resolve().anchor):
            return
        folder = folder.parent if folder.name not in ("", "..") else folder / ".."


def _included(plan: Path) -> set[Path]:
    """Return the files that a plan names, there or not; none where it cannot be read as one."""
    text = _text(plan)
    if text is None or not _PLAN.search(text) or not _INCLUDES.search(text):
        return set()
    try:
        said = yaml.safe_load(text)
        names = said.get("include") if isinstance(said, dict) else None
        own = [n for n in names if isinstance(n, str)] if isinstance(names, list) else []
        return {(plan.parent / name).resolve() for name in own}
    except (yaml.YAMLError, ValueError, OSError, RuntimeError, RecursionError):
        return set()


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > SIZE_LIMIT_BYTES:
            return None
        return path.read_text("utf-8-sig")
    except (OSError, ValueError):
        return None
