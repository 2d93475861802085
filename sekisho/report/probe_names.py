"""What each kind of test is called in the reports, in both languages; ids are for engineers."""

from __future__ import annotations

from sekisho.model import Label
from sekisho.report.reading import RunRecord

#: By id of the probe.
NAMES = {
    "service": Label("サービスのポートへの接続", "knock at the services' ports"),
    "tcp-scan": Label("よく狙われるTCPポートへの接続", "TCP ports that strangers try"),
    "udp-scan": Label("よく使われるUDPポートへの送信", "usual UDP ports"),
    "icmp": Label("ICMP(pingなど)", "ICMP (ping and others)"),
    "reply-shaped": Label("応答を装う通信", "posing as a reply"),
    "fragment": Label("分割された先頭の断片", "first fragments"),
    "spoof-ip": Label("IPアドレスのなりすまし", "another's IP address"),
    "spoof-mac": Label("MACアドレスのなりすまし", "another's MAC address"),
    "spoof-both": Label("IP・MACアドレス両方のなりすまし", "another's IP and MAC address"),
    "spoof-sibling": Label("同じSSIDの端末へのなりすまし", "another station of the same SSID"),
    "spoof-neighbour": Label("となりのアドレスの名乗り", "a neighbouring address"),
    "tagged": Label("VLANタグの付与", "a VLAN tag"),
    "tags": Label("タグの付いたポートでの別のVLANタグ", "other VLAN tags at a tagged port"),
    "untagged": Label("タグの付いたポートでのタグなし", "no VLAN tag at a tagged port"),
    "arp-gateway": Label("ゲートウェイを名乗るARP", "ARP in the gateway's name"),
    "arp-ask": Label("ARPの問い合わせ", "ARP requests"),
    "ipv6": Label("IPv6", "IPv6"),
    "ethertype": Label("使われないはずのプロトコル", "protocols that nobody speaks"),
    "group": Label("同報(ブロードキャスト・マルチキャスト)", "broadcast and multicast"),
    "nobody": Label("持ち主のないアドレスあて", "addresses that nobody has"),
    "foreign-l2": Label("ルータを通らない直接の送信", "past the router, straight to the MAC"),
    "covering": Label("規則ごとに選んだパケット", "packets chosen for every rule"),
    "exchange": Label("実際の通信", "real conversations"),
}


def name_of(record: RunRecord, probe: str) -> Label | None:
    """Return what *probe* is called; that of an event is in the run; None where nobody has said."""
    event = (record.events or {}).get("events", {}).get(probe)
    if event is not None:
        return Label(str(event["ja"]), str(event["en"]))
    return NAMES.get(probe)
