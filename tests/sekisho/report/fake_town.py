# ruff: noqa: E501 (one row a line)
"""The words of a fake town for report tests: rows, columns, cells and page-one lines."""

from __future__ import annotations

SOURCES = """\
S1 有線職員端末・本庁 / Wired staff terminal, main hall
S2 無線職員端末・本庁 / Wireless staff terminal, main hall
S3 有線職員端末・出先 / Wired staff terminal, branches
S4 無線職員端末・出先 / Wireless staff terminal, branches
S5 テレワーク端末(VPN) / Telework terminal (VPN)
S6 スマホ内線(庁外) / Smartphone extension, outside
S7 スマホ内線・机上IP電話 / Smartphone extension, desk phone
S8 複合機 / Multi-function printer
S9 来庁者Wi-Fi / Visitor Wi-Fi
S10 議員タブレット / Assembly tablet
S11 保守業者端末 / Maintenance terminal
S12 IC打刻端末・電子錠 / Clock-in terminal, door lock
S13 未登録機器(不正接続) / Unregistered device
S14 管理端末(総務課) / Administrator's terminal
S15 インターネット上の任意ホスト / Any host on the internet
S16 共同利用の他14団体 / The 14 other municipalities
S17 LGWAN側(他団体・ASP) / LGWAN side
S18 利用事務系サーバ / Resident-business server
S19 LGWAN接続系サーバ / LGWAN-connected server
S20 業務系サーバ / Office server
S21 ファイル受渡GW / File hand-over gateway
S22 共通プリント/IC認証サーバ / Print and IC-card server
S23 スイッチ・AP(管理) / Switches and access points"""

DESTINATIONS = """\
D1 住民系業務(利用事務系) / Resident business
D2 中間サーバー・住基ネット / Intermediate server
D3 利用事務系プリント・共有 / Resident print and share
D4 LGWAN接続系 / LGWAN-connected zone
D5 Web(インターネット接続系) / Web (internet-connected)
D6 Web会議 / Web meeting
D7 クラウドPBX / Cloud PBX
D8 業務系アプリ / Office applications
D9 業務系ファイルサーバ / Office file server
D10 複合機 / Multi-function printer
D11 共通プリント/IC認証サーバ / Print and IC-card server
D12 ファイル受渡GW / File hand-over gateway
D13 他14団体テナント / Other municipalities' tenants
D14 管理系 / Management
D15 基盤(DHCP/DNS/NTP) / Base services
D16 他端末(横通信) / Other terminals
D17 VPN装置の外側 / Outer side of the VPN gateway"""

CELLS = """\
A01 ×  A02 A03 A04 A05 A06 A07 A08 ×  A09 A10 ×  ×  A11 ×  ×
×!  ×! ×!  A03 A04 A05 A06 A07 A08 ×  A09 A10w × ×  A11 ×  ×
A01 ×  A02 A03 A04 A05 A06 A07 A08 ×  A09 A10 ×  ×  A11 ×  ×
×!  ×! ×!  A03 A04 A05 A06 A07 A08 ×  A09 A10w × ×  A11 ×  ×
×!  ×! ×!  A12 ×   ×   ×   A13 ×   ×  ×   ×   ×  ×  A11 ×  A14
×!  ×! ×!  ×   ×   ×   E01 ×   ×   ×  ×   ×   ×  ×  ×   ×  ×
×!  ×! ×!  ×   ×   ×   A06 ×   ×   ×  ×   ×   ×  ×  A11 ×  ×
×!  ×! ×!  ×   ×   ×   ×   ×   A16 －  A15 ×   ×  ×  A11 ×  ×
×!  ×! ×!  ×   A18 A18 ×   ×   ×   ×  ×   ×   ×  ×  A18 ×  ×
×!  ×! ×!  ×   ×   ×   ×   A19 ×   ×  ×   ×   ×  ×  A11 ×  ×
×!  ×! ×!  ×   ×   ×   ×   ×   ×   ×  ×   ×   ×  A20 ×  ×  ×
×!  ×! ×!  ×   ×   ×   ×   A21 ×   ×  ×   ×   ×  ×  A11 ×  ×
×!  ×! ×!  ×   ×   ×   ×   ×   ×   ×  ×   ×   ×  ×  ×   ×  ×
×!  ×! ×!  ×   ×   ×   ×   ×   ×   ×  ×   ×   ×  A22 A11 × ×
×!  ×! ×!  ×   －   －   －   ×   ×   ×  ×   ×   －  ×  ×   ×  A14
×!  ×! ×!  ×   ×   ×   ×   ×   ×   ×  ×   ×   －  ×  ×   ×  ×
×!  ×! ×!  A23 ×   ×   ×   ×   ×   ×  ×   ×   ×  ×  ×   ×  ×
－   A24 A25 A26 ×! ×!  ×!  ×   ×   A27 A17 A10m × ×  A11 ×  ×
×!  ×! ×!  －   ×!  ×   ×   P28 ×   ×  ×   A10l × ×  A11 ×  ×
×!  ×! ×!  ×!  A30 ×   ×   －   －   ×  ×   A10b × ×  A11 ×  ×
×!  ×! ×!  ×!  ×!  ×   ×   ×   ×   ×  ×   －   ×  A31 A11 × ×
×!  ×! ×!  ×   ×   ×   ×   ×   ×   A32 －  ×   ×  A31 A11 × ×
×!  ×! ×!  ×   ×   ×   ×   ×   ×   ×  ×   ×   ×  A34 A11 × ×"""

# number | sources | destinations | items | state | Japanese | English
MUST_DROP = """\
1|S2 S4|D1|||無線接続の端末から住基・税・福祉へ(全庁舎)|any wireless terminal to the resident systems
2|S2 S4|D1|7 8 9||無線の端末が、同じ端末の有線側になりすまして住基・税・福祉へ|a wireless terminal posing as its wired twin
3|S1|D1||undock|有線で開いた業務を、無線に切り替えた後も使い続けること|a wired session kept after undocking
4|S5|D1 D2 D3|||テレワーク端末から利用事務系へ|telework to the resident zone
5|S9|D1 D2 D3 D4 D8 D9 D14|||来庁者用Wi-Fiから庁内のすべて|visitor Wi-Fi to anything inside
6|S15|D1 D2 D3 D4|||インターネットから業務系を経てLGWAN接続系・利用事務系へ|internet to LGWAN or resident zone
7|S18|D5 D6 D7|||利用事務系サーバからインターネットへ|resident servers to the internet
8|S8|D1 D2 D3 D4 D8|||複合機から、決められた2台以外のサーバへ|printer to any server beyond its two
9|S22|D3|||共通プリント・IC認証サーバから利用事務系プリントへ|print server to the resident printer server
10|S21|D1 D2 D3 D4 D5|||ファイル受渡装置が系統をまたいで中継すること|hand-over gateway forwarding between zones
11|S16||||他の14団体から当町の領域・庁内へ|other municipalities to our tenant and hall
12|S17|D1 D2 D3|||LGWAN側から利用事務系へ|LGWAN side to the resident zone
13|S13||||空きポートにつないだ未登録機器から庁内のすべて|an unregistered device on a spare port
14|S11|D14||ticket-over|保守業者の端末が、作業時間の終了後に庁内へ|a vendor after the end of the ticket
15|S1 S2 S9 S13|D14|||一般の端末からネットワーク管理装置へ|any terminal to the management systems
16||||controller-dead|制御装置が停止した状態でも、上の1～15のとおりであること|all of the above with the controller dead"""

NOT_TESTED = """\
radio|無線の電波(届く範囲、混信)|radio propagation and interference
802.1x|実機の利用者認証(802.1X)|802.1X on real equipment
firmware|実機のファームウェアの不具合|vendor firmware
lgwan|実際のLGWAN・住基ネット|the real LGWAN and resident-register network
endpoint|端末の中の対策(USB制限、ウイルス対策)|controls inside the terminal"""

MISSING = "netem|回線の遅延の再現(この試験機では未対応)|line delay (this machine has no netem)"

EXCEPTIONS = """\
EX-01|複合機を全系統で共用|printers shared by all zones|印刷は認証サーバを経由し、複合機からの発信を2台に限る|print via one server
EX-02|インターネット接続系からWeb会議への直接接続|local breakout for web meetings|提供者の宛先に限り許可する|provider ranges only"""


def table(text: str) -> list[list[str]]:
    """Split lines at ``|``."""
    return [line.split("|") for line in text.splitlines()]


def named(text: str) -> list[dict[str, str]]:
    """Read ``id ja / en`` lines."""
    split = [
        (line.split(" ", 1)[0], *line.split(" ", 1)[1].split(" / ")) for line in text.splitlines()
    ]
    return [{"id": key, "ja": ja, "en": en} for key, ja, en in split]
