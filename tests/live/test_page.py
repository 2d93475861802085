"""The page of a running town, in a real browser: clicked, typed, looked at.

One town for all tests; each leaves it as it found it. Screenshots go to ``build/screenshots``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from sekisho.evidence.case_file import CASES
from tests.live.demo import Demo, demo
from tests.live.visit import (
    CHROMIUM,
    EVIDENCE_MS,
    WIDE,
    Visit,
    browsing,
    serious_faults,
    too_small,
    visiting,
)

TABLET = {"width": 1024, "height": 768}
TABS = ("ports", "matrix", "views", "history", "faults")

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


@pytest.fixture(scope="module", name="town")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as town:
        yield town


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(name="visit")
def _visit(browser: Browser, town: Demo) -> Iterator[Visit]:
    with visiting(browser, town) as visit:
        yield visit


def test_a_port_is_moved_and_brought_back(visit: Visit, town: Demo) -> None:
    """The whole story: look, dry run, apply, see the old way die, evidence, undo."""
    page = visit.page
    visit.until_line(0, "answered")
    visit.until_line(1, "silence")
    assert "token" not in page.url
    visit.probe_frame("01-ports")

    visit.dry_run("floor:1", "visitor")
    expect(visit.page.locator(".proof-after")).to_contain_text("禁止経路 0")
    expect(page.locator(".diff .goes")).to_contain_text("D1 利用事務系")
    expect(page.locator(".before-after td.fresh").last).to_have_text("○→×")
    assert town.ask("/api/state")[1]["changes"] == []
    page.get_by_label("申請者").fill("総務課 山田")
    page.get_by_label("理由").fill("期日前投票所")
    visit.probe_frame("02-dry-run")
    page.locator("#apply").click()
    visit.until_line(0, "silence")
    expect(page.locator(".progress")).to_be_visible()
    visit.probe_frame("03-progress")
    evidence = page.locator(".evidence")
    expect(evidence).to_contain_text("floor: 削除5・追加5", timeout=EVIDENCE_MS / 2)
    expect(evidence.locator(".pass")).to_have_count(2, timeout=EVIDENCE_MS / 2)
    assert re.search(r"合格 126/126件、漏れ0", evidence.inner_text())
    assert evidence.inner_text().count("全パケットについて: 禁止経路 0、") == 2
    page.locator("summary").click()
    expect(evidence.locator("pre")).to_contain_text("nw_src=172.30.0.64")
    visit.probe_frame("04-evidence")

    page.get_by_role("button", name="この変更を取り消す").click()
    expect(page.locator(".warning.A")).to_contain_text("MN-02")
    expect(page.locator("#apply")).to_be_disabled()
    visit.probe_frame("05-undo")
    visit.apply()
    visit.close()
    visit.until_line(0, "answered")
    state = town.ask("/api/state")[1]["changes"]
    assert [(c["by"], c["reason"]) for c in state] == [("総務課 山田", "期日前投票所")]
    assert state[0]["undone"]["by"] == "総務課 山田"


def test_a_moved_port_is_marked_everywhere(visit: Visit, town: Demo) -> None:
    """On the faceplate, in the matrix, in the history, and on paper."""
    page = visit.page
    number = town.ask("/api/changes", {"ports": ["floor:1"], "to": "quarantine"})[1]["number"]
    town.ask(f"/api/changes/{number}/retest", {"what": "affected"})
    port = page.locator("[data-port='floor:1']")
    expect(port).to_have_class(re.compile("quarantine.* moved"))
    expect(port).to_contain_text("⇄変更")
    expect(port).to_have_attribute("aria-label", re.compile("隔離.*Q"))
    visit.probe_frame("06-moved")
    visit.tab("matrix")
    expect(page.locator(".matrix tbody tr")).to_have_count(5)
    expect(page.locator(".matrix tbody td")).to_have_count(15)
    expect(page.locator(".live").first).to_be_visible()
    visit.probe_frame("07-matrix")
    visit.tab("history")
    visit.probe_frame("08-history")
    page.locator(".history tbody tr").first.get_by_role("link").click()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("系統変更記録")
    expect(sheet).to_contain_text("合格 ")
    expect(sheet).to_contain_text("模擬環境での確認")
    record = town.ask(f"/api/changes/{number}")[1]["retests"][0]
    expect(sheet).to_contain_text(f"封印 SHA-256 {record['sealed']}")
    expect(sheet).to_contain_text("全パケットについて: 禁止経路 0、")
    visit.probe_frame("09-record")
    assert serious_faults(page) == []
    assert len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True))) == 1
    with (Path(record["folder"]) / CASES).open("ab") as cases:
        cases.write(b"\n")
    page.reload()
    expect(sheet).to_contain_text("判定不能: 証跡が試験のあとで変わっている")
    expect(sheet).not_to_contain_text("合格 ")


def test_what_a_notebook_sees(visit: Visit) -> None:
    """By wire the register's page, by air nothing: curl's own words."""
    visit.tab("views")
    wire, air = visit.page.locator(".pane pre").all()
    expect(wire).to_contain_text("<h1>juki</h1>")
    expect(air).to_contain_text("timed out")
    visit.probe_frame("10-terminal")


def test_a_refused_change_says_why(visit: Visit, town: Demo) -> None:
    """An access point towards the register; each reason with its requirement."""
    visit.dry_run("floor:2", "register")
    refused = visit.page.locator(".refused")
    expect(refused).to_contain_text("[MN-07]")
    expect(refused).to_contain_text("何も変えていません")
    visit.probe_frame("11-refused")
    visit.page.get_by_role("button", name="選び直す").click()
    expect(visit.page.locator(".choice.no .why").first).to_contain_text("MN-07")
    assert all(change["undone"] for change in town.ask("/api/state")[1]["changes"])


def test_several_ports_are_moved_together_or_not_at_all(visit: Visit, town: Demo) -> None:
    """One of the two may not be moved: neither is, and the reason names the port."""
    page = visit.page
    page.get_by_role("button", name="複数を選ぶ").click()
    for port in ("floor:1", "floor:2"):
        page.locator(f"[data-port='{port}']").click()
    expect(page.locator("[data-port='floor:2']")).to_contain_text("✓選択")
    page.get_by_role("button", name="選んだ2ポートの系統変更へ").click()
    page.locator("dialog input[value='visitor']").check()
    page.locator("#try").click()
    expect(page.locator(".refused li")).to_have_count(1)
    expect(page.locator(".refused li")).to_contain_text(
        "floor:2: 無線APの系統はSSIDで決まる [WL-02]"
    )
    assert all(change["undone"] for change in town.ask("/api/state")[1]["changes"])


def test_a_killed_controller(visit: Visit, town: Demo) -> None:
    """What is denied stays denied; nothing can be moved; it comes back."""
    page = visit.page
    visit.tab("faults")
    page.get_by_role("button", name="制御装置の停止: 障害を起こす").click()
    expect(page.locator("#status")).to_contain_text("× 制御装置 停止")
    visit.until_line(0, "answered")
    visit.until_line(1, "silence")
    visit.probe_frame("12-controller-killed")
    visit.tab("ports")
    visit.dry_run("floor:1", "visitor")
    expect(page.locator(".refused")).to_contain_text("できませんでした")
    visit.close()
    visit.tab("faults")
    page.get_by_role("button", name="制御装置の停止: 復旧する").click()
    expect(page.locator("#status")).to_contain_text("○ 規則 すべて適用済み")
    town.until("in_force", True)


def test_a_change_whose_proof_is_wrong_has_to_be_confirmed(visit: Visit, town: Demo) -> None:
    """The box, as for a grave warning; the answer of the server is made wrong on its way."""

    def spoilt(route: Route) -> None:
        found = route.fetch().json()
        found["proof"] |= {"forbidden": 1, "ja": "全パケットについて: 禁止経路 1"}
        route.fulfill(json=found)

    page, before = visit.page, town.ask("/api/state")[1]["changes"]
    visit.dry_run("floor:1", "visitor")
    expect(page.locator(".proof-after.hint")).to_contain_text("禁止経路 0")
    is_grave = page.locator(".sure").count()
    visit.close()
    page.route("**/api/proofs", spoilt)
    visit.dry_run("floor:1", "visitor")
    expect(page.locator(".proof-after.warning")).to_contain_text("禁止経路 1")
    expect(page.locator("#apply")).to_be_disabled()
    expect(page.locator(".sure input")).to_be_in_viewport()
    visit.probe_frame("25-wrong-proof")
    page.locator(".sure input").check()
    expect(page.locator("#apply")).to_be_enabled()
    visit.close()

    assert is_grave == 0
    assert town.ask("/api/state")[1]["changes"] == before


def test_a_pressed_button_under_the_pointer_can_be_read(visit: Visit) -> None:
    """White letters on a pale ground could not."""
    button = visit.page.locator("[data-key='several']")
    button.click()
    button.hover()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_have_css("color", "rgb(255, 255, 255)")
    expect(button).to_have_css("background-color", "rgb(20, 58, 97)")
    button.click()


def test_a_switch_that_cannot_be_healed(visit: Visit, town: Demo) -> None:
    """The first line names it and says why, for as long as it is so."""
    status = visit.page.locator("#status")
    with town.full_table():
        expect(status).to_contain_text("floor: 規則の表を復元できない: switch floor refused")
        visit.probe_frame("24-cannot-be-healed")

    expect(status).not_to_contain_text("復元できない")
    expect(status).to_contain_text("規則 すべて適用済み")


def test_two_browsers_at_once(visit: Visit, browser: Browser, town: Demo) -> None:
    """The second is told who was first, and sees what stands now."""
    other = Visit(browser, town)
    for each, to in ((visit, "visitor"), (other, "wireless")):
        each.dry_run("floor:1", to)
        expect(each.page.locator("#apply")).to_be_visible()
    visit.page.get_by_label("申請者").fill("佐藤")
    visit.apply()
    other.page.locator("#apply").click()
    expect(other.page.locator(".refused")).to_contain_text("佐藤の変更")
    other.probe_frame("13-second-browser")
    other.page.get_by_role("button", name="選び直す").click()
    expect(other.page.locator(".choice.no")).to_contain_text("すでに来庁者にある")
    other.close()
    expect(other.page.locator("[data-port='floor:1']")).to_contain_text("⇄変更")
    other.context.close()
    assert other.errors == []


def test_a_lost_connection_comes_back(visit: Visit, town: Demo) -> None:
    """It is said, what was seen stays, and nobody has to press anything."""
    page = visit.page
    has_network = page.evaluate("navigator.onLine")
    visit.context.set_offline(True)
    if not has_network:  # loopback alone, as in a guest: the browser sees nothing change
        page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.locator("#banner")).to_contain_text("再接続中")
    visit.until_line(0, "unknown")
    visit.probe_frame("14-lost")
    town.ask("/api/changes", {"ports": ["floor:1"], "to": "visitor"})
    visit.context.set_offline(False)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("[data-port='floor:1']")).to_contain_text("⇄変更")
    visit.until_line(0, "silence")


def test_japanese_first_and_english_on_request(visit: Visit, town: Demo) -> None:
    """Every word is there in both; the choice is kept."""
    page = visit.page
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.locator("#tab-ports")).to_have_text("ポート")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    people = json.dumps(town.ask("/api/state")[1], ensure_ascii=False)  # their own words stay
    for tab in TABS:
        visit.tab(tab)
        text = page.locator(f"#{tab}").inner_text() + page.locator("header").inner_text()
        japanese = set(re.findall(r"[ぁ-ヺー-ヿ一-鿿]+", text))
        assert {word for word in japanese if word not in people} == {"関所", "日本語"}
        visit.probe_frame(f"15-english-{tab}")
    page.reload()
    expect(page.locator("#tab-ports")).to_have_text("Ports")


def test_the_keyboard_alone(visit: Visit, town: Demo) -> None:
    """From the first key to the evidence and the undo, without a mouse."""
    page, press = visit.page, visit.page.keyboard.press
    for _ in range(40):
        press("Tab")
        if page.evaluate("document.activeElement.dataset.port"):
            break
    assert page.evaluate("document.activeElement.dataset.port") == "floor:1"
    for key, port in (("ArrowRight", "floor:2"), ("End", "floor:8"), ("Home", "floor:1")):
        press(key)
        assert page.evaluate("document.activeElement.dataset.port") == port
    press("Enter")
    expect(page.locator("dialog input[value='register']")).to_be_focused()
    for _ in range(4):
        press("ArrowDown")
    expect(page.locator("dialog input[value='visitor']")).to_be_checked()
    press("Tab")
    press("Enter")
    _tab_to(page, "apply")
    visit.probe_frame("16-keyboard")
    press("Enter")
    expect(page.locator(".evidence")).to_be_visible(timeout=EVIDENCE_MS)
    press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("[data-port='floor:1']")).to_be_focused()  # "close" comes after hiding
    assert sum(not c["undone"] for c in town.ask("/api/state")[1]["changes"]) == 1


def _tab_to(page: Page, name: str) -> None:
    expect(page.locator(f"#{name}")).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == name:
            return
    raise AssertionError(f"#{name} is not reached by Tab")


@pytest.mark.parametrize("size", [WIDE, TABLET], ids=["projector", "tablet"])
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(
    browser: Browser, town: Demo, size: dict[str, int]
) -> None:
    """Every tab and every step of the dialog; no text below 16 pixels; no page wider than it is."""
    visit = Visit(browser, town, size)
    page = visit.page
    visit.until_line(1, "silence")
    for tab in TABS:
        visit.tab(tab)
        assert (tab, serious_faults(page)) == (tab, [])
        assert (tab, too_small(page)) == (tab, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        if size is TABLET:
            visit.probe_frame(f"17-tablet-{tab}")
    visit.tab("ports")
    page.locator("[data-port='floor:1']").click()
    expect(page.locator(".choice").first).to_be_visible()
    assert serious_faults(page) == []
    page.locator("dialog input[value='visitor']").check()
    page.locator("#try").click()
    expect(page.locator("#apply")).to_be_in_viewport()
    assert serious_faults(page) == []
    assert too_small(page) == []
    visit.probe_frame(f"18-dialog-{size['width']}")
    visit.context.close()
    assert visit.errors == []


_MATRIX = "export function startMatrix() { throw new Error('no words for layer-C'); }\n"


def test_a_page_that_cannot_draw_says_what_broke(browser: Browser, town: Demo) -> None:
    """And draws everything else: an empty page with a ○ above it helps nobody."""
    page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]  # two numbers, as it wants
    page.route(
        "**/matrix.js",
        lambda route: route.fulfill(body=_MATRIX, content_type="text/javascript"),
    )
    try:
        page.goto(town.address)

        expect(page.locator("#banner")).to_contain_text(
            "画面の一部を表示できません: no words for layer-C"
        )
        expect(page.locator("#ports button").first).to_be_visible()
        expect(page.locator("#lines")).to_contain_text("住基サーバ")
    finally:
        page.close()
