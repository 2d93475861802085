"""The suite ``coverage`` on the page and on the screen: its size, its bound, and dead rules."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from sekisho.errors import UsageError
from sekisho.evidence.dead_rules import DeadReason
from sekisho.evidence.seal import seal_again
from sekisho.report import coverage, plan_lines
from sekisho.report.probe_set import chapter, dead_lines, words
from sekisho.report.reading import RunRecord, read
from tests.sekisho.report.fake_run import write_run

_RULE = {"switch": "floor", "table": 5, "name": "DROP_CELL 1 1", "text": "table=5, priority=100"}
_SET = {
    "probes": 84,
    "bound": 83,
    "conversations": 6,
    "rules": 154,
    "live": 152,
    "met": 151,
    "short": [{**_RULE, "due": 4, "counted": 1}],
    "untried": [],
    "odd": [],
    "dead": {"taken": 2},
    "dead_rules": [{**_RULE, "why": "taken", "by": ["priority=300"]}],
}


def _run(folder: Path, **changes: object) -> RunRecord:
    write_run(folder)
    data = {"schema": 2, "set": {**_SET, **changes}}
    (folder / "coverage.json").write_bytes(orjson.dumps(data))
    seal_again(folder)
    return read(folder)


def test_the_size_stands_beside_the_bound(tmp_path: Path) -> None:
    """And rules that did not count have their sign."""
    assert words(_run(tmp_path), "en") == [
        "probes 84 / lower bound 83",
        "△ met 151 of 152 live rules",
        "dead rules 2",
    ]


@pytest.mark.parametrize("reason", DeadReason)
def test_every_reason_of_a_dead_rule_is_told_in_both_languages(
    reason: DeadReason, tmp_path: Path
) -> None:
    """On the screen by a line, on the page in the table."""
    record = _run(tmp_path, dead={reason.value: 7})
    page = "".join(map(str, chapter(record)))

    assert dead_lines(record, "en") == [f"  {reason.label.en}: 7"]
    assert dead_lines(record, "ja") == [f"  {reason.label.ja}: 7"]
    assert reason.label.ja in page
    assert reason.label.en in page


def test_the_page_lists_what_shadows_a_dead_rule(tmp_path: Path) -> None:
    """With the rule itself, and all that did not count before it."""
    page = "".join(map(str, chapter(_run(tmp_path))))

    assert "DROP_CELL 1 1" in page
    assert "priority=300" in page


def test_dead_rules_stand_under_their_reason_in_both_languages(tmp_path: Path) -> None:
    """A Japanese page has no English reason behind a rule."""
    page = "".join(map(str, chapter(_run(tmp_path))))
    codes = re.findall("<code>(.*?)</code>", page)

    assert len(codes) >= 2
    assert not any(DeadReason.TAKEN.label.en in code for code in codes)
    assert page.index(DeadReason.TAKEN.label.ja) < page.index("priority=300")


def test_the_chapter_of_whole_gates_is_not_there(tmp_path: Path) -> None:
    """Nothing of a partial run says what a gate has met."""
    record = _run(tmp_path)

    assert (coverage.chapter(record), coverage.words(record, "en")) == ([], [])


def test_an_unknown_reason_is_refused(tmp_path: Path) -> None:
    """A file that somebody wrote by hand is told, with its name."""
    with pytest.raises(UsageError, match=r"coverage\.json: 'weather' is not a valid DeadReason"):
        chapter(_run(tmp_path, dead={"weather": 1}))


@pytest.mark.parametrize("name", ["coverage.json", "lines.json"])
def test_a_file_of_a_later_sekisho_is_refused(name: str, tmp_path: Path) -> None:
    """Like the manifest's: its keys may mean something else."""
    _run(tmp_path)
    (tmp_path / name).write_bytes(orjson.dumps({"schema": 99, "set": _SET, "lines": []}))
    seal_again(tmp_path)

    with pytest.raises(UsageError, match=f"{name}.*99"):
        (words if name == "coverage.json" else plan_lines.words)(read(tmp_path), "en")
