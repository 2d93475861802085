"""Plans that say what buildings are really like, from the first frame to the verdict.

Each passes as it is; and with faults planted in its tables, every one of them is told. A plan that
is cut into files has the very tables of the whole one (`tests/sekisho/plan/test_include.py`), whose
faults are another test's (`tests/live/test_mutate.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.test_small_towns import sekisho
from tests.scenarios.suites import test_echo
from tests.sekisho.plan import test_interfaces
from tests.sekisho.plan.test_include import cut
from tests.sekisho.plan.test_several_networks import grown

pytestmark = pytest.mark.live


PLANS: dict[str, Callable[[Path], Path]] = {
    "two networks of a zone at a site": grown,
    "a server with services by interface": test_interfaces.written,
    "a server that is watched by ping": test_echo.written,
}


@pytest.mark.parametrize("write", PLANS.values(), ids=PLANS)
def test_such_a_building_passes_and_a_planted_fault_is_told(
    write: Callable[[Path], Path], tmp_path: Path
) -> None:
    """The gate, and forty faults in the switches' tables."""
    plan = str(write(tmp_path))
    done = sekisho("check", plan, "--out", str(tmp_path / "r"))
    words = ("--level", "flow", "--faults", "40", "--out", str(tmp_path / "m"))
    broken = sekisho("mutate", plan, *words)

    assert done.returncode == 0, done.stdout + done.stderr
    assert broken.returncode == 0, broken.stdout + broken.stderr
    assert "score 100.0 %" in broken.stdout


def test_a_plan_that_is_cut_into_files_passes(tmp_path: Path) -> None:
    """The run folder has the whole of it."""
    done = sekisho("check", str(cut(tmp_path)), "--out", str(tmp_path / "r"))

    assert done.returncode == 0, done.stdout + done.stderr
