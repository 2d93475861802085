"""A city is no 町: what kind a municipality is, its plan alone says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_PACKAGES = ("sekisho", "scenarios", "topologies", "controller")
_SHOWN = [
    *(p for package in _PACKAGES for p in sorted((ROOT / package).rglob("*.py"))),
    *sorted((ROOT / "sekisho" / "web" / "page").glob("*.*")),
    *sorted((ROOT / "scenarios").glob("*.yaml")),
]


def _said(path: Path) -> Iterator[str]:
    """Yield what a file can show: of Python its strings that are no docstrings."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield text
        return
    tree = ast.parse(text)
    own = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in own:
            yield node.value


@pytest.mark.parametrize("path", _SHOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_shown_calls_every_municipality_a_town(path: Path) -> None:
    """The word comes from the plan's own label, or not at all."""
    assert [words for words in _said(path) if "町" in words] == []
