"""A city that nobody wrote code for: judged as a whole, and drawn by a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sekisho.compiler.routing import has_way_around
from sekisho.plan import load
from tests.live.demo import ROOT, Demo, demo
from tests.live.machine import SLOWER
from tests.live.visit import CHROMIUM, Visit, browsing, visiting

pytestmark = pytest.mark.live
CITY = ROOT / "topologies" / "city.yaml"
_LIMIT_S = 420.0 * SLOWER
_MOST_MB = 15


def test_a_right_city_passes(tmp_path: Path) -> None:
    """Every sentence of it, and every need of its work; in a small folder."""
    words = [sys.executable, "-m", "sekisho.cli", "check", str(CITY), "--out", str(tmp_path)]
    done = subprocess.run(
        [*words, "--quiet"], cwd=ROOT, timeout=_LIMIT_S, check=False, capture_output=True, text=True
    )
    folder = (tmp_path / "latest").resolve()
    summary = json.loads((folder / "summary.json").read_bytes())
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    assert (done.returncode, summary["verdict"]) == (0, "pass"), done.stderr
    assert summary["captures_dropped"] == 0
    assert summary["cases"] > 30_000
    assert size < _MOST_MB * 1_000_000


@pytest.fixture(scope="module", name="town")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("city"), CITY) as town:
        yield town


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(name="visit")
def _visit(browser: Browser, town: Demo) -> Iterator[Visit]:
    with visiting(browser, town) as visit:
        yield visit


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_every_tab_draws_it(visit: Visit) -> None:
    """In the plan's own words: each switch and port, each class, each line that can be cut."""
    page, plan = visit.page, load(CITY)
    for site in plan.sites:
        page.locator("#ports").get_by_role("button", name=site.label.ja, exact=True).click()
        for switch in plan.switches:
            if switch.site == site.id:
                expect(page.locator("#ports")).to_contain_text(switch.label.ja)
        visit.probe_frame(f"30-city-ports-{site.id}")
    visit.tab("matrix")
    expect(page.locator(".matrix tbody tr")).to_have_count(len(plan.sources))
    expect(page.locator(".matrix thead th")).to_have_count(len(plan.destinations))
    for each in plan.sources:
        expect(page.locator(".matrix tbody")).to_contain_text(each.label.ja)
    visit.probe_frame("31-city-matrix")
    visit.tab("views")
    expect(page.locator("#views")).to_contain_text("職員ノート")
    visit.probe_frame("32-city-views")
    visit.tab("faults")
    for link in plan.links:
        if not link.backup and has_way_around(plan, (link,)):
            expect(page.locator("#faults")).to_contain_text(link.label.ja)
    visit.probe_frame("33-city-faults")
    visit.tab("history")
    expect(page.locator("#history")).to_be_visible()
    body = page.locator("body").inner_text()
    assert "松野" not in body
    assert visit.errors == []


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_port_of_it_is_moved(visit: Visit, town: Demo) -> None:
    """The dry run names what opens; then the change stands."""
    visit.dry_run("hon-f2:5", "fuku-pc")
    expect(visit.page.locator("dialog")).to_contain_text("福祉")
    visit.probe_frame("34-city-dry-run")
    visit.close()
    assert town.ask("/api/state")[1]["changes"] == []
