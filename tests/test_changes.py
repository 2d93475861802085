"""What is kept of moved ports: the journal, a plan written anew, and words about a refusal."""

from __future__ import annotations

import difflib
from dataclasses import asdict
from pathlib import Path

import pytest

from sekisho.changes import Change, applied, change_of
from sekisho.commands.resegment import _must
from sekisho.errors import PlanError, UsageError
from sekisho.journal import Journal
from sekisho.overlay import save
from sekisho.resegment import RefusedError, asked, links_asked
from tests.population import town


def _change(number: int, port: str = "", to: str = "", *, links: tuple[str, ...] = ()) -> Change:
    moves = asked(town("tiny"), [port], to) if port else ()
    return Change(number, to or "open", moves, links, "test", "tester", 0.0, None)


def test_the_journal_brings_back_what_was_written(tmp_path: Path) -> None:
    """Also after its writer was killed in the middle of a line."""
    path = tmp_path / "changes.jsonl"
    journal = Journal(path)
    change = _change(1, "floor:1", "visitor")
    journal.add(change)
    journal.add(_change(2, links=("P28",)))
    journal.write("undo", number=2, at=1.0, by="x", why="asked")
    with path.open("ab") as out:
        out.write(b'{"entry": "change", "numb')

    again = Journal(path)

    assert again.standing == (change,)
    assert again.next_number == 3
    assert change_of(change.as_json()) == change
    assert path.read_bytes().endswith(b"\n")


def test_a_spoilt_journal_is_named_with_its_line(tmp_path: Path) -> None:
    """Somebody edited it: nothing is guessed."""
    path = tmp_path / "changes.jsonl"
    Journal(path).add(_change(1))
    with path.open("ab") as out:
        out.write(b"{}\n")
    with pytest.raises(PlanError, match=r"changes.jsonl:2: not a line of a journal"):
        Journal(path)


def test_what_is_in_force_is_saved_as_a_plan_that_differs_in_those_words_only(
    tmp_path: Path,
) -> None:
    """Comments and columns stay; read again, the new plan means exactly what is in force."""
    plan = town("matsuno")
    first = Change(
        1, "tw", asked(plan, ["br2:6"], "v") + asked(plan, ["fl1:1"], "cn"),
        links_asked(plan, "P28"), "", "", 0.0, None,
    )  # fmt: skip
    path = tmp_path / "new.yaml"

    save(plan, applied(plan, [first]), path)

    old = Path(plan.path).read_text("utf-8").splitlines()
    new = path.read_text("utf-8").splitlines()
    changed = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
    assert len([line for line in changed if line[0] == "-"]) == 3
    assert len([line for line in changed if line[0] == "+"]) == 7
    with pytest.raises(UsageError, match="is there already"):
        save(plan, plan, path)


def test_a_refusal_is_told_in_the_language_that_was_asked_for() -> None:
    """Japanese for officials, with the requirement and the hint; English else."""
    with pytest.raises(RefusedError) as refused:
        asked(town("matsuno"), ["fl1:18"], "m")
    answer = {"error": str(refused.value), "refusals": [asdict(r) for r in refused.value.refusals]}

    with pytest.raises(
        UsageError, match=r"^fl1:18: 無線APを利用事務系に入れてはならない \[MN-07\]$"
    ):
        _must(answer, "ja")
    with pytest.raises(UsageError, match="an access point must never"):
        _must(answer, "en")
    assert _must({"number": 1}, "ja") == {"number": 1}
