"""Words of the command line that have new names still work, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.cli import main, parser
from sekisho.commands.retired import COMMANDS, OPTIONS, renewed

ROOT = Path(__file__).parents[3]
TINY = str(ROOT / "topologies" / "tiny.yaml")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("disturb p.yaml --situation x", "chaos p.yaml --scenario x"),
        ("disturb --seed=4 --only line-cut", "chaos --token=4 --only line-cut"),
        ("--lang ja plan check p.yaml", "--lang ja plan lint p.yaml"),
        ("--lang=en plan relays", "--lang=en plan paths"),
        ("plan show --run r", "plan show --town r"),
        ("check --situation=a --situation b", "check --scenario=a --scenario b"),
        ("up --no-heal", "up --no-repair"),
        (
            "vm run --limit 9 --boot 3 check p.yaml",
            "vm run --timeout 9 --boot-timeout 3 check p.yaml",
        ),
        ("vm shell --limit 9", "vm shell --timeout 9"),
    ],
)
def test_retired_words_are_read_as_the_new_ones(given: str, read: str) -> None:
    """And the parser takes what they are read as."""
    words, notes = renewed(given.split())

    assert words == read.split()
    assert notes
    parser().parse_args(words)


@pytest.mark.parametrize(
    "words",
    [
        "check --seed 3",
        "mutate --seed 3",
        "vm run --exec -- pytest --limit 3",
        "vm run --cpus 2 prog --limit 3",
        "exec pc.lan -- disturb --no-heal",
        "up -- --no-heal",
        "prove disturb",
        "--lang",
        "",
    ],
)
def test_words_of_others_are_left_alone(words: str) -> None:
    """Those of another command, and those that are handed to another program."""
    assert renewed(words.split()) == (words.split(), [])


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "note: 'plan check' is now 'plan lint'; the next release takes that alone\n"),
        (
            "ja",
            "お知らせ: 'plan check' は 'plan lint' に変わった(次の版からは新しい名前だけになる)\n",
        ),
    ],
)
def test_a_note_goes_to_standard_error(
    language: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result is the same, and stands alone on standard output."""
    assert main(["--lang", language, "plan", "lint", TINY]) == 0
    result = capsys.readouterr()

    assert main(["--lang", language, "plan", "check", TINY]) == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == (result.out, told + result.err)


def test_no_retired_word_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """They are hidden: help names the new ones alone."""
    for new in (*COMMANDS.values(), *OPTIONS):
        with pytest.raises(SystemExit):
            main(["--lang", "en", *new, "--help"])
        shown = capsys.readouterr().out
        assert [old for old in OPTIONS.get(new, {}) if f"{old} " in shown] == []
    with pytest.raises(SystemExit):
        main(["--lang", "en", "--help"])
    assert "disturb" not in capsys.readouterr().out


def test_the_documentation_lists_every_retired_word() -> None:
    """Whoever finds one in an old script looks there."""
    text = (ROOT / "docs" / "cli.md").read_text("utf-8")
    chapter = text.partition("## Words that have new names")[2].partition("\n## ")[0]

    old = {" ".join(words) for words in COMMANDS} | {o for own in OPTIONS.values() for o in own}
    assert [word for word in sorted(old) if f"`{word}`" not in chapter] == []
