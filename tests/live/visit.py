"""One person at a browser, before the page of a running town."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from tests.live.demo import ROOT, Demo
from tests.live.machine import SLOWER

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
#: Kept; but in a guest the tree is read-only, and they go with it.
SHOTS = Path("/tmp") if os.environ.get("SEKISHO_VM") else ROOT / "build" / "screenshots"
WIDE = {"width": 1280, "height": 720}
WAIT_MS = 15_000 * SLOWER
#: For a change and two re-tests; in a guest the browsers take the town's time besides.
EVIDENCE_MS = 2 * WAIT_MS * SLOWER
_RETEST_S = EVIDENCE_MS / 1000 if SLOWER > 1 else 0.0


class Visit:
    """One person at one browser, and everything that went wrong there."""

    def __init__(self, browser: Browser, town: Demo, size: dict[str, int] = WIDE) -> None:
        self.context = browser.new_context(viewport=size, locale="ja-JP")  # type: ignore[arg-type]
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self._base = town.base
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._requested)
        self.page.goto(town.address)
        expect(self.page.locator(".port").first).to_be_visible()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith(self._base):
            self.foreign.append(request.url)

    def probe_frame(self, name: str) -> None:
        """Keep what is seen now."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")

    def tab(self, name: str) -> None:
        """Open a tab."""
        self.page.locator(f"#tab-{name}").click()

    def until_line(self, number: int, how: str) -> None:
        """Wait until the strip's line says so."""
        expect(self.page.locator(".line .now").nth(number)).to_have_class(f"now {how}")

    def dry_run(self, port: str, to: str) -> None:
        """Choose, as far as the difference."""
        self.page.locator(f"[data-port='{port}']").click()
        self.page.locator(f"dialog input[value='{to}']").check()
        self.page.locator("#try").click()

    def apply(self, within_ms: int = EVIDENCE_MS) -> None:
        """Confirm, and wait for the evidence: a change and two re-tests."""
        sure = self.page.locator(".sure input")
        if sure.count():
            sure.check()
        self.page.locator("#apply").click()
        expect(self.page.locator(".evidence")).to_be_visible(timeout=within_ms)

    def close(self) -> None:
        """Close the dialog."""
        self.page.locator("dialog .close").click()


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser for the time of the block."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, town: Demo) -> Iterator[Visit]:
    """One visit; afterwards the town is as planned, and nothing went wrong in the page."""
    visit = Visit(browser, town)
    yield visit
    visit.context.close()
    undo_all(town)
    assert visit.errors == []
    assert visit.foreign == []


def undo_all(town: Demo) -> None:
    """Bring the town back to its plan, with its controller."""
    town.ask("/api/faults", {"name": "guard", "on": False})
    town.until("in_force", True)
    for change in reversed(town.ask("/api/state")[1]["changes"]):
        if not change["undone"]:
            _undo(town, change["number"])


def _undo(town: Demo, number: int) -> None:
    """Undo a change; in a guest a re-test may outlast the patience of the town's control server."""
    deadline = time.monotonic() + _RETEST_S
    while (answer := town.ask(f"/api/changes/{number}/undo", {}))[0] != HTTPStatus.OK:
        reasons = {refusal.get("what") for refusal in answer[1].get("refusals", [])}
        assert reasons == {"retest"}, answer
        assert time.monotonic() < deadline, answer


def serious_faults(page: Page) -> list[tuple[str, str, Any]]:
    """What axe calls serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        (each["id"], each["impact"], [node["html"][:160] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def too_small(page: Page) -> list[str]:
    """Visible words in less than 16 pixels."""
    found: list[str] = page.evaluate("""() => [...document.querySelectorAll('body *')]
      .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())
        && e.checkVisibility() && !e.closest('.unseen')
        && parseFloat(getComputedStyle(e).fontSize) < 15.99)
      .map(e => e.outerHTML.slice(0, 120))""")
    return found
