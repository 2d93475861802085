"""A plan that is cut into files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.errors import PlanError
from sekisho.model import Plan
from sekisho.plan import document, load

_TINY = Path("topologies/tiny.yaml")
_SECTION = r"(?m)^{}:\n(?:(?: .*|)\n)+"


def cut(folder: Path) -> Path:
    """Write the tiny town as three files; return the path of the first."""
    text = _TINY.read_text("utf-8")
    parts = folder / "parts"
    parts.mkdir()
    for file, keys in (("zones.yaml", ["zones"]), ("work.yml", ["devices", "policy"])):
        found = [re.search(_SECTION.format(key), text) for key in keys]
        (parts / file).write_text("".join(m[0] for m in found if m), "utf-8")
        for m in found:
            assert m
            text = text.replace(m[0], "")
    path = folder / "town.yaml"
    path.write_text(f"include: [parts/zones.yaml, parts/work.yml]\n{text}", "utf-8")
    return path


def _without_lines(plan: Plan) -> str:
    return re.sub(r"[^' ]*\.ya?ml:[0-9]+", "", repr(replace(plan, path="", sha256="", where="")))


def test_it_is_the_same_town(tmp_path: Path) -> None:
    """With the same tables; only where things stand differs."""
    plan, whole = load(cut(tmp_path)), load(_TINY)

    assert _without_lines(plan) == _without_lines(whole)
    assert compile_town(plan) == compile_town(whole)


def test_what_stands_in_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    """The line is the one that an editor shows."""
    plan = load(cut(tmp_path))
    file, _, line = plan.attachment["juki.lan"].where.rpartition(":")
    said = Path(file).read_text("utf-8").splitlines()[int(line) - 1]

    assert Path(file).name == "work.yml"
    assert said.lstrip().startswith('lan: {at: "room:1"')


def test_a_change_in_any_file_is_a_change_of_the_plan(tmp_path: Path) -> None:
    """The digest that a run folder keeps is that of all files."""
    path = cut(tmp_path)
    before = load(path).sha256
    with (tmp_path / "parts" / "zones.yaml").open("a") as file:
        file.write("# a word\n")

    assert load(path).sha256 != before


def test_lists_and_ids_go_on(tmp_path: Path) -> None:
    """A sentence in another file comes behind those of the plan itself."""
    path = cut(tmp_path)
    text = path.read_text("utf-8")
    must = "must_drop:\n  - {number: 9, label: {ja: 逆, en: Back}, from: [S4], to: [D3]}\n"
    (tmp_path / "more.yaml").write_text(must, "utf-8")
    path.write_text(text.replace("[parts", "[more.yaml, parts"), "utf-8")

    assert [m.number for m in load(path).must_drop] == [1, 2, 3, 9]


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Whatever its name is: a plan reads nothing but its own files."""
    own = tmp_path / "own"
    own.mkdir()
    path = cut(own)
    zones = own / "parts" / "zones.yaml"
    zones.rename(tmp_path / "zones.yaml")
    zones.symlink_to(tmp_path / "zones.yaml")

    with pytest.raises(PlanError, match="is a link out of the plan's folder"):
        load(path)


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    """Two that lead to each other."""
    path = cut(tmp_path)
    zones, other = tmp_path / "parts" / "zones.yaml", tmp_path / "parts" / "other.yaml"
    zones.unlink()
    zones.symlink_to(other)
    other.symlink_to(zones)

    with pytest.raises(PlanError, match=r"zones\.yaml"):
        load(path)


def test_a_name_that_would_write_lines_of_its_own_is_refused(tmp_path: Path) -> None:
    """Such as one that ends in a forged verdict."""
    path = cut(tmp_path)
    text = path.read_text("utf-8").replace("[parts/zones.yaml", '["a\\nb.yaml"')
    path.write_text(text, "utf-8")

    with pytest.raises(PlanError, match="is no name of a file") as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 2  # one mistake and its hint


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x85"])
def test_lines_are_counted_as_yaml_counts_them(end: str, tmp_path: Path) -> None:
    """Behind a comment with line ends of its own, the next file's lines are still its own."""
    path = cut(tmp_path)
    zones = tmp_path / "parts" / "zones.yaml"
    text = zones.read_text("utf-8")
    zones.write_bytes(f"# a{end}# b{end}# c\n{text}".encode())
    plan = load(path)
    file, _, line = plan.attachment["juki.lan"].where.rpartition(":")

    said = Path(file).read_text("utf-8").splitlines()[int(line) - 1]
    assert said.lstrip().startswith('lan: {at: "room:1"')


def test_a_plan_of_several_files_is_written_as_one(tmp_path: Path) -> None:
    """As events need it that give the controller a plan with less."""
    data, whole = document(str(cut(tmp_path))), document(str(_TINY))

    assert data == whole


def test_a_file_that_cannot_be_read_is_told_with_the_line_that_names_it(tmp_path: Path) -> None:
    """Whatever keeps it: absent, a folder, too large."""
    path = cut(tmp_path)
    (tmp_path / "folder.yaml").mkdir()
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(5_000_000)
    names = "\n  - absent.yaml\n  - folder.yaml\n  - large.yaml"
    text = path.read_text("utf-8").replace("include: [parts/zones.yaml, parts/work.yml]", names)
    path.write_text(f"include:{text}", "utf-8")
    with pytest.raises(PlanError) as caught:
        load(path)
    large = "'large.yaml': is 5000000 bytes large; a plan has at most 4194304"

    assert [(f.file, f.line, f.text) for f in caught.value.faults] == [
        (str(path), 2, "include[1]: 'absent.yaml': there is no such file"),
        (str(path), 3, "include[2]: 'folder.yaml': not a file"),
        (str(path), 4, f"include[3]: {large}"),
    ]
