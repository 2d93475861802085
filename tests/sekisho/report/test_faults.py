"""``sekisho report`` on a run that planted faults: sealed, and shown as it was at its end."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from sekisho.cli import main
from sekisho.commands.runs import seal_faults
from sekisho.mutation.catalogue import IDS
from sekisho.plan import load

TINY = load(Path(__file__).parents[3] / "topologies" / "tiny.yaml")
FATE = {
    "number": 1, "ids": ["M-01"], "level": "flow", "place": "floor", "words": "a rule is gone",
    "rule": "", "fate": "survived", "by": "", "how": "nobody told", "is_right": False, "cases": 0,
    "seconds": 1.0,
}  # fmt: skip


def _mutated(folder: Path) -> Path:
    ids = {name: asdict(label) for name, label in IDS.items()}
    data = {"schema": 1, "ids": ids, "absent": {}, "fates": [FATE], "exit": 1}
    (folder / "mutations.json").write_bytes(orjson.dumps(data))
    seal_faults(folder, TINY, 1)
    return folder


def test_a_run_of_mutate_is_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the fault that nobody told."""
    status = main(["report", str(_mutated(tmp_path)), "--lang", "en"])
    shown = capsys.readouterr().out

    assert status == 0
    assert "× M-01 floor: a rule is gone: survived: nobody told" in shown


def test_a_run_of_mutate_that_was_changed_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As any other: the survivor must not be taken out by hand."""
    folder = _mutated(tmp_path)
    text = (folder / "mutations.json").read_text("utf-8")
    (folder / "mutations.json").write_text(text.replace("survived", "killed"), "utf-8")
    status = main(["report", str(folder), "--lang", "en"])

    assert status == 3
    assert "'mutations.json' differs" in capsys.readouterr().err


def test_of_planted_faults_there_is_no_page_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says nothing about a town."""
    status = main(["report", str(_mutated(tmp_path)), "--format", "html", "--lang", "en"])

    assert status == 2
    assert "of planted faults there is no html file" in capsys.readouterr().err
