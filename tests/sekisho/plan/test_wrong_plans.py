"""Every mistake in a plan is answered with exactly the text that stands beside it.

``wrong/NAME.yaml`` is a plan with a mistake, ``wrong/NAME.err`` what Sekisho says about it;
``pytest --golden`` rewrites the second.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sekisho.errors import PlanError
from sekisho.plan import load

WRONG = Path(__file__).parent / "wrong"
PLANS = sorted(path.name for path in WRONG.glob("*.yaml"))
TEXT = "sekisho: 1\n# 役場のネットワーク\ntown: {id: 町}\n"


def _sparse(path: Path) -> None:
    """Make a file of 100 MB that takes no room: it must be refused before it is read."""
    with path.open("wb") as file:
        file.truncate(100 * 1000 * 1000)


MADE: dict[str, Callable[[Path], object]] = {
    "made-absent": lambda path: (path.parent / "made-abzent.yaml").write_text("sekisho: 1\n"),
    "made-folder": lambda path: path.mkdir(),
    "made-pipe": lambda path: os.mkfifo(path),
    "made-100-megabytes": _sparse,
    "made-cp932": lambda path: path.write_bytes(TEXT.encode("cp932")),
    "made-euc-jp": lambda path: path.write_bytes(TEXT.encode("euc_jp")),
    "made-iso-2022-jp": lambda path: path.write_bytes(TEXT.encode("iso2022_jp")),
    "made-utf-16": lambda path: path.write_bytes(TEXT.encode("utf-16")),
    "made-utf-16-no-mark": lambda path: path.write_bytes(TEXT.encode("utf-16-be")),
    "made-latin-1": lambda path: path.write_bytes(b"sekisho: 1\ntown: {id: caf\xe9\n}\n"),
}


def _refusal(name: str) -> str:
    with pytest.raises(PlanError) as caught:
        load(name)
    return f"{caught.value}\n"


def _compare(golden: Path, said: str, config: pytest.Config) -> None:
    if config.getoption("--golden"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_a_wrong_plan_is_refused_with_this_text(
    name: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """Each fault names its line, its value and a way out."""
    monkeypatch.chdir(WRONG)

    _compare(WRONG / name.replace(".yaml", ".err"), _refusal(name), pytestconfig)


@pytest.mark.parametrize("name", MADE)
def test_a_wrong_file_is_refused_with_this_text(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """What is not UTF-8 text of a plan's size is refused before YAML sees it."""
    monkeypatch.chdir(tmp_path)
    MADE[name](tmp_path / f"{name}.yaml")

    _compare(WRONG / f"{name}.err", _refusal(f"{name}.yaml"), pytestconfig)


def test_every_golden_text_belongs_to_a_plan() -> None:
    """No text outlives the mistake that it was about."""
    told = {path.stem for path in WRONG.glob("*.err")}

    assert told == {Path(name).stem for name in PLANS} | set(MADE)
