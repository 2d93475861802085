"""Every mistake in a situation is answered with exactly the text that stands beside it.

``wrong/NAME.yaml`` is a situation with a mistake, ``wrong/NAME.err`` what Sekisho says about it;
``pytest --golden`` rewrites the second.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.events.registry import event_ids
from scenarios.suites.scenarios import check_words
from sekisho.errors import PlanError
from sekisho.scenario.library import shipped_plans
from sekisho.scenario.reading import read

WRONG = Path(__file__).parent / "wrong"
FILES = sorted(path.name for path in WRONG.glob("*.yaml"))


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_situation_is_refused_with_this_text(
    name: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """Each fault names its line, its value and a way out."""
    plans = shipped_plans()
    monkeypatch.chdir(WRONG)
    with pytest.raises(PlanError) as caught:
        check_words([read(Path(name), plans)], event_ids(plans))
    said, golden = f"{caught.value}\n", Path(name).with_suffix(".err")
    if pytestconfig.getoption("--golden"):
        golden.write_text(said, encoding="utf-8")

    assert said == golden.read_text(encoding="utf-8")


def test_every_golden_text_belongs_to_a_situation() -> None:
    """No text outlives the mistake that it was about."""
    assert {path.stem for path in WRONG.glob("*.err")} == {Path(name).stem for name in FILES}
