"""Sizes and docstrings, measured; a checker that never fails would prove nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULE_LINES = 400
FUNCTION_LINES = 40
PARAMETERS = 5
BROAD = {"Exception", "BaseException"}
#: A broad except that does not raise again says why; the second ``#`` opens the reason.
REASON = re.compile(r"# noqa: BLE001  # \S")
#: ``path::name`` to the reason why it may break a rule.
ALLOWED: dict[str, str] = {}

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def offences(source: str, path: str) -> Iterator[str]:
    """Yield what *source* breaks: ``path:line name: what``."""
    lines = source.splitlines()
    tree = ast.parse(source)
    if len(lines) > MODULE_LINES:
        yield f"{path}:1 module: {len(lines)} lines"
    if not ast.get_docstring(tree):
        yield f"{path}:1 module: no docstring"
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            yield from _function(node, path)
        if isinstance(node, ast.ExceptHandler):
            yield from _handler(node, lines, path)
    yield from _undocumented(tree, path)


def _function(node: _Function, path: str) -> Iterator[str]:
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if length > FUNCTION_LINES:
        yield f"{path}:{node.lineno} {node.name}: {length} lines"
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    count = sum(argument.arg not in ("self", "cls") for argument in given)
    if count > PARAMETERS and not node.name.startswith("test_"):
        yield f"{path}:{node.lineno} {node.name}: {count} parameters"


def _handler(node: ast.ExceptHandler, lines: list[str], path: str) -> Iterator[str]:
    if node.type is None:
        yield f"{path}:{node.lineno} except: bare"
        return
    caught = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)}
    raises_again = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
    if caught & BROAD and not raises_again and not REASON.search(lines[node.lineno - 1]):
        yield f"{path}:{node.lineno} except: broad, without a reason"


def _undocumented(node: ast.AST, path: str) -> Iterator[str]:
    """Yield the public names without a docstring; what is inside a function is not public."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _Function | ast.ClassDef):
            continue
        is_public = not child.name.startswith("_")
        if is_public and not ast.get_docstring(child) and not _is_stub(child):
            yield f"{path}:{child.lineno} {child.name}: no docstring"
        if isinstance(child, ast.ClassDef) and is_public:
            yield from _undocumented(child, path)


def _is_stub(node: ast.AST) -> bool:
    """Tell the overridden method of a library, which that library documents."""
    return isinstance(node, _Function) and any(
        isinstance(mark, ast.Name) and mark.id in ("overload", "override")
        for mark in node.decorator_list
    )


def _modules() -> list[Path]:
    packages = ("sekisho", "topologies", "controller", "scenarios", "tests")
    return sorted(path for name in packages for path in (ROOT / name).rglob("*.py"))


@pytest.mark.parametrize("path", [str(p.relative_to(ROOT)) for p in _modules()])
def test_a_module_keeps_the_measure(path: str) -> None:
    """Modules, functions and docstrings are as CONTRIBUTING.md wants them."""
    found = list(offences((ROOT / path).read_text("utf-8"), path))

    assert [text for text in found if text.split(":")[0] not in ALLOWED] == []


SOUND = '''"""What it knows."""


def rule(plan: str) -> str:
    """Return something."""
    return plan
'''
PLANTED = (
    (SOUND + "\n" * 400, "x.py:1 module: 406 lines"),
    (SOUND.replace('"""What it knows."""', ""), "x.py:1 module: no docstring"),
    (SOUND.replace('    """Return something."""\n', ""), "x.py:4 rule: no docstring"),
    (SOUND + "\n\nclass Port:\n    pass\n", "x.py:9 Port: no docstring"),
    (
        SOUND + '\n\nclass Port:\n    """A port."""\n\n    def up(self) -> None: ...\n',
        "x.py:12 up: no docstring",
    ),
    (SOUND.replace("    return", "    plan = plan\n" * 38 + "    return"), "x.py:4 rule: 41 lines"),
    (SOUND.replace("plan: str", "a, b, c, d, plan, *, e"), "x.py:4 rule: 6 parameters"),
    (SOUND + "\n\ntry:\n    pass\nexcept:\n    pass\n", "x.py:11 except: bare"),
    (
        SOUND + "\n\ntry:\n    pass\nexcept Exception:\n    pass\n",
        "x.py:11 except: broad, without a reason",
    ),
    (
        SOUND + "\n\ntry:\n    pass\nexcept (OSError, Exception):  # noqa: BLE001\n    pass\n",
        "x.py:11 except: broad, without a reason",
    ),
)


@pytest.mark.parametrize(("source", "offence"), PLANTED)
def test_a_planted_offence_is_named(source: str, offence: str) -> None:
    """The measure bites, and says where."""
    assert list(offences(source, "x.py")) == [offence]


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "\n\ntry:\n    pass\nexcept BaseException:\n    raise\n",
        "\n\ntry:\n    pass\nexcept Exception:  # noqa: BLE001  # the one place\n    pass\n",
    ],
)
def test_sound_code_passes(tail: str) -> None:
    """Code that keeps the rules, or says why not, is left alone."""
    assert list(offences(SOUND + tail, "x.py")) == []
