"""Words and signs are chosen that the output can carry, and no two signs become alike."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sekisho.commands.screen import encoding, language
from sekisho.evidence.verdict import Verdict
from sekisho.text.printable import SIGNS, carried
from tests.sekisho.report.fake_run import write_run

ROOT = Path(__file__).parents[3]
MARKS = ("○", "×", "△", "◇", "－")


def said(folder: Path, *words: str, **environment: str) -> str:
    """Return what a command writes to a pipe in *environment*, as bytes read as Latin-1."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "sekisho.cli", *words],
        cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **environment},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == b""
    return done.stdout.decode("latin-1")


def every_verdict(folder: Path) -> Path:
    """Write a run with a case of every verdict."""
    return write_run(folder, verdicts=dict(enumerate(Verdict)))


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"},
     {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii", "LANG": "ja_JP.UTF-8"}],
    ids=str,
)  # fmt: skip
def test_where_ascii_alone_is_carried_all_is_ascii_and_english(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """The four signs stay apart, and nothing becomes a question mark."""
    out = said(tmp_path, "report", str(every_verdict(tmp_path / "run")), **environment)
    plan = said(tmp_path, "plan", "show", str(ROOT / "topologies/matsuno.yaml"), **environment)

    assert out.isascii()
    assert plan.isascii()
    assert "?" not in out + plan
    assert "o as planned  x leak or over-block  ! unattributed drop  * inconclusive" in out
    assert re.search(r"^S\d+ .* [ox!-] ", out, re.M)
    assert "\nverdict FAIL: " in out


def test_japanese_that_is_wanted_keeps_its_signs_apart(tmp_path: Path) -> None:
    """Its words are lost, its signs and numbers are not."""
    out = said(
        tmp_path, "report", str(every_verdict(tmp_path / "run")), "--lang", "ja",
        PYTHONIOENCODING="ascii",
    )  # fmt: skip

    assert re.search(r"o \?+  x \?+ +! \?+ +\* \?+\s+- ", out)


@pytest.mark.parametrize("name", ["utf-8", "cp932", "shift_jis", "euc_jp", "latin-1", "ascii"])
def test_no_two_signs_become_alike(name: str) -> None:
    """In any encoding that terminals here have, and with every one carried."""
    shown = [carried(sign, name) for sign in MARKS]

    assert len(set(shown)) == len(MARKS)
    for sign in shown:
        sign.encode(name)


def test_a_sign_is_as_wide_as_what_stands_for_it() -> None:
    """Or columns would not stand under one another."""
    wide = {"－": 2, "、": 2}

    assert {sign: len(other) for sign, other in SIGNS.items()} == {
        sign: wide.get(sign, 1) for sign in SIGNS
    }


def test_what_is_carried_stays() -> None:
    """UTF-8 carries all, and cp932 the marks and Japanese."""
    text = "○×△◇－ 町 → 判定"

    assert carried(text, "utf-8") == text
    assert carried(text, "cp932") == text
    assert carried("町 ○", "no-such-encoding") == "町 o"


@pytest.mark.parametrize(
    ("environment", "own", "found"),
    [
        ({}, "utf-8", "utf-8"),
        ({"LANG": "C.UTF-8"}, "utf-8", "utf-8"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "utf-8", "ascii"),
        ({"LANG": "C", "LC_ALL": "ja_JP.UTF-8"}, "utf-8", "utf-8"),
        ({"LC_CTYPE": "POSIX"}, "utf-8", "ascii"),
        ({"LC_ALL": "C", "PYTHONUTF8": "1"}, "utf-8", "utf-8"),
        ({"LC_ALL": "C", "PYTHONIOENCODING": "cp932"}, "cp932", "cp932"),
    ],
)
def test_the_locale_says_what_is_carried(environment: dict[str, str], own: str, found: str) -> None:
    """Python writes UTF-8 in the locale C; a terminal of that locale may not read it."""
    assert encoding(own, environment) == found


@pytest.mark.parametrize(
    ("environment", "own", "spoken"),
    [
        ({}, "utf-8", "ja"),
        ({}, "ascii", "en"),
        ({}, "latin-1", "en"),
        ({"LANG": "C.UTF-8"}, "utf-8", "ja"),
        ({"LC_ALL": "C"}, "utf-8", "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ascii", "en"),
        ({"LANG": "ja_JP.eucJP"}, "euc_jp", "ja"),
        ({"LANG": "en_GB.UTF-8"}, "utf-8", "en"),
    ],
)
def test_the_language_is_one_that_is_carried(
    environment: dict[str, str], own: str, spoken: str
) -> None:
    """English everywhere else than where Japanese can be read."""
    assert language(environment, own) == spoken


def test_json_stays_json(tmp_path: Path) -> None:
    """On an output that carries ASCII alone it uses its own escapes."""
    code = (
        "import sys; from pathlib import Path; from argparse import Namespace;"
        "from sekisho.commands.check import _show; from sekisho.commands.screen import screen;"
        "from sekisho.report.reading import read;"
        "_show(read(Path(sys.argv[1])), Namespace(json=True), screen().out)"
    )
    folder = write_run(tmp_path / "run", aborted="停電\x9b")
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip

    assert b'"aborted": "\\u505c\\u96fb\\u009b"' in done.stdout
