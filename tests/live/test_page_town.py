"""The page before a whole town, in a real browser: what the tiny town does not have.

The matrix of 23 by 17, the planned permission P28, and a line between sites that is cut. One town
for all tests; each leaves it as it found it.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from playwright.sync_api import Browser, expect

from tests.live.demo import ROOT, Demo, demo
from tests.live.machine import SLOWER
from tests.live.visit import CHROMIUM, WIDE, Visit, browsing, serious_faults, too_small, visiting

TABLET = {"width": 1024, "height": 768}
MATSUNO = ROOT / "topologies" / "matsuno.yaml"
WAN = "br1:11-core1:5"
_RETEST_MS = 180_000 * SLOWER  # some 8,000 cases, on a machine that may be busy

pytestmark = [
    pytest.mark.live,
    pytest.mark.alone,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


@pytest.fixture(scope="module", name="town")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("matsuno"), MATSUNO) as town:
        yield town


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(name="visit")
def _visit(browser: Browser, town: Demo) -> Iterator[Visit]:
    with visiting(browser, town) as visit:
        yield visit
        town.ask("/api/faults", {"name": WAN, "on": False})


def _watch(visit: Visit, source: str, target: str) -> None:
    """Let the strip's first line try another way."""
    visit.page.locator("select.source").first.select_option(source)
    visit.page.locator("select.target").first.select_option(target)


def _show(visit: Visit, selector: str) -> None:
    """Scroll to what the page may draw anew at that very moment."""
    visit.page.locator(selector).evaluate("found => found.scrollIntoView({block: 'nearest'})")


def test_a_planned_permission_is_opened(visit: Visit, town: Demo) -> None:
    """P28: denied and announced; then its cell, its rules and the way itself are open."""
    page = visit.page
    _watch(visit, "finance.lan", "eapproval.lan")
    visit.until_line(0, "silence")
    visit.tab("matrix")
    cell = page.locator("td[title^='S19 → D8']")
    expect(cell).to_have_text("(P28)今×")
    page.locator("[data-key='link P28']").click()
    expect(page.locator("dialog h2")).to_contain_text("財務会計の電子決裁化")
    expect(page.locator(".moved-one li")).to_contain_text("○ P28")
    visit.probe_frame("20-planned-dry-run")

    visit.apply(_RETEST_MS)
    visit.probe_frame("21-planned-evidence")
    expect(page.locator(".evidence .pass")).to_have_count(2)
    visit.close()
    visit.until_line(0, "answered")
    expect(cell).to_contain_text("○")
    expect(cell).to_contain_class("fresh")
    expect(page.locator("[data-key='link P28']")).to_be_disabled()
    _show(visit, "[data-key='link P28']")
    visit.probe_frame("22-planned-open")
    assert [c["links"] for c in town.ask("/api/state")[1]["changes"]] == [["P28"]]


def test_a_cut_line_between_sites(visit: Visit, town: Demo) -> None:
    """The main line of a branch is cut: the controller goes around it, and talk goes on."""
    page = visit.page
    _watch(visit, "nb-br1-1.wired", "juki.lan")
    visit.until_line(0, "answered")
    visit.tab("faults")
    cut = page.locator(f"[data-key='fault {WAN}']")
    _show(visit, f"[data-key='fault {WAN}']")
    cut.click()
    line = page.locator(".faults li.on")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("閉域WAN 出先1 主")
    expect(page.locator("#status")).to_contain_text("閉域WAN 出先1 主")
    visit.until_line(0, "answered")
    visit.probe_frame("23-line-cut")
    town.until("in_force", True)
    assert ("line-down", "br1") in _facts(town)

    page.locator(f"[data-key='fault {WAN}']").click()
    expect(line).to_have_count(0)
    visit.until_line(0, "answered")
    town.until("in_force", True)
    assert ("line-up", "br1") in _facts(town)


def _facts(town: Demo) -> set[tuple[str, str]]:
    """What the controller has said of lines: the event and the switch."""
    lines = (town.folder / "log" / "controller.jsonl").read_bytes().splitlines()
    facts = [orjson.loads(line) for line in lines]
    return {(f["event"], s) for f in facts for s in str(f).replace("'", " ").split()}


@pytest.mark.parametrize("size", [WIDE, TABLET], ids=["projector", "tablet"])
def test_a_matrix_of_23_by_17(browser: Browser, town: Demo, size: dict[str, int]) -> None:
    """Every cell is there; heads stay in view; nothing too small, nothing that axe finds."""
    visit = Visit(browser, town, size)
    page = visit.page
    visit.tab("ports")
    visit.probe_frame(f"24-town-ports-{size['width']}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    visit.tab("matrix")
    expect(page.locator(".matrix tbody tr")).to_have_count(23)
    expect(page.locator(".matrix tbody td")).to_have_count(23 * 17)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert serious_faults(page) == []
    assert too_small(page) == []
    visit.probe_frame(f"25-town-matrix-{size['width']}")
    _show(visit, "td[title^='S23 → D17']")
    expect(page.locator(".matrix tbody th").last).to_be_in_viewport()
    expect(page.locator(".matrix thead th").last).to_be_in_viewport()
    visit.probe_frame(f"26-town-matrix-end-{size['width']}")
    visit.context.close()
    assert visit.errors == []
