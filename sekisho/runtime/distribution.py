"""Where the distribution keeps Mininet, for an environment that does not see it.

Mininet is a package of Debian and Ubuntu (``mininet``), and none of Python's registry. A plain
environment (``python3 -m venv``) does not see the distribution's own Python packages, and one with
all of them would mix two versions of many others. So this one package is looked for there, last.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

#: Debian Policy, Python 3.2: modules of packages, for the distribution's own interpreter.
DIST_PACKAGES = Path("/usr/lib/python3/dist-packages")
_PACKAGE = "mininet"


class MininetFinder(MetaPathFinder):
    """Finds the package ``mininet`` in *folder*, and nothing else."""

    def __init__(self, folder: Path = DIST_PACKAGES) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where *name* is; None for any other package."""
        return PathFinder.find_spec(name, [str(self._folder)], target) if name == _PACKAGE else None


def find_mininet() -> None:
    """Let Python look for Mininet where the distribution keeps it, if it is nowhere else."""
    if not any(isinstance(finder, MininetFinder) for finder in sys.meta_path):
        sys.meta_path.append(MininetFinder())
