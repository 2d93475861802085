"""A wheel runs where the distribution's Mininet and Open vSwitch are, without the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.live
_LONG_S = 300.0


def _run(words: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=_LONG_S, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel, and unpack it into a folder of its own; return the folder."""
    uv = str(Path(sys.prefix) / "bin" / "uv")
    out, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    build = [uv, "build", "--wheel", "--no-build-isolation", "--offline", "--out-dir", str(out)]
    built = _run([*build, str(ROOT)], out, VIRTUAL_ENV=sys.prefix)
    assert built.returncode == 0, built.stderr
    (wheel,) = out.glob("*.whl")
    into = ["--no-deps", "--offline", "--target", str(folder), str(wheel)]
    done = _run([uv, "pip", "install", "-q", "--python", sys.executable, *into], out)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_town_is_checked_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    """The code that runs is the wheel's own, in every process of the run."""
    (tmp_path / "town.yaml").write_bytes((ROOT / "topologies" / "tiny.yaml").read_bytes())
    code = f"import sekisho; print(sekisho.__file__); assert {str(installed)!r} in sekisho.__file__"
    assert (
        _run([sys.executable, "-P", "-c", code], tmp_path, PYTHONPATH=str(installed)).returncode
        == 0
    )
    words = [sys.executable, "-P", str(installed / "bin" / "sekisho"), "check", "town.yaml"]
    done = _run([*words, "--suite", "smoke", "--lang", "en"], tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict PASS" in done.stdout


def test_the_samples_come_with_it(installed: Path, tmp_path: Path) -> None:
    """Without a plan of one's own, that of the package is meant, not one of some source tree."""
    words = [sys.executable, "-P", str(installed / "bin" / "sekisho"), "plan", "lint"]
    done = _run([*words, "--lang", "en"], tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stderr
    assert str(installed / "topologies") in done.stdout
