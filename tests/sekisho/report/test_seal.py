"""A run folder that was changed after its run says which file, and is never shown as a pass."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest

from sekisho.cli import main
from sekisho.errors import SealError
from sekisho.evidence.case_file import CASES
from sekisho.evidence.seal import digests, seal, seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.report import html, junit
from sekisho.report.reading import read
from sekisho.report.writing import write_reports
from sekisho.web.record import retests
from tests.sekisho.report.fake_run import died, manifest, put_cases, raw_cases, write_run

FORMATS = ("terminal", "html", "junit")
FILES = (
    CASES,
    "coverage.json",
    "differences.json",
    "findings.json",
    "findings/T-000004.pcapng",
    "flows/fl1.txt",
    "summary.json",
)


OTHER = "not the run that was sealed, no verdict: the SHA-256 of manifest.json is {}, not {}"
FORGED = (
    ": changed since the run was sealed, no verdict: 'cases.jsonl.gz' differs, "
    "'findings.json' differs, 'summary.json' differs"
)


def whole_run(folder: Path) -> Path:
    """Write a failing run folder with a file of every kind that a run leaves."""
    write_run(folder, verdicts={3: Verdict.LEAK})
    for name in FILES:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_bytes(b"[]" if name.endswith("s.json") else b"{}")
    (folder / "coverage.json").unlink()
    (folder / "coverage.json").write_bytes(COVERAGE)
    seal_again(folder)
    return folder


COVERAGE = orjson.dumps(
    {"schema": 1, "rules": 1, "hit": 1, "dead": {}, "unmet": 0, "unexplained": [], "fields": 1,
     "both": 1, "one_sided": {}, "unshown_count": 0, "unshown": [], "port_edges": 0,
     "port_edges_both": 0, "port_edges_one_sided": [], "prefix_edges": 0, "prefix_edges_both": 0,
     "prefix_edges_one_sided": []}
)  # fmt: skip


def reported(
    folder: Path, capfd: pytest.CaptureFixture[str], form: str, *words: str
) -> tuple[int, str, str]:
    """Run ``sekisho report`` and return its exit status and what it said on both streams."""
    capfd.readouterr()
    status = main(["report", str(folder), "--format", form, "--lang", "en", *words])
    out, err = capfd.readouterr()
    return status, out, err


def forged(folder: Path) -> None:
    """Make a pass of a failing run, in every file that says otherwise."""
    cases = raw_cases(folder)
    for leak, good in (('"verdict":"leak"', '"verdict":"pass"'), ('"mark":"×"', '"mark":"○"')):
        cases = cases.replace(leak.encode(), good.encode())
    put_cases(folder, cases)
    (folder / "findings.json").write_bytes(b"[]")
    summary = orjson.loads((folder / "summary.json").read_bytes())
    summary |= {"verdict": "pass", "leak": 0, "pass": summary["cases"], "exit": 0}
    (folder / "summary.json").write_bytes(orjson.dumps(summary))
    found = orjson.loads((folder / "manifest.json").read_bytes()) | {"exit": 0}
    (folder / "manifest.json").write_bytes(orjson.dumps(found))


@pytest.mark.parametrize("form", FORMATS)
def test_a_failing_run_that_was_made_a_pass_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    """Each changed file is named in one line, the exit is 3, and nothing is shown."""
    folder = whole_run(tmp_path / "run")
    forged(folder)

    assert reported(folder, capfd, form) == (
        3,
        "",
        f"{folder}{FORGED}\n",
    )


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_forgery_without_the_seal_is_inconclusive(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    """Whoever takes the seal away takes the verdict away."""
    folder = whole_run(tmp_path / "run")
    forged(folder)
    found = orjson.loads((folder / "manifest.json").read_bytes())
    del found["files"]
    (folder / "manifest.json").write_bytes(orjson.dumps(found))
    status, out, _ = reported(folder, capfd, form)

    assert status == 3
    assert "its manifest has no seal" in out
    assert not re.search(r"verdict PASS|判定 合格|class=\"verdict pass\"", out)


@pytest.mark.parametrize("form", FORMATS)
def test_a_forgery_that_is_sealed_anew_has_another_seal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    """The digest on the print tells: the option compares it."""
    folder = whole_run(tmp_path / "run")
    printed = read(folder).sealed
    forged(folder)
    seal_again(folder)
    now = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()

    assert now != printed
    assert reported(folder, capfd, form, "--manifest-sha256", printed) == (
        3,
        "",
        f"{folder}: {OTHER.format(now, printed)}\n",
    )


def test_the_seal_that_is_printed_is_accepted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As it is read from paper: in capitals, and in groups."""
    folder = whole_run(tmp_path / "run")
    printed = read(folder).sealed.upper()
    grouped = " ".join(printed[at : at + 8] for at in range(0, 64, 8))
    status, out, _ = reported(folder, capfd, "terminal", "--manifest-sha256", grouped)

    assert status == 0
    assert "verdict FAIL" in out


def test_a_seal_that_is_none_is_a_usage_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first digits alone would be easy to meet."""
    folder = whole_run(tmp_path / "run")

    status, out, err = reported(folder, capfd, "terminal", "--manifest-sha256", "abc123")

    assert (status, out) == (2, "")
    assert err == (
        "--manifest-sha256 'abc123' is no SHA-256\n"
        "  hint: 64 hexadecimal digits, as page one shows them\n"
    )


def test_every_file_that_a_run_leaves_is_under_the_seal(tmp_path: Path) -> None:
    """The manifest names each with its SHA-256, sorted."""
    folder = whole_run(tmp_path / "run")
    named = orjson.loads((folder / "manifest.json").read_bytes())["files"]

    assert tuple(named) == FILES
    assert named["flows/fl1.txt"] == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize("name", FILES)
def test_one_byte_of_any_file_is_told_by_name(tmp_path: Path, name: str) -> None:
    """Whatever the byte means, and even where the file reads the same."""
    folder = whole_run(tmp_path / "run")
    path = folder / name
    path.write_bytes(path.read_bytes() + b"\n")

    with pytest.raises(SealError, match=re.escape(f"no verdict: '{name}' differs") + "$"):
        read(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_told_by_name(tmp_path: Path, name: str) -> None:
    """Also one that a report could be made without."""
    folder = whole_run(tmp_path / "run")
    (folder / name).unlink()

    with pytest.raises(SealError, match=re.escape(f"no verdict: '{name}' is missing") + "$"):
        read(folder)


def _file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def _link(path: Path) -> None:
    path.symlink_to(CASES)


def _linked_folder(path: Path) -> None:
    path.symlink_to("flows")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("flows/fl9.txt", _file),
        ("mine/log/notes.txt", _file),
        (".hidden", _file),
        ("new\x1b[31m\n.txt", _file),
        ("link.jsonl", _link),
        ("more-flows", _linked_folder),
    ],
)
def test_a_file_that_came_later_is_told_by_name(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    """Wherever it lies; its name is quoted, and cannot speak to a terminal."""
    folder = whole_run(tmp_path / "run")
    make(folder / name)

    with pytest.raises(SealError, match=re.escape(f"no verdict: {name!r} is additional") + "$"):
        read(folder)


def test_a_link_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    """Even to the same bytes: they could be changed elsewhere."""
    folder = whole_run(tmp_path / "run")
    (folder / "summary.json").rename(tmp_path / "summary.json")
    (folder / "summary.json").symlink_to(tmp_path / "summary.json")

    with pytest.raises(SealError, match=r"'summary\.json' differs$"):
        read(folder)


def test_what_is_written_after_the_run_does_not_break_its_seal(tmp_path: Path) -> None:
    """Reports, logs, re-tests with manifests of their own, and a socket that was left."""
    folder = whole_run(tmp_path / "run")
    sealed = read(folder).sealed
    write_reports(read(folder))
    for name in ("log/ovs.log", "retests/1-affected-1/summary.json"):
        _file(folder / name)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "s"))

        assert read(folder).sealed == sealed


def test_many_changes_are_counted(tmp_path: Path) -> None:
    """One line stays one line."""
    folder = whole_run(tmp_path / "run")
    for number in range(12):
        _file(folder / f"more/{number:02d}")

    with pytest.raises(SealError, match=r"'more/07' is additional, and 4 more$"):
        read(folder)


def test_a_big_file_is_read_in_pieces(tmp_path: Path) -> None:
    """A file of 300 MB of nothing: its last byte counts."""
    path = tmp_path / "cases.jsonl"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    before = digests(tmp_path)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")

    assert digests(tmp_path) != before


def test_all_forms_show_the_seal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Page one, the terminal's last lines, and a property of the run in JUnit."""
    folder = whole_run(tmp_path / "run")
    sealed = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    record = read(folder)
    suites = ElementTree.fromstring(junit.render(record))
    page_one = html.render(record).partition('id="figures"')[0]
    _, out, _ = reported(folder, capfd, "terminal")

    assert sealed in page_one
    assert f"sealed SHA-256 {sealed}" in out.splitlines()[-3]
    assert [
        (found.get("name"), found.get("value"))
        for found in suites.iterfind("testsuite[@name='run']/properties/property")
    ] == [("manifest.sha256", sealed)]


def test_a_run_that_died_has_no_seal_and_is_inconclusive(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is shown, with exit 3."""
    status, out, _ = reported(died(whole_run(tmp_path / "run")), capfd, "terminal")

    assert status == 3
    assert (
        out.splitlines()[-1] == "verdict INCONCLUSIVE: the run ended early: no summary was written"
    )


def test_a_replay_asks_the_seal_first(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A packet of a changed folder is not sent."""
    folder = whole_run(tmp_path / "run")
    (folder / "flows" / "fl1.txt").write_bytes(b"priority=1,actions=drop\n")

    words = ["replay", str(folder), "T-000004", "--out", str(tmp_path / "out")]

    assert main(["--lang", "en", *words]) == 3
    assert capfd.readouterr().err.endswith("no verdict: 'flows/fl1.txt' differs\n")
    assert not (tmp_path / "out").exists()


def test_a_changed_re_test_is_inconclusive_in_the_record_of_its_change(tmp_path: Path) -> None:
    """The page that is printed for a change shows no count of it."""
    town = tmp_path / "town"
    whole_run(town / "retests" / "1-affected-1")
    changed = whole_run(town / "retests" / "1-must-drop-1")
    forged(changed)
    told = {each["what"]: (each["verdict"], each.get("trouble", "")) for each in retests(town, 1)}

    assert told == {
        "affected": ("fail", ""),
        "must-drop": (
            "inconclusive",
            f"{changed}{FORGED}",
        ),
    }


def test_a_report_is_not_put_under_another_name_into_the_folder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It would be an additional file for the next reader."""
    folder = whole_run(tmp_path / "run")
    mine = folder / "mine.html"

    status, out, err = reported(folder, capfd, "html", "--out", str(mine))

    assert (status, out) == (2, "")
    assert err == (
        f"--out {mine}: the run folder is sealed, and takes no other file\n"
        "  hint: report.html or junit.xml there, or another folder\n"
    )
    assert reported(folder, capfd, "html", "--out", str(folder / "report.html"))[0] == 0
    assert read(folder).manifest.run


def test_a_seal_covers_an_empty_folder(tmp_path: Path) -> None:
    """Nothing is sealed as nothing: what comes later is additional."""
    seal(tmp_path, manifest())
    (tmp_path / "cases.jsonl").write_bytes(b"")

    with pytest.raises(SealError, match=r"'cases\.jsonl' is additional$"):
        read(tmp_path)


def test_page_one_says_how_the_pairs_were_chosen(tmp_path: Path) -> None:
    """An officer can see that not everybody was tried against everybody."""
    folder = write_run(tmp_path)
    page_one = html.render(read(folder)).partition('id="figures"')[0]
    found = orjson.loads((folder / "manifest.json").read_bytes())
    found["pairs"] |= {"tried": 8_372, "every_probe": 8_372, "sampled": 0}
    seal(folder, found)
    of_all = html.render(read(folder)).partition('id="figures"')[0]

    assert "接続の組 8,372組から3,100組を選んで試験(全項目1,400組、抽出320組)" in page_one
    assert "3,100 of 8,372 pairs of connections, chosen" in page_one
    assert "。同じスイッチの他機器の名乗り 2,050通りから1,210通り" in page_one
    assert "; names of others at one switch: 1,210 of 2,050" in page_one
    assert "送信元と宛先の接続の組 全8,372組を、すべての項目で" in of_all
    assert "all 8,372 pairs of connections, each with every probe" in of_all
