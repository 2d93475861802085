"""What is said about mistakes is said in the language that was asked for, and in one alone."""

from __future__ import annotations

import argparse
import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from sekisho.cli import main, parser
from sekisho.commands.helping import asked_for
from sekisho.intent.requirements import REQUIREMENTS
from sekisho.packet.packet import DropPoint, Reason
from sekisho.plan.keys import SECTIONS
from sekisho.scenario.keys import SECTIONS as OF_SITUATIONS
from sekisho.spoken import PHRASES, SENTENCES, VALUE, _joined, japanese, sentence
from sekisho.spoken.required import REQUIRED

ROOT = Path(__file__).parents[1]
ERRORS = sorted((ROOT / "tests").rglob("wrong/*.err"))
TABLES = {**SENTENCES, **PHRASES}
LINES = [(table, code, *pair) for table, own in TABLES.items() for code, pair in own.items()]

#: Latin words that may stand in a Japanese sentence: names of products and of protocols.
NAMES = """Sekisho Mininet OpenFlow Open vSwitch AppArmor Linux Ctrl-C SHA-256 IPv4 IPv6 SSID VLAN
    MAC IP UTF-8 UTF-16 YAML JSON SARIF JIS ISO-2022-JP NUL LGWAN TCP UDP Shift_JIS CP932 EUC-JP
    PLAN v2 N TTL ARP PV-10 M-23 T-000042 MN-04"""
#: Words of commands, and of the plan language where no table of keys has them.
COMMANDS = """sekisho sudo apt install make setup dmesg ulimit -Hn Hn n u timedatectl sysctl w
    topologies tiny yaml summary json run ip addr quarantine none en ja any all true false hall
    Hall SSID eth T08 physical logical dot breaks rules
    switch tcp expect reading dry chaos check prove up down exec resegment undo pc floor
    limits conf chmod udev modprobe openvswitch town-in-force
    hours ports docs plan md txt report svg kernel userspace"""


#: English words of lines that are otherwise alike in both languages.
_FEW = {"and", "is", "The", "argument"}


def _words(text: str) -> set[str]:
    """Return the Latin words that are part of a Japanese sentence, without values and options."""
    plain = re.sub(r"`[^`]*`|--[a-z0-9-]+|\+90m|%\([a-z]+\)s", " ", VALUE.sub(" ", text))
    return set(re.findall(r"[A-Za-z][A-Za-z0-9_-]*", plain))


def _known() -> set[str]:
    keys = {key for section in (*SECTIONS, *OF_SITUATIONS.values()) for key in section.keys}
    names = {key.name for key in keys} | {word for key in keys for word in key.choices}
    return names | set(NAMES.split()) | set(COMMANDS.split())


def test_every_sentence_is_there_once() -> None:
    """Two lines with one English text could say two things in Japanese."""
    counts = Counter(en for _, _, en, _ in LINES)

    assert [en for en, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[0]}.{line[1]}")
def test_both_languages_say_the_same_values(line: tuple[str, str, str, str]) -> None:
    """A value that is lost would be missed, and one that is not there could not be shown."""
    english, said = (Counter(VALUE.findall(text.replace("{{", ""))) for text in line[2:])

    assert set(said) == set(english)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[0]}.{line[1]}")
def test_japanese_has_no_english_words(line: tuple[str, str, str, str]) -> None:
    """Names, words of the plan language and of the command line stay; nothing else does."""
    odd = _words(line[3]) - _known()

    assert odd == set()
    assert re.search("[ぁ-んァ-ヶ一-龠]", line[3]) or _words(line[2]) <= _known() | _FEW


@pytest.mark.parametrize("path", ERRORS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_mistake_in_a_file_is_told_in_japanese(path: Path) -> None:
    """Each line of each golden text: nothing English is left but the place and what is quoted."""
    for line in path.read_text("utf-8").splitlines():
        said = japanese(line)
        plain = re.sub(r"^\S+:(\d+:)? |'[^']*'|\([A-Z0-9_ ()]+\)", "", said)

        assert said != line
        assert not re.search(r"[a-z]{2,} [a-z]{2,} ", plain), said
        assert not _JOINTS.search(plain), said


#: Small English words that join values; in quotes they are somebody's own.
_JOINTS = re.compile(r"(?<![^\s、。(])(or|and|known|one|is|the|not|with|choose)[ :]")


_PLAIN = [line for line in LINES if VALUE.search(line[2]) and not re.search(r":w}|} {", line[2])]


@pytest.mark.parametrize("line", _PLAIN, ids=lambda line: f"{line[0]}.{line[1]}")
def test_lists_of_values_are_joined_in_japanese(line: tuple[str, str, str, str]) -> None:
    """A value may itself be ``a or b``: no English is left between the values, in any sentence."""
    for values in ("7 or 8", "7, 8 and 9", "'x or y' or 'z'"):
        said = japanese(VALUE.sub(lambda v, own=values: own, line[2]))  # type: ignore[misc]
        plain = re.sub("'[^']*'", "", said)

        assert not re.search("[789z] (or|and) ", plain), said


def test_a_list_of_values_is_joined_and_other_text_is_not() -> None:
    """What the machine says, and what is quoted, stays as it is."""
    quoted = japanese("a.yaml:3: unknown key 'this or that'")

    assert "'this or that'" in quoted
    assert _joined("No such file or directory") == "No such file or directory"
    assert _joined("a, b and c") == "a、bとc"
    assert _joined("'a or b' or c") == "'a or b'かc"


@pytest.mark.parametrize("folder", ["sekisho", "scenarios", "topologies", "controller"])
def test_every_hint_in_the_code_has_its_japanese(folder: str) -> None:
    """Wherever it is given: a hint is what helps."""
    untold = [
        f"{path.name}:{number}: {line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, text in _strings(path)
        for line in text.split("\n")
        if line.startswith("  hint: ")
        and not re.match("sudo chmod|--", line[8:])  # words of the command line alone
        and not _VALUES.fullmatch(line[8:])
        and not _is_told(line)
    ]

    assert untold == []


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that have words, with a value in the place of each field."""
    tree = ast.parse(path.read_text("utf-8"))
    parts = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _TELLING:
            for text in (*node.args, *(k.value for k in node.keywords)):
                yield from _texts(text, parts)


_TELLING = (
    "UsageError",
    "ScalarError",
    "fault",
    "_error",
    "Fault",
    "_not",
    "LabError",
    "SealError",
    "RefusedError",
    "refused",
    "refuse",
)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _texts(node: ast.expr, parts: set[int]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr):
        fields = (p.value if isinstance(p, ast.Constant) else "'7'" for p in node.values)
        yield node.lineno, "".join(map(str, fields))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
        yield node.lineno, node.value


#: Texts that are only values, or parts of a sentence that is whole elsewhere.
_VALUES = re.compile(
    r"'7'[ '7]*: '7'|'7' is the '7' .*|[\w'.\[\]]*|'7' \(line '7'\)|(key|port) '7' '7'|a '7'|"
    r"write '7''7'-'7'|sekisho vm .*"
)


def _is_told(line: str) -> bool:
    """Tell whether a table has *line*, whatever stands in the place of its values."""
    known = {VALUE.sub("'7'", en) for _, _, en, _ in LINES}
    return line in known or japanese(line) not in (line, line.replace("hint", "対処"))


#: Folders whose texts are for engineers, or are in both languages where they stand.
_OTHERWISE = {"model", "report", "spoken", "vm", "web"}
_FOLDERS = sorted({p.parent.name for p in (ROOT / "sekisho").glob("*/__init__.py")} - _OTHERWISE)


@pytest.mark.parametrize("folder", [*_FOLDERS, "."])
def test_every_mistake_in_the_code_has_its_japanese(folder: str) -> None:
    """A sentence that somebody adds has to be put into a table, too."""
    untold = [
        f"{path.name}:{number}: {line}"
        for path in sorted((ROOT / "sekisho" / folder).glob("*.py"))
        if path.stem not in ("table_faults", "plan_faults")
        for number, text in _strings(path)
        for line in text.split("\n")
        if not _VALUES.fullmatch(line.removeprefix("  hint: ")) and not _is_told(line)
    ]

    assert untold == []


@pytest.mark.parametrize("folder", ["scenarios", "topologies", "controller"])
def test_what_stops_a_run_or_a_town_has_its_japanese(folder: str) -> None:
    """But for the benches, which engineers alone start."""
    untold = [
        f"{path.relative_to(ROOT)}:{number}: {line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "bench" not in path.parts
        for number, text in _strings(path)
        for line in text.split("\n")
        if not _OF_VALUES.fullmatch(line) and not _is_told(line)
    ]

    assert untold == []


#: Values with nothing between them but colons; a key with its value; words of the command line.
_OF_VALUES = re.compile(r"[\w'\[\].]*|'7'(: '7')+|  hint: (icmp|--\w+ \w+)")


_JUDGING = ("_distrust", "_verdict", "_allowed", "_denied", "_unattributed_drop")


def test_every_reason_of_a_verdict_has_its_japanese() -> None:
    """What the judge says of a case stands in reports in the language of the reader."""
    tree = ast.parse((ROOT / "sekisho" / "judge" / "judge.py").read_text("utf-8"))
    own = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in _JUDGING]
    nodes = [node for function in own for node in ast.walk(function)]
    texts = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    inner = {id(part) for text in texts for part in ast.walk(text) if part is not text}
    inner |= {id(f.body[0].value) for f in own if isinstance(f.body[0], ast.Expr)}  # docstrings
    outer = [n for n in nodes if isinstance(n, ast.JoinedStr | ast.Constant) and id(n) not in inner]
    told = [text for node in outer for _, text in _texts(node, inner) if " " in text]
    told.remove("the sender, as an answer")  # a place in another sentence

    assert len(own) == len(_JUDGING)
    assert len(told) > 15
    assert [text for text in told if not _is_told(text)] == []


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_every_dropping_rule_is_named_in_japanese(reason: Reason) -> None:
    """With the cell or the port, and the switch, as they are called."""
    for key in ("S1/D2",) if reason is Reason.CELL else ("", "7"):
        said = sentence(f"{DropPoint(reason.value, 'floor', key)} counted 3 of 4 copies")

        assert said.startswith("floor の")
        assert said.endswith("の遮断規則 が数えたのは4個のうち3個")
        assert key in said


def test_requirements_are_called_what_they_are() -> None:
    """The table of sentences repeats the words of the rules of a town."""
    assert {r.id: (r.label.en, r.label.ja) for r in REQUIREMENTS} == REQUIRED


def test_keys_that_can_be_missing_are_explained() -> None:
    """A hint says what the missing one means."""
    keys = [key for section in (*SECTIONS, *OF_SITUATIONS.values()) for key in section.keys]
    needed = {key.meaning for key in keys if key.required or key.since > 1}

    assert [meaning for meaning in needed if not sentence(meaning)] == []


def _helps(of: argparse.ArgumentParser) -> Iterator[str]:
    yield of.format_help()
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _helps(each)


def test_help_is_japanese_where_that_was_asked_for() -> None:
    """Every line of every command; metavariables and options are names."""
    english, said = list(_helps(parser("en"))), list(_helps(parser("ja")))
    lines = [line for text in said for line in text.splitlines() if not line.startswith("  --")]
    left = [line for line in lines if re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", line)]

    assert len(english) == len(said) > 20
    assert [line for line in left if "使い方" not in line] == []
    assert not re.search("[ぁ-んァ-ヶ一-龠]", "".join(english))


@pytest.mark.parametrize(
    ("words", "language"),
    [
        (["--lang", "ja", "check"], "ja"),
        (["check", "--lang=en"], "en"),
        (["--lang", "en", "check", "--lang", "ja"], "ja"),
        (["check", "--lang", "fr"], "unsaid"),
        (["exec", "nb", "--", "tool", "--lang", "ja"], "unsaid"),
        (["frob", "--lang"], "unsaid"),
    ],
)
def test_the_words_of_a_command_choose_the_language(words: list[str], language: str) -> None:
    """Before the command or behind it, well-formed or not; another program's are its own."""
    assert asked_for(words, "unsaid") == language


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("ja", "absent.yaml: ファイルがない\n  対処: 場所と名前を確かめる\n"),
        ("en", "absent.yaml: there is no such file\n  hint: check the path\n"),
    ],
)
def test_a_complaint_is_in_the_language_that_was_asked_for(
    language: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Wherever the option stands."""
    monkeypatch.chdir(tmp_path)
    for words in (["--lang", language, "plan", "lint"], ["plan", "lint", "--lang", language]):
        assert main([*words, "absent.yaml"]) == 2
        assert capsys.readouterr().err == told


def test_wrong_words_are_told_in_japanese(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage, too."""
    with pytest.raises(SystemExit):
        main(["--lang", "ja", "check", "--suite", "most"])
    told = capsys.readouterr().err

    assert told.startswith("使い方: sekisho check")
    assert told.endswith(
        "誤り: --suite: 'most' は使えない(次から選ぶ: 'smoke'、'gate'、'full'、'coverage')\n"
    )


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["plan", "lint", "--strickt"], "plan lint"),
        (["plan", "draw", "a.yaml", "b.yaml"], "plan draw"),
        (["check", "--sweet", "full"], "check"),
        (["vm", "run", "--cores", "2"], "vm run"),
        (["who", "a.yaml", "pc", "x"], "who"),
        (["--strickt", "doctor"], ""),
    ],
)
def test_a_word_that_nobody_knows_is_told_with_the_usage_of_its_command(
    words: list[str], command: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has mistyped an option looks for those of this command."""
    with pytest.raises(SystemExit) as end:
        main(["--lang", language, *words])
    usage = {"ja": "使い方", "en": "usage"}[language]
    told = capsys.readouterr().err

    assert end.value.code == 2
    assert told.startswith(f"{usage}: sekisho {command}".rstrip() + " [-h]")
    assert f"sekisho {command}".rstrip() + ": " in told.splitlines()[-1]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_of_a_usage_stand_under_each_other(
    columns: int, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the command; a sign of Japanese takes two columns, and no line is too long."""
    monkeypatch.setenv("COLUMNS", str(columns))
    texts = [text.split("\n\n")[0].splitlines() for text in _helps(parser(language))]
    many = [lines for lines in texts if len(lines) > 1]

    assert len(many) > 3
    for first, *rest in many:
        at = cell_len(first[: first.index(" [-h]") + 1])
        assert {len(line) - len(line.lstrip()) for line in rest} == {at}
        assert max(map(cell_len, (first, *rest))) <= columns


def test_what_no_table_has_stays_as_it_is() -> None:
    """Half a translation would be worse; the values of a sentence are never translated."""
    assert japanese("somewhere: something unheard-of") == "somewhere: something unheard-of"
    assert japanese("a.yaml:3: sites.x: unknown key 'the file is empty'") == (
        "a.yaml:3: sites.x: 'the file is empty' という項目はない"
    )


def test_a_member_of_a_series_is_named_in_japanese() -> None:
    """Behind the place."""
    line = "a.yaml:3: devices.nb-4.at (4 of 9 of the series 'nb'): switch 'sw' has no port 9"

    assert japanese(line) == (
        "a.yaml:3: devices.nb-4.at (連番nbの9台のうち4台目): スイッチ 'sw' にポート9はない"
    )
    assert japanese(line.replace("'nb')", "'nb' and 5 more)")) == (
        "a.yaml:3: devices.nb-4.at (連番nbの9台のうち4台目、ほか5台も同じ): "
        "スイッチ 'sw' にポート9はない"
    )
