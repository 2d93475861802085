"""A part of a test is never mistaken for the test: title, verdict box, colour, no seal boxes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from scenarios.suites.scope import Run
from scenarios.suites.selection import Selection
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.report import html, junit, terminal
from sekisho.report.reading import RunRecord, read
from tests.sekisho.report.dom import by_class, by_id, japanese, parse, text
from tests.sekisho.report.fake_run import write_run

Make = Callable[..., RunRecord]
_SMOKE = Run("run", "smoke", 1, "", "")


@pytest.fixture(name="make")
def _make(tmp_path: Path) -> Make:
    """Return a maker of a run that is a part, or the whole where *partial* is None."""

    def make(partial: Label | None, **more: object) -> RunRecord:
        folder = write_run(tmp_path / "run", number=400, whole=True, **more)  # type: ignore[arg-type]
        manifest = orjson.loads((folder / "manifest.json").read_bytes())
        manifest["partial"] = partial and {"ja": partial.ja, "en": partial.en}
        (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
        return read(folder)

    return make


def test_the_page_of_a_part_says_so_and_nobody_can_seal_it(make: Make) -> None:
    """In title, heading and box; the class of the box gives it another colour."""
    page = html.render(make(_SMOKE.partial))
    sheet = by_id(parse(page), "front")
    (box,) = (e for e in sheet.iter("div") if "verdict" in str(e.get("class")))

    assert "一部試験の記録" in text(next(sheet.iter("h1")))
    assert japanese(next(by_class(box, "stamp")))[0] == "一部試験"
    assert "はじめの見立て" in text(box)
    assert box.get("class") == "verdict pass partial"
    assert "一部試験" in page.partition("</title>")[0]
    assert not list(by_class(sheet, "seal"))


def test_a_part_that_fails_still_fails(make: Make) -> None:
    """What leaked has leaked, however little was tried."""
    sheet = by_id(parse(html.render(make(_SMOKE.partial, verdicts={3: Verdict.LEAK}))), "front")

    assert japanese(next(by_class(sheet, "stamp")))[0] == "不合格"
    assert "一部試験" in text(sheet)


def test_the_whole_test_has_its_seals_and_no_such_word(make: Make) -> None:
    """Three boxes, and nothing of a part on the page."""
    sheet = by_id(parse(html.render(make(None))), "front")

    assert len(list(by_class(sheet, "seal"))) == 3
    assert "一部試験" not in text(sheet)


def test_the_last_line_of_a_part_says_so(make: Make) -> None:
    """In both languages, and JUnit has it as a property."""
    record = make(_SMOKE.partial)

    assert terminal.verdict_line(record).plain.startswith("判定 合格 (一部試験)")
    english = terminal.verdict_line(record, language="en").plain
    assert english == "verdict PASS (partial test): 400 cases, 0 leaks"
    assert 'name="partial" value="a first look (smoke)' in junit.render(record).decode()


@pytest.mark.parametrize("suite", ["gate", "full"])
@pytest.mark.parametrize(
    "selection",
    [
        Selection(only=("icmp",)),
        Selection(families=("VL",)),
        Selection(sources=("S2",)),
        Selection(targets=("D1",)),
    ],
)
def test_any_selection_makes_a_part(suite: str, selection: Selection) -> None:
    """Probes, families, sources or targets: the words of the choice are told."""
    run = Run("run", suite, 1, "", "", selection)

    assert run.partial is not None
    assert selection.named in run.partial.en


def test_a_whole_suite_is_no_part() -> None:
    """The gate is the test; smoke is a first look at it."""
    assert Run("run", "gate", 1, "", "").partial is None
    assert _SMOKE.partial is not None
