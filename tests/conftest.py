"""Options of the whole test suite."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.runtime.namespaces import path_with_system


def pytest_configure(config: pytest.Config) -> None:
    """Look for programs where the command does: an ordinary user's PATH has no ``/usr/sbin``.

    Where the tree may not be written, as in a VM, Hypothesis keeps its examples elsewhere.
    """
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Room())
    os.environ["PATH"] = path_with_system(os.environ.get("PATH", os.defpath))
    if not os.access(Path.cwd(), os.W_OK):
        elsewhere = Path(tempfile.gettempdir()) / f"hypothesis-{os.getuid()}"
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(elsewhere))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--golden``: rewrite the golden files; a review reads the diff."""
    parser.addoption(
        "--golden", action="store_true", help="rewrite golden files instead of comparing"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest first, and leave tests that boot a VM, minutes without KVM, to `vm-test`."""
    items.sort(key=_turn)
    if "vm" not in config.getoption("markexpr", ""):
        for item in items:
            if item.get_closest_marker("vm"):
                item.add_marker(pytest.mark.skip(reason="boots a VM: make vm-test"))


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("alone"):
        return 2
    return 0 if item.get_closest_marker("live") else 1


class Room:
    """Which module a worker of pytest-xdist is in: with others in theirs, or `alone`.

    Every worker locks this file while it is in a module: shared, or for itself.
    """

    def __init__(self) -> None:
        """Open the file that all workers lock."""
        self.module: Path | None = None
        self._file = os.open(__file__, os.O_RDONLY)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Iterator[None]:
        """Wait before the first test of a module; let others in after its last one."""
        if self.module != item.path:
            alone = item.get_closest_marker("alone")
            fcntl.flock(self._file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            self.module = item.path
        result = yield
        if nextitem is None or nextitem.path != item.path:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self.module = None
        return result
