"""The plugin for pytest: the 20 lines of its manual, and the faults that such tests must tell."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sekisho.model import JST

ROOT = Path(__file__).parents[2]
TINY = ROOT / "topologies" / "tiny.yaml"
pytestmark = pytest.mark.live
_LONG_S = 240.0
_PLUGIN = ("-p", "no:cacheprovider", "-p", "no:randomly")
_HEAD = "import pytest\npytestmark = pytest.mark.sekisho_plan('tiny.yaml')\n"


def _tests(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on *text*, beside the tiny plan, in a project of its own."""
    (folder / "tiny.yaml").write_bytes(TINY.read_bytes())
    (folder / "pytest.ini").write_text("[pytest]\n")
    if text:
        (folder / "test_town.py").write_text(text)
    command = [sys.executable, "-m", "pytest", *_PLUGIN, *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_LONG_S, check=False
    )


def _example() -> str:
    """The test file of the manual."""
    manual = (ROOT / "docs" / "testing.md").read_text("utf-8")
    found = re.search(r"```python\n(.*?)```", manual, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_manual_has_a_test_file_of_twenty_lines(tmp_path: Path) -> None:
    """It passes on the tiny plan, as it stands in the manual."""
    assert len(_example().splitlines()) <= 20
    done = _tests(tmp_path, _example())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_what_is_not_so_fails_at_the_users_line_with_every_witness(tmp_path: Path) -> None:
    """A packet that the plan drops does not reach, and one that it permits is not dropped."""
    text = _HEAD + (
        "def test_one(town):\n    town.reaches('nb.wireless', 'juki', 'https')\n"
        "def test_two(town):\n    town.is_dropped('nb.wired', 'juki', 'https')\n"
        "def test_three(town):\n    town.is_dropped('nb', 'juki', 'https')\n"
    )
    done = _tests(tmp_path, text)
    assert done.returncode == 1
    assert re.search(r"^> +town\.reaches\('nb\.wireless', 'juki', 'https'\)", done.stdout, re.M)
    assert re.search(r"plan +drops it.*tiny\.yaml:\d+", done.stdout)
    assert re.search(r"rule +.*1 of 1 counted", done.stdout)
    assert re.search(r"plan +permits it by A01: .*tiny\.yaml:\d+", done.stdout)
    assert "nb: has several attachments" in done.stdout
    assert "hint: one of nb.wired, nb.wireless" in done.stdout
    assert "sekisho/testing" not in done.stdout.replace("\\", "/")


def test_a_hole_in_a_running_town_is_told(tmp_path: Path) -> None:
    """The instrument of the assertion sees a leak: both switches let a packet by."""
    text = _HEAD + (
        "import subprocess, sys\n"
        "def test_hole(town):\n"
        "    for switch in ('floor', 'room'):\n"
        "        flow = 'table=5,priority=300,ip,actions=goto_table:8'\n"
        "        line = f'sh ovs-ofctl -O OpenFlow13 add-flow {switch} {flow}'\n"
        "        words = [sys.executable, '-c', 'from sekisho.cli import main; main()', 'shell',\n"
        "                 f'--town={town.folder}']\n"
        "        subprocess.run(words, input=line, text=True, check=True, capture_output=True)\n"
        "    answer = town.ask('nb.wireless', 'juki.lan', 'tcp/443')\n"
        "    assert answer['verdict'] == 'leak', answer\n"
        "    town.is_dropped('nb.wireless', 'juki.lan', 'tcp/443')\n"
    )
    done = _tests(tmp_path, text.replace("'tiny.yaml'", "'tiny.yaml', heals=False"))
    assert done.returncode == 1, done.stdout
    assert "leak: it arrived, and must not" in done.stdout


def test_sentences_of_page_one_are_items(tmp_path: Path) -> None:
    """One item a sentence; what no check decides is skipped, and says so."""
    done = _tests(tmp_path, "", "tiny.yaml", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"tiny\.yaml::must_drop-1 PASSED", done.stdout)


def test_a_plan_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    """A plan that cannot be read is an error of collection, with its line."""
    (tmp_path / "wrong.yaml").write_text(TINY.read_text("utf-8").replace("to: D1", "to: D9", 1))
    done = _tests(tmp_path, "", "wrong.yaml")
    assert done.returncode != 0
    assert re.search(r"wrong\.yaml:\d+", done.stdout)


def test_a_plan_that_is_not_there_ends_the_session(tmp_path: Path) -> None:
    """Sentences that were to be tested are not left out in silence."""
    done = _tests(tmp_path, "def test_one():\n    pass\n", "-o", "sekisho_sentences=tinny.yaml")
    assert done.returncode != 0
    assert "tinny.yaml: no such plan" in done.stdout + done.stderr


def test_a_rule_that_rests_drops(tmp_path: Path) -> None:
    """What may be opened at other hours alone is dropped now, and the plan says so."""
    later = datetime.now(JST) + timedelta(hours=3)
    hours = f"{later:%H}:00-{later:%H}:30"
    text = TINY.read_text("utf-8").replace(
        "  - id: A02\n", f'  - id: A02\n    hours: ["{hours}"]\n'
    )
    (tmp_path / "hours.yaml").write_text(text, "utf-8")
    tests = _HEAD.replace("tiny.yaml", "hours.yaml") + (
        "def test_one(town):\n    town.is_dropped('nb.wired', 'www', 'https')\n"
        "def test_two(town):\n    town.reaches('nb.wired', 'www', 'https')\n"
    )
    done = _tests(tmp_path, tests)
    assert "1 failed, 1 passed" in done.stdout
    assert re.search(r"plan +drops it.*hours\.yaml:\d+", done.stdout)


def test_a_plan_that_is_changed_meanwhile_is_asked_nothing(tmp_path: Path) -> None:
    """The town was made from another: neither answer would be about this plan."""
    text = _HEAD + (
        "def test_one(town):\n"
        "    with town.plan.open('a') as file:\n        file.write('# changed\\n')\n"
        "    town.is_dropped('nb.wireless', 'juki', 'https')\n"
    )
    done = _tests(tmp_path, text)
    assert done.returncode == 1
    assert "tiny.yaml: was changed after the town was started" in done.stdout


def test_a_marker_takes_no_other_words(tmp_path: Path) -> None:
    """A slip of the pen would test another town, or a healing one."""
    for words in ("'tiny.yaml', heal=False", "plan='tiny.yaml'"):
        text = f"import pytest\n@pytest.mark.sekisho_plan({words})\ndef test_one(town):\n    pass\n"
        done = _tests(tmp_path, text)
        assert done.returncode == 1
        assert "TypeError" in done.stdout


def test_a_test_without_a_plan_says_what_to_write(tmp_path: Path) -> None:
    """Neither marker nor setting."""
    done = _tests(tmp_path, "def test_one(town):\n    pass\n")
    assert done.returncode == 1
    assert "@pytest.mark.sekisho_plan('town.yaml')" in done.stdout
