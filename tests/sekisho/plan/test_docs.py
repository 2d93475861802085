"""The documentation of the plan language says what the table of keys says, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sekisho.lint.doubts import doubts
from sekisho.plan import load
from sekisho.plan.keys import SECTIONS
from sekisho.plan.kinds import Key, Section

DOCS = Path(__file__).parents[3] / "docs" / "plan.md"


def row(key: Key) -> str:
    """Return the line of the documentation that describes *key*."""
    if key.required:
        required = "yes" if key.since == 1 else f"yes, from version {key.since} on"
    elif key.default in (None, ""):
        required = "no"
    else:
        default = str(key.default).lower() if isinstance(key.default, bool) else key.default
        required = f"no; `{default}`"
    kind = key.type_text().replace("|", "\\|")
    return f"| `{key.name}` | {kind} | {required} | {key.meaning} |"


def _tables() -> dict[str, list[str]]:
    """Return the rows of every section of the documentation by the place it describes."""
    tables: dict[str, list[str]] = {}
    place = ""
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        heading = re.fullmatch("##+ (?:`(.+)`|.*)", line)
        if heading:
            place = heading[1] or ""
        if place:
            tables.setdefault(place, [])
            if line.startswith("| `"):
                tables[place].append(line)
    return tables


def test_docs_describe_the_sections_that_there_are() -> None:
    """Every section has its heading, in order, and there is no heading without a section."""
    assert list(_tables()) == [section.place for section in SECTIONS]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_docs_describe_exactly_the_keys_of_a_section(section: Section) -> None:
    """Key, type, default and meaning are those of the table."""
    assert _tables()[section.place] == [row(key) for key in section.keys]


def test_the_plan_at_the_top_is_right_and_not_odd(tmp_path: Path) -> None:
    """Whoever copies it has a town of forty lines."""
    (text, *_) = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    (tmp_path / "my.yaml").write_text(text, "utf-8")

    assert list(doubts(load(tmp_path / "my.yaml"))) == []
    assert len(text.splitlines()) <= 40
