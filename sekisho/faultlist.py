"""The two lists of faults that a suite must tell: 30 mutation operators and 20 seeded mistakes.

``M-01`` to ``M-40`` are operators on flow tables, the controller's code, switches, hosts and the
instrument (numbers are missing where the list has none); ``M01`` to ``M20`` are mistakes as towns
make them. A test holds that something plants each of them.
"""

from __future__ import annotations

from sekisho.model import Label

#: In the order of the reports.
LEVELS = {
    "flow": Label("規則表", "flow tables"),
    "plan": Label("計画", "plan"),
    "app": Label("制御装置のプログラム", "controller's code"),
    "switch": Label("スイッチの設定", "switch settings"),
    "host": Label("機器", "hosts"),
    "instrument": Label("試験装置", "instrument"),
}

IDS = {
    "M-01": Label("遮断規則を消す", "delete a drop rule"),
    "M-02": Label("許可規則を消す", "delete an allow rule"),
    "M-03": Label("許可と遮断を入れ替える", "flip drop and output"),
    "M-04": Label("優先順位を入れ替える", "swap priorities"),
    "M-05": Label("該当なしを通す", "open the table miss"),
    "M-06": Label("入力ポートを問わない", "do not ask for in_port"),
    "M-07": Label("プロトコルを問わない", "do not ask for the protocol"),
    "M-09": Label("1ビットの誤り", "flip a bit"),
    "M-10": Label("範囲の端の誤り", "a range ends elsewhere"),
    "M-11": Label("片方向を忘れる", "omit one direction"),
    "M-12": Label("1台または1拠点を忘れる", "omit one switch or site"),
    "M-13": Label("IPv6を忘れる", "omit IPv6"),
    "M-15": Label("ARPを忘れる、他人のARPに答える", "omit ARP, or answer for others"),
    "M-17": Label("端末のLLDPを受け入れる", "accept LLDP on edge ports"),
    "M-19": Label("移動後に古い規則が残る", "keep a stale rule after a move"),
    "M-20": Label("消してから足す、完了を待たない", "delete then add, no barrier"),
    "M-22": Label("反応的な規則が広すぎる", "a reactive rule is too wide"),
    "M-23": Label("制御装置なしで通常スイッチになる", "fail-mode standalone"),
    "M-24": Label("帯域内制御", "in-band control"),
    "M-26": Label("VLANタグの上限、全タグを通す口", "VLAN limit; a port that takes all tags"),
    "M-27": Label("断片の扱い", "how fragments are matched"),
    "M-28": Label("通信状態の扱いが緩い", "connection tracking is loose"),
    "M-32": Label("機器が中継する", "a host forwards IP"),
    "M-33": Label("プリンタが通信を始める", "a printer may open connections"),
    "M-34": Label("テレワークを有線扱い", "telework treated as wired"),
    "M-35": Label("管理用の口が開いている", "management is open"),
    "M-36": Label("一斉送信があふれる", "broadcast is flooded"),
    "M-37": Label("規則表の上限", "a table limit that evicts"),
    "M-39": Label("規則の名が入れ替わる", "cookies are swapped"),
    "M-40": Label("試験装置の故障", "a broken instrument"),
    "M01": Label("ポートのVLAN誤り", "wrong VLAN on an access port"),
    "M02": Label("APの上りがVLAN 10を運ぶ", "an AP's uplink carries a tag"),
    "M03": Label("状態を見ない戻り規則", "a return rule without state"),
    "M04": Label("広い許可が狭い拒否の上", "a wide allow above a narrow deny"),
    "M05": Label("ポート変更後も残る一時規則", "a timed flow outlives a change"),
    "M06": Label("1台だけfail-mode standalone", "fail-mode standalone on one switch"),
    "M07": Label("IPv6が対象外", "IPv6 not matched"),
    "M08": Label("ARPが系統を越えてあふれる", "ARP flooded across zones"),
    "M09": Label("ファイル連携機のIP転送", "the file gateway forwards IP"),
    "M10": Label("複合機が2系統にまたがり転送", "a printer with two legs forwards"),
    "M11": Label("予備回線の経路漏れ", "a route leaks over a line"),
    "M12": Label("/24を/16と書く", "/16 typed for /24"),
    "M13": Label("業者ポートが閉じない", "a vendor's permission never ends"),
    "M14": Label("有線と無線でIP重複", "one IP address at two places"),
    "M15": Label("グループに1台多い", "one member too many in a group"),
    "M16": Label("影に隠れた拒否", "a shadowed deny"),
    "M17": Label("制御装置のAPIが職員系で開く", "the controller's API open to staff"),
    "M18": Label("庁内サーバが来庁者にDHCP応答", "an inside server answers guests' DHCP"),
    "M19": Label("2ポートに同じMAC", "one MAC at two ports"),
    "M20": Label("全角のポート番号", "a full-width port number"),
}

#: Entries of the catalogue of attacks that an id is known to be told by, where the gate is silent.
KILLERS: dict[str, tuple[str, ...]] = {
    "M-01": ("I4-01",),
    "M-03": ("I4-01",),
    "M-04": ("I4-13", "DP-04"),
    "M-05": ("ET-21", "CP-09", "CP-01"),
    "M-06": ("L2-02", "DP-04"),
    "M-07": ("ET-19", "I4-19"),
    "M-09": ("I4-12", "VL-13"),
    "M-10": ("I4-13",),
    "M-11": ("I4-02", "UD-10"),
    "M-12": ("WL-10", "DP-11"),
    "M-13": ("V6-01", "V6-02"),
    "M-17": ("CP-02", "CP-07"),
    "M-22": ("DP-04", "TC-01"),
    "M-24": ("CP-11", "CP-12"),
    "M-26": ("VL-04", "VL-13", "WL-01"),
    "M-27": ("FR-02", "FR-03"),
    "M-28": ("DP-07", "IC-04", "TC-13"),
    "M-33": ("PV-05", "RF-01", "RF-02", "RF-03", "RF-04"),
    "M-34": ("VP-02", "VP-04"),
    "M-35": ("PV-14", "CP-11"),
    "M-36": ("BM-01", "BM-07", "V6-23"),
}
