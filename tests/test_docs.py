"""The documents tell the truth: their commands run, their files exist, no option is left out."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.cli import parser

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TUTORIALS = {"README.md": "en_US.UTF-8", "README.ja.md": "ja_JP.UTF-8"}
PACKAGES = "sekisho|topologies|controller|scenarios|tests|docs"

_BLOCK = re.compile(r"<!-- run(: live)? -->\n```console\n(.*?)```", re.S)
_LIMIT_S = 120


def blocks(page: str, *, live: bool) -> str:
    """Return the marked console blocks of *page*, one after the other."""
    text = (ROOT / page).read_text("utf-8")
    return "".join(body for is_live, body in _BLOCK.findall(text) if bool(is_live) is live)


def steps(console: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of *console* with the lines that are quoted below it."""
    for part in re.split(r"^\$ ", console, flags=re.M)[1:]:
        command, *quoted = part.splitlines()
        yield command, quoted


def pattern(quoted: list[str]) -> str:
    """Return a pattern for *quoted* lines; three dots stand for any text, or any lines."""
    lines = [
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
        for line in quoted
    ]
    return "".join(lines)


def run(command: str, folder: Path, language: str) -> str:
    """Run *command* as a reader would; return what it said, without blanks at line ends."""
    tool = folder / "bin" / "sekisho"
    if not tool.exists():
        tool.parent.mkdir()
        words = f"env LC_ALL={language} {shlex.quote(sys.executable)} -m sekisho.cli"
        tool.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        tool.chmod(0o755)
        (folder / "topologies").symlink_to(ROOT / "topologies")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{tool.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "COLUMNS": "100",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=_LIMIT_S,
        check=False,
    )
    said = done.stdout or (done.stderr if done.returncode else "")
    return "".join(f"{line.rstrip()}\n" for line in said.splitlines())


def check_steps(console: str, folder: Path, language: str) -> None:
    """Run *console* and compare what it quotes."""
    for command, quoted in steps(console):
        said = run(command, folder, language)
        assert re.fullmatch(pattern(quoted), said), f"$ {command}\n{said}"


@pytest.mark.parametrize("page", TUTORIALS)
def test_the_commands_of_a_tutorial_say_what_it_quotes(page: str, tmp_path: Path) -> None:
    """Those that need no network."""
    console = blocks(page, live=False)

    assert console
    check_steps(console, tmp_path, TUTORIALS[page])


@pytest.mark.live
@pytest.mark.parametrize("page", TUTORIALS)
def test_the_town_of_a_tutorial_does_what_it_quotes(page: str, tmp_path: Path) -> None:
    """Checked, kept, entered, broken by hand, and ended."""
    console = blocks(page, live=True)

    assert console
    try:
        check_steps(console, tmp_path, TUTORIALS[page])
    finally:
        run("sekisho down", tmp_path, TUTORIALS[page])


def test_both_readmes_run_the_same_commands() -> None:
    """They are one text in two languages."""
    english, japanese = (
        [command for live in (False, True) for command, _ in steps(blocks(page, live=live))]
        for page in TUTORIALS
    )

    assert english == japanese


def commands(of: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every command with its options and operands."""
    words: set[str] = set()
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for key, child in action.choices.items():
                yield from commands(child, f"{name} {key}")
            return
        if action.help == argparse.SUPPRESS or "--help" in action.option_strings:
            continue
        words |= set(action.option_strings) or {str(action.metavar).split()[-2:][0]}
    yield name, words


def sections() -> dict[str, str]:
    """Return the chapters of ``docs/cli.md``, each by the command in its title."""
    text = (ROOT / "docs" / "cli.md").read_text("utf-8")
    return dict(re.findall(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", text, re.M | re.S))


def options_of_benches() -> set[str]:
    """Return the options that the bench's own help lists."""
    words = [sys.executable, "-m", "scenarios.bench", "--help"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}


def test_every_command_and_option_is_documented_and_no_other() -> None:
    """The page of the command line and the command line itself name the same words."""
    told = {name: set(re.findall(r"--[a-z][a-z0-9-]+", text)) for name, text in sections().items()}
    common = {"--lang"}
    found = {
        name: {word for word in words if word.startswith("--")} - common
        for name, words in commands(parser(), "sekisho")
    }
    found["python -m scenarios.bench"] = options_of_benches()

    assert {name: told[name] - {"--", "--help"} for name in found if name in told} == found


def test_every_operand_is_documented() -> None:
    """PLAN, RUN, HOST: each in the line that shows the command."""
    chapters = sections()
    missing = [
        (name, word)
        for name, words in commands(parser(), "sekisho")
        for word in words
        if not word.startswith("-") and word not in chapters[name]
    ]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """Links, and paths in the text."""
    text = page.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    absent = [link for link in links if not (page.parent / link).exists()]
    paths = re.findall(rf"(?<![\w/.-])((?:{PACKAGES})/[\w./-]*\w)(?![\w*<{{])", text)
    absent += [path for path in paths if not (ROOT / path).exists()]

    assert absent == []


def test_every_page_is_in_the_index() -> None:
    """Each page of `docs/` once, and both tutorials lead to it."""
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    linked = re.findall(r"\]\(([a-z.-]+\.md)\)", index.partition("| page |")[2])
    pages = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"]

    assert sorted(linked) == sorted(pages)
    for page in TUTORIALS:
        assert "(docs/README.md)" in (ROOT / page).read_text("utf-8")


def test_the_layout_is_that_of_the_disk() -> None:
    """Every package and every folder in one, and nothing that is not there."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    tree = re.search(r"^```\n(sekisho/ .*?)```", text, re.M | re.S)
    assert tree is not None
    told, top = set(), ""
    for line in tree[1].splitlines():
        name = line.split("/")[0]
        top = top if name.startswith(" ") else name
        told.add(f"{top}/{name.strip()}" if name.startswith(" ") else name)
    packages = [path.parent for path in ROOT.glob("*/__init__.py")]
    inner = [path.parent for package in packages for path in package.glob("*/__init__.py")]
    found = {str(path.relative_to(ROOT)) for path in (*packages, *inner)}

    assert told == {name for name in found if not name.startswith("tests/")} | {"docs"}
