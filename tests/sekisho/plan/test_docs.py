"""The documentation of the plan language says what the table of keys says, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sekisho.lint.doubts import USUAL_PORTS, doubts
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


def _blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)


#: The section that each part of a plan belongs into, and the lines that cable it to the tiny town.
_HUB = 'hubs:\n  hv: {label: {ja: 仮想化基盤, en: Hypervisor}, at: "room:3"}\n'
PARTS = (
    ("switches", '  - {a: "floor:7", b: "f1:Te1/1/1"}\n  - {a: "floor:6", b: "f2:xe-0/1/0"}\n'),
    ("devices", _HUB),
    ("services", ""),
    ("devices", '  - {a: "floor:7", b: "f2:48"}\n'),
)
_F2 = "  f2: {label: {ja: 二階, en: First floor}, site: hall, role: access, ports: 48}\n"


def test_every_example_has_its_place() -> None:
    """Whoever adds one says where it belongs, and so it is tried."""
    assert len(_blocks()) == 1 + len(PARTS)


@pytest.mark.parametrize("number", range(len(PARTS)), ids=[section for section, _ in PARTS])
def test_every_example_is_right_and_not_odd(number: int, tmp_path: Path) -> None:
    """Put into the tiny town, and looked at as strictly as can be: these lines are copied."""
    (section, links), part = PARTS[number], _blocks()[number + 1]
    text = (DOCS.parents[1] / "topologies" / "tiny.yaml").read_text("utf-8")
    if links == _HUB:
        text, links = text.replace("links:\n", f"{_HUB}links:\n", 1), ""
        text = text.replace("port: 443}", "port: 443, pairs: 2}", 1)  # for the new register too
    elif section == "devices":  # the notebooks stand in for the tiny town's own wired one
        wired = re.search(r"      wired: .*?}\n", text, re.DOTALL)
        assert wired
        text = text.replace(wired[0], "").replace("  nb:\n", "  pad:\n", 1)
        text = text.replace("switches:\n", f"switches:\n{_F2}", 1)
        text = text.replace("port: 443}", "port: 443, pairs: 40}", 1)  # for all of them
    text = text.replace(f"{section}:\n", f"{section}:\n{part}", 1)
    text = text.replace("links:\n", f"links:\n{links}", 1)
    (tmp_path / "town.yaml").write_text(text, "utf-8")

    assert [doubt.label.en for doubt in doubts(load(tmp_path / "town.yaml"))] == []


def test_the_ports_that_are_shown_are_usual_ones() -> None:
    """The example of the table of keys, and of the hint: no kind of service warns of them."""
    ranges = re.findall(r'^\| `ports` \| list of ports .*?`"([0-9]+)-([0-9]+)"`', _text(), re.M)
    ((first, last),) = ranges

    assert all(
        port not in kind
        for kind in USUAL_PORTS.values()
        for port in range(int(first), int(last) + 1)
    )


def _text() -> str:
    return DOCS.read_text("utf-8")


def test_the_plan_at_the_top_is_right_and_not_odd(tmp_path: Path) -> None:
    """Whoever copies it has a town of forty lines."""
    text = _blocks()[0]
    (tmp_path / "my.yaml").write_text(text, "utf-8")

    assert list(doubts(load(tmp_path / "my.yaml"))) == []
    assert len(text.splitlines()) <= 40
