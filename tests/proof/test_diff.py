"""What a change of a plan makes possible, and what it ends, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekisho.cli import main
from sekisho.proof.comparing import changes
from tests.population import town
from tests.test_meaning import FAULTS, changed, tables

_TINY = "topologies/tiny.yaml"
_LINE = "      - {from: [S3], to: D2, services: [http]}"
_NEW = ["+ guest.wireless → www.lan tcp/443"]


@pytest.fixture
def wider(tmp_path: Path) -> Path:
    """Return the tiny plan where a visitor may open https as well, and a clerk not http."""
    path = tmp_path / "wider.yaml"
    text = Path(_TINY).read_text("utf-8")
    assert _LINE in text
    path.write_text(text.replace(_LINE, _LINE.replace("[http]", "[http, https]")), "utf-8")
    return path


def test_a_plan_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing, and 0."""
    assert main(["diff", _TINY, _TINY, "--lang", "en"]) == 0
    assert "nothing else can be opened" in capsys.readouterr().out


def test_what_becomes_possible_and_impossible(
    wider: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ways, a line each."""
    assert main(["diff", _TINY, str(wider), "--lang", "en"]) == 1
    there = capsys.readouterr().out.splitlines()
    assert main(["diff", str(wider), _TINY, "--lang", "en"]) == 1
    back = capsys.readouterr().out.splitlines()

    assert there[:-1] == _NEW
    assert back[:-1] == [f"-{line[1:]}" for line in _NEW]
    assert there[-1].startswith("1 things become possible, 0 impossible")


def test_what_is_approved_passes(
    wider: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing else does."""
    allow = tmp_path / "approved.txt"
    allow.write_text("\n".join(["# by the chief", "", *_NEW]), "utf-8")
    assert main(["diff", _TINY, str(wider), "--allow", str(allow)]) == 0
    allow.write_text("- guest.wireless → www.lan tcp/443\n", "utf-8")
    assert main(["diff", _TINY, str(wider), "--allow", str(allow)]) == 1
    allow.write_text("guest.wireless\n", "utf-8")
    capsys.readouterr()

    assert main(["diff", _TINY, str(wider), "--allow", str(allow)]) == 2
    assert "approved.txt:1" in capsys.readouterr().err


def test_ports_that_come_are_said_as_ranges() -> None:
    """The neighbours of a port, and what nobody's own name may open."""
    plan, spoilt = town("tiny"), changed(tables("tiny"), FAULTS["any port opens"])
    found = [str(each) for each in changes((plan, tables("tiny")), (plan, spoilt))]

    assert found == [
        "+ guest.wireless → www.lan tcp/0-79",
        "+ guest.wireless → www.lan tcp/81-65535",
        "+ nb.wired → juki.lan tcp/0-442",
        "+ nb.wired → juki.lan tcp/444-65535",
        *[f"+ nb.{leg} → www.lan tcp/{ports}" for leg in ("wired", "wireless")
          for ports in ("0-79", "444-65535", "81-442")],
    ]  # fmt: skip
