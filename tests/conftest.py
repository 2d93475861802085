"""Options of the whole test suite."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from sekisho.launch import path_with_system


def pytest_configure() -> None:
    """Look for programs where the command does: an ordinary user's PATH has no ``/usr/sbin``.

    Where the tree may not be written, as in a VM, Hypothesis keeps its examples elsewhere.
    """
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
    """Leave the tests that boot a VM to ``make vm-test``: each takes minutes where KVM is not."""
    if "vm" not in config.getoption("markexpr", ""):
        for item in items:
            if item.get_closest_marker("vm"):
                item.add_marker(pytest.mark.skip(reason="boots a VM: make vm-test"))
