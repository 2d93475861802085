"""No character that commands a terminal, turns text around or hides reaches a terminal or a log."""

from __future__ import annotations

import argparse
import io
import logging
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from sekisho.cli import main, parser
from sekisho.commands.changed import show_history
from sekisho.commands.screen import screen
from sekisho.errors import PlanError, UsageError
from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.model.changes import Change
from sekisho.plan import load
from sekisho.resegment.journal import Journal
from sekisho.text.printable import ONE_LINE, UNPRINTABLE, PrintableFormatter, fault, printable, said
from sekisho.web.shapes import Move, Opening, Undo
from tests.sekisho.report.fake_run import put_cases, raw_cases, write_run

ROOT = Path(__file__).parents[3]
#: Clears the screen, names the window, C1's own introducer, a bell, turns text around, hides.
HAZARDS = "\x1b[2J\x1b]0;z\x07\x9b31m\x08\u202eTXT\u2066\u200b\x7f"
ODD = [chr(n) for n in (*range(9), *range(11, 32), *range(127, 160), 0xD800, 0xDFFF, 0x202E)]


def raw(text: str) -> list[str]:
    """Return the hazards in *text* that would have reached a terminal."""
    return sorted(set(UNPRINTABLE.findall(text)))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: f"U+{ord(odd):04X}")
def test_every_such_character_is_written_out(odd: str) -> None:
    """In a form that JSON reads as the same text."""
    shown = printable(f"a{odd}b")

    assert shown == f"a\\u{ord(odd):04x}b"
    if unicodedata.category(odd) != "Cs":
        assert orjson.loads(f'"{shown}"') == f"a{odd}b"


def test_text_stays_as_it_is() -> None:
    """Japanese, accents, full width, signs, line ends and tabs."""
    text = "松野町 総務課\n\tÉlise ｱｲ ○×△－ … → 𠮷 👩"

    assert printable(text) == text


def test_every_character_of_a_dangerous_kind_is_known() -> None:
    """All controls and surrogates of Unicode, and whatever is about the direction of text."""
    told = {chr(n) for n in range(sys.maxunicode + 1)
            if unicodedata.category(chr(n)) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(chr(n)) in
            ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")}  # fmt: skip

    assert {odd for odd in told if not UNPRINTABLE.match(odd)} == {"\t", "\n"}


def test_one_line_of_words_is_one_line() -> None:
    """The message shows where the words came in, and what is in them."""
    with pytest.raises(UsageError) as caught:
        said("x\x1b[2Jy\nz", "--reason")

    assert str(caught.value) == (
        "--reason 'x\\u001b[2Jy\\u000az': U+001B is no character for one line of text\n"
        "  hint: plain words on one line"
    )
    assert [bool(fault(text)) for text in ("総務課 田中", "a\nb", "a\tb", "")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_the_pattern_of_the_schema_says_the_same() -> None:
    """Whoever reads the description of the interface knows what is refused."""
    told = [chr(n) for n in range(0x3000) if not re.fullmatch(ONE_LINE, chr(n))]

    assert told == [chr(n) for n in range(0x3000) if fault(chr(n))]


def leaves(of: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command, once for each of its options and operands, with a hazard in that."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from leaves(child, (*words, name))
            yield (*words, HAZARDS)
            return
    operands = [a for a in of._actions if not a.option_strings and a.nargs != argparse.REMAINDER]
    required = tuple("nowhere" for a in operands if a.nargs is None)
    for action in of._actions:
        if action.nargs == 0:  # a switch
            continue
        if action.option_strings:
            yield (*words, *required, f"{action.option_strings[0]}={HAZARDS}")
        elif action.nargs == argparse.REMAINDER:
            continue
        else:
            yield (*words, *(HAZARDS for a in operands if a.nargs is None), HAZARDS)
    yield (*words, *required, f"--{HAZARDS}")


NEVER = {
    "vm",
    "demo",
    "up",
    "chaos",
    "mutate",
    "check",
    "accept",
    "plan",
    "prove",
}  # with a right plan


@pytest.mark.parametrize("words", list(leaves(parser())), ids=lambda words: " ".join(words[:2]))
def test_no_word_of_the_command_line_comes_back_raw(
    words: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Whatever option or operand it is given as; nothing of this boots a town."""
    monkeypatch.chdir(tmp_path)
    if words[0] in NEVER and not any("nowhere" in w or w == HAZARDS for w in words[1:]):
        words = (*words, "nowhere.yaml") if words[0] != "vm" else words[:1]
    try:
        status = main(list(words))
    except SystemExit as end:
        status = int(end.code or 0)
    out, err = capfd.readouterr()

    assert raw(out + err) == []
    assert status in (2, 3)


def test_free_words_are_refused_where_they_come_in(capfd: pytest.CaptureFixture[str]) -> None:
    """Before anything else is done: the record of a change is for ever."""
    for option, command in (("--reason", "resegment"), ("--by", "resegment"),
                            ("--tester", "check"), ("--witness", "check"),
                            ("--certificate", "prove")):  # fmt: skip
        assert main(["--lang", "en", command, f"{option}=a\x1b[2J"]) == 2
        assert capfd.readouterr().err == (
            f"{option} 'a\\u001b[2J': U+001B is no character for one line of text\n"
            "  hint: plain words on one line\n"
        )


def test_a_word_that_is_no_utf_8_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """It could be written into no record."""
    assert main(["--lang", "en", "check", os.fsdecode(b"caf\xe9.yaml")]) == 2
    assert capfd.readouterr().err == (
        "caf\\udce9.yaml: is not UTF-8\n  hint: give it a name without such bytes\n"
    )


@pytest.mark.parametrize("key", ["reason", "by"])
@pytest.mark.parametrize(
    ("shape", "rest"),
    [(Move, {"ports": ["a:1"], "to": "b"}), (Opening, {"link": "P28"}), (Undo, {})],
)
def test_the_interface_takes_no_such_words(
    key: str, shape: type[BaseModel], rest: dict[str, Any]
) -> None:
    """Neither with a move, nor with a permission, nor with an undo, which has no reason."""
    wanted = "U+001B is no character for one line"
    if key not in shape.model_fields:
        wanted = "Extra inputs are not permitted"
    else:
        shape.model_validate({**rest, key: "総務課"})

    with pytest.raises(ValidationError, match=re.escape(wanted)):
        shape.model_validate({**rest, key: "a\x1b[2J"})


def test_a_history_that_holds_them_is_shown_as_text(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A journal of before, or of somebody else's hand; markup of the table is text, too."""
    words = f"[bold]x[/wrong] :bomb: {HAZARDS}"
    Journal(tmp_path / "changes.jsonl").add(
        Change(1, "open" + HAZARDS, (), ("P28" + HAZARDS,), words, HAZARDS + "bob", 0.0, None)
    )
    show_history(tmp_path, "en", screen())
    out = re.sub(r"[\s│┃]", "", capfd.readouterr().out)

    assert raw(out) == []
    assert "u001b" in out


@pytest.mark.parametrize("form", ["terminal", "html", "junit"])
def test_a_report_shows_them_as_text(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    """From a case, a finding, the plan's own words, and why the run ended."""
    folder = write_run(tmp_path / "run", verdicts={3: Verdict.LEAK}, aborted="x" + HAZARDS)
    dirty = orjson.dumps("a destination" + HAZARDS)[1:-1]
    put_cases(folder, raw_cases(folder).replace(b"a destination", dirty))
    for name, words in (("findings.json", "priority"), ("manifest.json", "松野町")):
        path = folder / name
        dirty = orjson.dumps(words + HAZARDS)[1:-1]
        path.write_bytes(path.read_bytes().replace(words.encode(), dirty))
    seal_again(folder)

    assert main(["report", str(folder), "--format", form, "--lang", "ja"]) == 0
    assert raw(capfd.readouterr().out) == []


def test_a_log_shows_them_as_text() -> None:
    """In the message, in its arguments, and in a traceback."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(PrintableFormatter("%(levelname)s: %(message)s"))
    logger = logging.Logger("of-a-test")
    logger.addHandler(handler)
    try:
        raise ValueError(HAZARDS)
    except ValueError:
        logger.exception("a %s", HAZARDS)

    assert raw(out.getvalue()) == []
    assert "ValueError: \\u001b[2J" in out.getvalue()


@pytest.mark.parametrize("odd", ["\\e[2J", "\\u202e", "\\x9b", "\\x07", "\\u200b"])
def test_a_plan_with_such_a_name_is_wrong(tmp_path: Path, odd: str) -> None:
    """YAML's own escapes would let them in."""
    text = (ROOT / "topologies" / "tiny.yaml").read_text("utf-8")
    first = re.search(r"en: ([^,}\n]*)", text)
    assert first
    odd_text = text[: first.start(1)] + f'"a{odd}b"' + text[first.end(1) :]
    (tmp_path / "odd.yaml").write_text(odd_text, "utf-8")
    with pytest.raises(PlanError, match="which is no text\n  hint: take it out"):
        load(tmp_path / "odd.yaml")


def test_a_name_of_a_file_is_shown_as_text(tmp_path: Path) -> None:
    """By a whole process, on a terminal's two streams."""
    name = f"a{HAZARDS}.yaml".replace("/", "")
    done = subprocess.run(
        [sys.executable, "-m", "sekisho.cli", "plan", "lint", name],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert raw(done.stderr) == []
    assert "\\u001b[2J" in done.stderr
