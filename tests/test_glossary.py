"""The glossary: every word once, in two languages, and no retired word anywhere else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
#: Where people read: code, documents, pages, plans.
_SUFFIXES = {".py", ".md", ".js", ".html", ".css", ".yaml", ".toml", ".yml"}
_FOLDERS = ("sekisho", "topologies", "controller", "scenarios", "tests", "docs")
#: Files that must name a retired word: to read what was written with it, or to take it once more.
ALLOWED = {
    "disturb": {
        "docs/cli.md", "sekisho/commands/retired.py", "sekisho/report/terminal.py",
        "tests/sekisho/commands/test_retired.py",
    },
    "plan check": {
        "docs/cli.md", "tests/sekisho/commands/test_retired.py",
    },
    "plan relays": {
        "docs/cli.md", "tests/sekisho/commands/test_retired.py",
    },
    "void": {
        "docs/run-folder.md", "sekisho/evidence/schema.py", "tests/sekisho/report/test_reading.py",
    },
}  # fmt: skip


def _files() -> Iterator[Path]:
    own = {GLOSSARY, Path(__file__)}
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in _SUFFIXES and path not in own:
                yield path
    yield from (
        ROOT / name for name in ("README.md", "README.ja.md", "CONTRIBUTING.md", "Makefile")
    )


def _rows(chapter: str) -> list[list[str]]:
    text = GLOSSARY.read_text("utf-8").partition(f"## {chapter}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def retired() -> list[str]:
    """Return the words that nobody uses any more."""
    return [word for old, _ in _rows("Retired words") for word in old.split(", ")]


def uses(text: str, word: str) -> int:
    """Return how often *word* stands in *text* as a whole word, also as a part of a name."""
    edge = "" if not word.isascii() else r"(?<![^\W_])"
    end = "" if not word.isascii() else r"(?![^\W_])"
    return len(re.findall(edge + re.escape(word) + end, text, re.IGNORECASE))


@pytest.mark.parametrize("word", retired())
def test_a_retired_word_is_used_nowhere(word: str) -> None:
    """Neither in code nor in documents; old names that must be read are in `ALLOWED`."""
    allowed = {ROOT / name for name in ALLOWED.get(word, ())}
    found = [p for p in _files() if p not in allowed and uses(p.read_text("utf-8"), word)]

    assert [str(path.relative_to(ROOT)) for path in found] == []


def test_what_is_allowed_is_needed() -> None:
    """A file that names the word no more leaves the list."""
    needless = [
        (word, name)
        for word, names in ALLOWED.items()
        for name in names
        if not uses((ROOT / name).read_text("utf-8"), word)
    ]

    assert needless == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def shot(x)", 1),
        ("is_shot = one", 1),
        ("a Shot, a shot.", 2),
        ("snapshot, shots, shotgun, screenshot", 0),
    ],
)
def test_a_word_is_found_as_a_word(text: str, count: int) -> None:
    """Also in a name with underscores, and never within another word."""
    assert uses(text, "shot") == count


@pytest.mark.parametrize("chapter", ["The instrument", "The municipality"])
def test_every_word_is_explained_once_in_two_languages(chapter: str) -> None:
    """English, Japanese, and a meaning; no word has two rows."""
    rows = _rows(chapter)

    assert len(rows) > 20
    assert all(len(row) == 3 and all(row) for row in rows)
    counts = Counter(row[0] for row in rows)
    assert [word for word, count in counts.items() if count > 1] == []
    assert [row[0] for row in rows if not re.search(r"[ぁ-んァ-ヶ一-龠]", row[1])] == []
