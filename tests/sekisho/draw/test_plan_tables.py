"""A plan in a terminal: everything is there, and nothing is wider than the terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from sekisho.draw.plan_tables import hosts_table, show
from sekisho.model import Plan
from sekisho.plan import load

TOPOLOGIES = Path(__file__).parents[3] / "topologies"


@pytest.fixture(scope="module", name="tiny")
def _tiny() -> Plan:
    return load(TOPOLOGIES / "tiny.yaml")


@pytest.fixture(scope="module", name="town")
def _town() -> Plan:
    return load(TOPOLOGIES / "matsuno.yaml")


def text(renderable: RenderableType, width: int = 80) -> str:
    """Return what a terminal of *width* columns without colour would show."""
    console = Console(width=width, file=StringIO(), force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


TINY_JA = """\
小さな町  seed-r4  R4.3
拠点1 スイッチ2 機器4 接続口5

                    D1  D2  D3
S1 有線職員端末     A01 A02 ×
S2 無線職員端末     ×!  A02 ×
S3 来庁者Wi-Fi      ×!  A03 ×!
S4 利用事務系サーバ －  ×   ×
S5 業務系サーバ     ×   －  ×

○ 許可(番号) 4  × 拒否 6  ×! 拒否・重大 3  － 対象外 2

D1  利用事務系  D2  業務系  D3  他端末

接続口・機器   ポート・拠点   系統・区分 IP・MAC           ゲートウェイ
nb.wired       floor:1        wired      10.41.0.11/24     10.41.0.1
 職員ノート    hall           S1/D3      02:41:00:00:00:0b
nb.wireless    floor:2        wireless   10.45.0.11/24     10.45.0.1
 職員ノート    hall staff-air S2/D3      02:45:00:00:00:0b
guest.wireless floor:3        visitor    172.30.0.11/24    172.30.0.1
 来庁者の端末  hall guest-air S3/D3      02:95:00:00:00:0b
juki.lan       room:1         register   10.10.0.21/24     10.10.0.1
 住基サーバ    hall           S4/D1      02:10:00:00:00:15
www.lan        room:2         web        10.40.0.21/24     10.40.0.1
 案内サーバ    hall           S5/D2      02:40:00:00:00:15

番号 目的・根拠                誰から → どこへ サービス
A01  利用事務系業務 [特定通信] S1              https tcp/443
      事例報告                 → D1
A02  業務系の利用              S1 S2           https tcp/443
      事例報告                 → D2            http tcp/80
A03  来庁者への案内            S3              http tcp/80
      設計                     → D2
"""

TINY_EN = """\
Tiny town  seed-r4  R4.3
sites 1, switches 2, devices 4, attachments 5

                           D1  D2  D3
S1 Wired staff notebook    A01 A02 ×
S2 Wireless staff notebook ×!  A02 ×
S3 Visitor Wi-Fi           ×!  A03 ×!
S4 Resident server         －  ×   ×
S5 Office server           ×   －  ×

○ allowed (rule) 4  × denied 6  ×! must drop 3  － not applicable 2

D1  Resident register  D2  Office web  D3  Other terminals

attachment, device     port, site     zone, classes IP, MAC           gateway
nb.wired               floor:1        wired         10.41.0.11/24     10.41.0.1
 Clerk's notebook      hall           S1/D3         02:41:00:00:00:0b
nb.wireless            floor:2        wireless      10.45.0.11/24     10.45.0.1
 Clerk's notebook      hall staff-air S2/D3         02:45:00:00:00:0b
guest.wireless         floor:3        visitor       172.30.0.11/24    172.30.0.1
 Visitor's phone       hall guest-air S3/D3         02:95:00:00:00:0b
juki.lan               room:1         register      10.10.0.21/24     10.10.0.1
 Resident register     hall           S4/D1         02:10:00:00:00:15
server
www.lan                room:2         web           10.40.0.21/24     10.40.0.1
 Information server    hall           S5/D2         02:40:00:00:00:15

no. purpose, basis                         from → to services
A01 Resident-information work [designated] S1        https tcp/443
     case report                           → D1
A02 Office applications                    S1 S2     https tcp/443
     case report                           → D2      http tcp/80
A03 Information for visitors               S3        http tcp/80
     design                                → D2
"""


def test_the_tiny_plan_in_japanese(tiny: Plan) -> None:
    """The matrix, the legend, the hosts and the rules, in a terminal of 80 columns."""
    assert text(show(tiny, hosts=True, rules=True)) == TINY_JA


def test_the_tiny_plan_in_english(tiny: Plan) -> None:
    """The same page for a reader of English; only the sources of the rules stay as quoted."""
    assert text(show(tiny, language="en", hosts=True, rules=True)) == TINY_EN


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_a_whole_town_fits_the_terminal(town: Plan, width: int, language: str) -> None:
    """No line is cut by the terminal, full-width characters counted as two."""
    page = show(town, language=language, width=width, hosts=True, rules=True)

    assert max(cell_len(line) for line in text(page, width).splitlines()) <= width


def test_a_narrow_matrix_shows_signs(town: Plan) -> None:
    """Where clause ids have no room, ○ stands for them, and every cell keeps its sign."""
    row = next(line for line in text(show(town)).splitlines() if line.startswith("S19"))

    assert " ".join(row.split()[2:]) == "×! ×! ×! － ×! × × P × × × ○ × × ○ × ×"


def test_a_wide_matrix_shows_clauses(town: Plan) -> None:
    """A wide terminal names the clause of each allowed cell."""
    lines = text(show(town, width=120), 120).splitlines()
    row = next(line for line in lines if line.startswith("S19"))

    assert " ".join(row.split()[2:]) == "×! ×! ×! － ×! × × (P28) × × × A10l × × A11 × ×"


def test_the_signs_are_counted(town: Plan) -> None:
    """The legend says how many cells bear each sign; they add up to the whole matrix."""
    assert "○ 許可(番号) 80  × 拒否 230  ×! 拒否・重大 67  － 対象外 12" in text(show(town))


def test_every_attachment_is_listed_once(town: Plan) -> None:
    """The table of hosts misses nobody, in the order of the plan."""
    lines = text(hosts_table(town, width=160), 160).splitlines()[1:]

    assert [line.split()[0] for line in lines] == [a.id for a in town.attachments]


def test_an_unregistered_device_is_marked(town: Plan) -> None:
    """What the town has not admitted is never taken for one of its own."""
    lines = text(hosts_table(town, language="en", width=160), 160).splitlines()
    marked = [line.split()[0] for line in lines if line.endswith("unregistered")]

    assert marked == [a.id for a in town.attachments if not a.registered]
