"""Options of the whole test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--golden``: rewrite the golden files; a review reads the diff."""
    parser.addoption(
        "--golden", action="store_true", help="rewrite golden files instead of comparing"
    )
