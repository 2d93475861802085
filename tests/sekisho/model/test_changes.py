"""What is kept of moved ports: the journal, a plan written anew, and words about a refusal."""

from __future__ import annotations

import difflib
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rich.console import Console

from sekisho.commands.overlaid import find_journal, overlay
from sekisho.commands.resegment import in_japanese
from sekisho.errors import PlanError, UsageError
from sekisho.model import Plan
from sekisho.model.changes import Change, apply_changes, change_of
from sekisho.plan import load
from sekisho.plan.writer import save
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import change_answer_of
from sekisho.resegment.validation import RefusedError, links_asked, plan_moves
from tests.population import town
from tests.sekisho.plan.test_include import cut
from tests.small import server, small, terminal


def _change(number: int, port: str = "", to: str = "", *, links: tuple[str, ...] = ()) -> Change:
    moves = plan_moves(town("tiny"), [port], to) if port else ()
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

    cut_short = path.read_bytes()
    again = Journal(path)

    assert again.standing == (change,)
    assert again.next_number == 3
    assert change_of(change.as_json()) == change
    assert path.read_bytes() == cut_short  # a reader may look while the controller is writing

    again.add(_change(3, "floor:1", "visitor"))

    assert [c.number for c in Journal(path).standing] == [1, 3]
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
        1, "tw", plan_moves(plan, ["br2:6"], "v") + plan_moves(plan, ["fl1:1"], "cn"),
        links_asked(plan, "P28"), "", "", 0.0, None,
    )  # fmt: skip
    path = tmp_path / "new.yaml"

    save(plan, apply_changes(plan, [first]), path)

    old = Path(plan.path).read_text("utf-8").splitlines()
    new = path.read_text("utf-8").splitlines()
    changed = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
    assert len([line for line in changed if line[0] == "-"]) == 3
    assert len([line for line in changed if line[0] == "+"]) == 7
    with pytest.raises(UsageError, match="is there already"):
        save(plan, plan, path)


def test_a_plan_that_is_cut_into_files_is_not_saved_as_one(tmp_path: Path) -> None:
    """Nor is a member of a series: it has no line of its own. Nothing is written."""
    desks = {"nb": {**terminal(5), "count": 3}, "srv": server(3, "web")}
    for path, port in ((cut(tmp_path), "floor:1"), (small(tmp_path, devices=desks), "sw:6")):
        plan, new = load(path), tmp_path / "new.yaml"
        change = Change(1, "away", plan_moves(plan, [port], "quarantine"), (), "", "", 0.0, None)

        with pytest.raises(UsageError, match="write it into the plan by hand"):
            save(plan, apply_changes(plan, [change]), new)
        assert not new.exists()


def test_a_refusal_is_told_in_the_language_that_was_asked_for() -> None:
    """Japanese for officials, with the requirement and the hint; English else."""
    with pytest.raises(RefusedError) as refused:
        plan_moves(town("matsuno"), ["fl1:18"], "m")
    answer = {"error": str(refused.value), "refusals": [asdict(r) for r in refused.value.refusals]}

    with pytest.raises(RefusedError, match="an access point must never") as again:
        change_answer_of(answer)
    assert again.value.refusals == refused.value.refusals
    assert in_japanese(again.value) == "fl1:18: 無線APを利用事務系に入れてはならない [MN-07]"


def test_a_plan_is_shown_with_what_stands_over_it(tmp_path: Path) -> None:
    """Who, when, why, until when, and what each port and cell was and is; nothing undone."""
    journal = Journal(tmp_path / "changes.jsonl")
    moved = _change(1, "floor:1", "visitor")
    journal.add(moved)
    journal.add(replace(moved, number=2, by="nobody"))
    journal.write("undo", number=2, at=1.0, by="x", why="asked")
    journal.add(replace(_change(3, "floor:1", "quarantine"), reason="投票所", until=3600.0))

    shown = _shown(tmp_path, town("tiny"))

    assert "nobody" not in shown
    for words in (
        "floor:1 nb.wired\n",
        "wired/S1 10.41.0.11 → visitor/S3 172.30.0.64",
        "visitor/S3 172.30.0.64 → 隔離",
        "tester",
        "投票所",
        "1970-01-01 09:00:00",
        "1970-01-01 10:00:00",
    ):
        assert words in shown, shown


def test_an_opened_permission_is_shown_with_its_cells(tmp_path: Path) -> None:
    """As the matrix of the plan shows it, and as it is now."""
    Journal(tmp_path / "changes.jsonl").add(_change(1, links=("P28",)))

    shown = _shown(tmp_path, town("matsuno"))

    assert "P28 計画中の通信を開けた" in shown
    assert ": × (P28) → P28" in shown


def test_no_change_is_said_to_be_none(tmp_path: Path) -> None:
    """A town in which nothing was moved, or everything was taken back."""
    (tmp_path / "changes.jsonl").touch()
    assert "有効な変更はない" in _shown(tmp_path, town("tiny"))


def test_the_changes_of_another_plan_are_refused(tmp_path: Path) -> None:
    """They would be laid over ports that are somebody else's; and a folder must have a journal."""
    with pytest.raises(UsageError, match="there is no journal of changes"):
        find_journal(town("tiny"), tmp_path)
    Journal(tmp_path / "changes.jsonl").add(_change(1, "floor:1", "visitor"))
    assert find_journal(town("tiny"), tmp_path) == tmp_path / "changes.jsonl"
    with pytest.raises(UsageError, match=r"nb.wired at floor:1 is not of .*matsuno.yaml"):
        find_journal(town("matsuno"), tmp_path)


def test_without_a_run_only_a_town_of_this_very_plan_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is running: none is shown, and that is no mistake."""
    monkeypatch.chdir(tmp_path)
    assert find_journal(town("tiny"), None) is None


def _shown(folder: Path, plan: Plan) -> str:
    journal = find_journal(plan, folder)
    assert journal is not None
    console = Console(width=140, color_system=None)
    with console.capture() as capture:
        console.print(overlay(plan, journal, "ja"))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"
