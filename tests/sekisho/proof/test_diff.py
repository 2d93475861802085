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


def test_an_approval_of_what_does_not_differ_is_named(
    wider: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would let that pass when it comes; the exit says so where that is asked for."""
    gone = "- guest.wireless → www.lan tcp/22"
    (allow := tmp_path / "approved.txt").write_text("\n".join([*_NEW, "# old", gone]), "utf-8")
    words = ["diff", _TINY, str(wider), "--allow", str(allow), "--lang"]
    place = f"{allow}:{len(_NEW) + 2}"

    assert main([*words, "en"]) == 0
    assert capsys.readouterr().err == (
        f"{place}: warning: {gone!r} is approved, and does not differ\n"
        "  hint: take it out: the same difference would pass unseen when it comes later\n"
    )
    assert main([*words, "ja", "--strict"]) == 1
    assert capsys.readouterr().err.startswith(f"{place}: 注意: 承認された違い {gone!r} はない\n")
    allow.write_text("\n".join(_NEW), "utf-8")
    assert main([*words, "en", "--strict"]) == 0
    assert capsys.readouterr().err == ""


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


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('ip: 10.41.0.11, mac: "02:41:00:00:00:0b"', 'ip: 10.41.0.12, mac: "02:41:00:00:00:0b"',
         "+ nb.wired @ floor:1 cable 10.41.0.12 02:41:00:00:00:0b"),
        ("  - id: A02\n", '  - id: A02\n    hours: ["09:00-17:00"]\n', "+ A02 09:00-17:00"),
        ("  - id: A02\n", "  - id: A02\n    until: 2020-03-31\n", "+ A02 ..2020-03-31"),
    ],
)  # fmt: skip
def test_what_no_packet_shows_is_a_difference(
    old: str, new: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times of rules, whatever the clock says now, and who stands where."""
    text = Path(_TINY).read_text("utf-8")
    assert old in text
    (path := tmp_path / "other.yaml").write_text(text.replace(old, new, 1), "utf-8")
    assert main(["diff", _TINY, str(path), "--lang", "en"]) == 1
    assert line in capsys.readouterr().out.splitlines()


def test_a_rule_that_rests_now_counts_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new rule with hours becomes possible, at whatever hour one asks."""
    text = Path(_TINY).read_text("utf-8").replace("services: [https, http]}", "services: [https]}")
    (before := tmp_path / "day.yaml").write_text(text, "utf-8")
    rule = (
        "  - id: A04\n    purpose: {ja: 夜間, en: At night}\n    basis: design\n"
        '    hours: ["02:00-02:01"]\n    allow:\n'
        "      - {from: [S1], to: D2, services: [http]}\n\n"
    )
    (path := tmp_path / "night.yaml").write_text(text.replace("cells:\n", f"{rule}cells:\n", 1))
    assert main(["diff", str(before), str(path), "--lang", "en"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert "+ nb.wired → www.lan tcp/80" in out
    assert "+ A04 02:00-02:01" in out
    assert main(["prove", str(path), "--at", "2027-01-01 12:00", "--lang", "en"]) == 0
    assert "as of 2027-01-01 12:00; not in force then: A04" in capsys.readouterr().out
