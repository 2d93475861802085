"""Right towns drawn at random pass; a run that shows nothing, or not in time, is no pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.bench import random_towns
from scenarios.bench.random_plan import random_plan
from scenarios.bench.random_towns import Ended, check_random
from sekisho.plan import load
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live

_SEEDS = (4, 10, 31, 45)  # two servers that answer each other, ranges, an air without stations, few
_LIMIT_S = 200 * SLOWER


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_right_town_passes(seed: int, tmp_path: Path) -> None:
    """Kinds over both protocols, ranges, airs, backup lines: none of it is called wrong."""
    ended = check_random(seed, tmp_path).ended

    assert (ended.exit, ended.verdict, ended.why) == (0, "pass", "")
    assert ended.is_pass
    assert ended.cases > 50


@pytest.mark.parametrize(
    ("ended", "is_pass"),
    [
        (Ended(0, "pass", 9, ""), True),
        (Ended(0, "pass", 0, ""), False),
        (Ended(1, "fail", 9, "1 overblock"), False),
        (Ended(0, "", 9, ""), False),
        (Ended(3, "pass", 9, ""), False),
    ],
)
def test_what_counts_as_a_pass(ended: Ended, *, is_pass: bool) -> None:
    """Exit status, verdict and cases must agree."""
    assert ended.is_pass is is_pass


def test_a_check_that_does_not_end_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One town in trouble does not end the whole bench, and is told."""
    monkeypatch.setattr(random_towns, "_LIMIT_S", 0.01)
    ended = check_random(0, tmp_path).ended

    assert not ended.is_pass
    assert "did not end" in ended.why


def test_the_same_seed_draws_the_same_town(tmp_path: Path) -> None:
    """And each is a plan that loads, unlike the one before."""
    texts = [random_plan(seed) for seed in range(20)]
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        assert load(path).attachments

    assert texts == [random_plan(seed) for seed in range(20)]
    assert len(set(texts)) == 20
