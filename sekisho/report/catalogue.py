"""The catalogue of attacks in the reports: what was sent, what was not, and why.

Counts are the manifest's; a verdict is the worst of the cases that bear the entry's id. An entry
without cases has no verdict, and its reason stands in its place.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from sekisho.model import Label
from sekisho.report import tally
from sekisho.report.manifest import CatalogueLine
from sekisho.report.markup import Markup, both, join, say, table, tag
from sekisho.report.reading import RunRecord
from sekisho.report.tally import Tally
from sekisho.spoken import japanese
from sekisho.spoken.attacks import attack_name

#: Kinds in the order of the reports; both of the first are sent.
KINDS = {
    "frames": Label("送信", "sent"),
    "stateful": Label("送信(状態を残す)", "sent, leaves state"),
    "elsewhere": Label("別の試験で", "run elsewhere"),
    "residual": Label("残存リスク", "residual"),
    "skipped": Label("未実施", "skipped"),
}
_SENT = frozenset({"frames", "stateful"})
_SENT_LABEL = Label("送信", "sent")

FAMILIES = {
    "L2": Label("MACアドレス", "Ethernet addresses"),
    "VL": Label("VLANタグ", "VLAN tags"),
    "ET": Label("EtherTypeと包み方", "EtherTypes and encapsulation"),
    "AR": Label("ARP", "ARP"),
    "I4": Label("IPv4ヘッダ", "IPv4 header"),
    "OP": Label("IPv4オプション", "IPv4 options"),
    "FR": Label("断片化", "IPv4 fragments"),
    "TC": Label("TCP", "TCP"),
    "UD": Label("UDPほか", "UDP and others"),
    "IC": Label("ICMP", "ICMP"),
    "RF": Label("許可先での反射", "Reflection off allowed peers"),
    "TU": Label("トンネル", "Tunnels"),
    "V6": Label("IPv6", "IPv6"),
    "BM": Label("一斉送信", "Broadcast and multicast"),
    "RG": Label("偽サーバ", "Rogue services"),
    "PV": Label("共用機器の踏み台", "Relaying through shared devices"),
    "WL": Label("無線と移動", "Wireless and roaming"),
    "VP": Label("テレワークと拠点間", "Telework and lines between sites"),
    "CP": Label("制御装置", "Control plane"),
    "DP": Label("Open vSwitch", "Open vSwitch"),
    "TM": Label("変更の瞬間", "Moments of change"),
    "CC": Label("隠れた通信路", "Covert channels"),
    "EX": Label("全数の試験", "Every value of a field"),
    "PC": Label("試験装置の確認", "Controls of the instrument"),
}


def words(record: RunRecord, language: str) -> list[str]:
    """Return the counts in phrases; none where no catalogue was run."""
    lines = record.manifest.catalogue
    if not lines:
        return []
    counts = Counter("sent" if line.kind in _SENT else line.kind for line in lines)
    title = Label("攻撃の型", "catalogue ids").text(language)
    out = [f"{title} {len(lines):,}", f"{_SENT_LABEL.text(language)} {counts['sent']:,}"]
    rest = (kind for kind in KINDS if kind not in _SENT)
    return out + [f"{KINDS[kind].text(language)} {counts[kind]:,}" for kind in rest]


def catalogue(record: RunRecord) -> list[Markup]:
    """Return the chapter with a table for each family; nothing where no catalogue was run."""
    lines = record.manifest.catalogue
    if not lines:
        return []
    found = {probe: one for (_, probe), one in tally.by_probe(record).items()}
    parts = [tag("h2", say("攻撃の型の一覧", "Catalogue of attacks"))]
    parts.append(tag("p", say("、".join(words(record, "ja")), ", ".join(words(record, "en")))))
    for family, members in groupby(lines, key=lambda line: line.family):
        label = FAMILIES.get(family, Label(family, family))
        parts.append(tag("h3", f"{family} ", both(label)))
        rows = [_row(line, found.get(line.id)) for line in members]
        parts.append(tag("div", table(_HEADS, rows, class_="plain catalogue"), class_="scroll"))
    return [tag("section", *parts, class_="sheet", id="catalogue")]


_HEADS = (
    say("番号", "id"),
    say("名称", "name"),
    say("扱い", "kind"),
    say("送信数", "frames"),
    say("判定", "verdict"),
)


def _row(line: CatalogueLine, found: Tally | None) -> tuple[Markup | str, ...]:
    kind = both(KINDS[line.kind])
    reason = say(japanese(line.reason), line.reason)
    told = join((kind, ": ", reason)) if line.reason else kind
    name = say(attack_name(line.id, line.name), line.name)
    return line.id, name, told, f"{line.frames:,}", _verdict(found)


def _verdict(found: Tally | None) -> Markup:
    if found is None or found.verdict is None:
        return join(("－",))
    mark = tag("b", found.mark, class_="mark")
    return tag("span", mark, " ", both(found.verdict.label), class_=found.verdict.value)
