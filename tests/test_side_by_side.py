"""Modules of tests run side by side, and one that is `alone` while no other does."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SETTINGS = """
[pytest]
markers =
    alone: as in the whole suite
    live: as in the whole suite
    vm: as in the whole suite
"""
_MODULE = '''
import pathlib, time
import pytest

pytestmark = [{marks}]

def test_takes_its_time():
    """Say from when to when."""
    began = time.monotonic()
    time.sleep(0.5)
    pathlib.Path("{name}.txt").write_text(f"{{began}} {{time.monotonic()}}")
'''
_FLAGS = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:cacheprovider")


def test_alone_means_alone(tmp_path: Path) -> None:
    """Six modules on three workers: the two that are `alone` overlap with none."""
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text(_SETTINGS)
    names = ("a", "b", "c", "d", "e", "f")
    for name in names:
        marks = "pytest.mark.alone" if name in "be" else ""
        (tmp_path / f"test_{name}.py").write_text(_MODULE.format(name=name, marks=marks))
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *_FLAGS], cwd=tmp_path, timeout=120, check=True
    )
    times = {n: tuple(map(float, (tmp_path / f"{n}.txt").read_text().split())) for n in names}
    overlap = {
        first + second
        for first, second in itertools.combinations(names, 2)
        if times[first][0] < times[second][1] and times[second][0] < times[first][1]
    }

    assert not [pair for pair in overlap if set(pair) & set("be")]
    assert overlap, "nothing ran side by side"
