"""Right towns drawn at random pass; one that is made wrong does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.bench_random import check_random
from scenarios.random_plan import random_plan
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


def test_the_same_seed_draws_the_same_town(tmp_path: Path) -> None:
    """And each is a plan that loads, unlike the one before."""
    texts = [random_plan(seed) for seed in range(20)]
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        assert load(path).attachments

    assert texts == [random_plan(seed) for seed in range(20)]
    assert len(set(texts)) == 20
