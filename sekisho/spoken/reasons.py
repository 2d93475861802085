"""Why a case is judged as it is, in both languages; the record holds the English."""

from __future__ import annotations

REASONS = {
    "nothing-sent": ("nothing was sent", "何も送られなかった"),
    "not-leaving": ("{count} of {all} frames were not seen leaving the sender",
                    "{all}個のうち{count}個のパケットが、送信元を出たところで確認できなかった"),
    "lost-copies": ("captures lost copies at {places}", "{places} の取り込みに取りこぼしがある"),
    "no-sentinel": ("no sentinel was heard at {places}",
                "{places} で確認用のパケットが届かなかった"),
    "town-changed": ("the town changed meanwhile: {what}", "試験の間に環境が変わった: {what}"),
    "true-station": ("no switch can tell it from the true station: {count} of {all} arrived",
                     "どのスイッチにも本物の端末と見分けられない({all}個のうち{count}個が届いた)"),
    "also-seen": ("also seen at {places}", "{places} でも見つかった"),
    "lost-by": ("frames were lost meanwhile by {places}",
                "試験の間に {places} でパケットが失われた"),
    "arrived-not-seen": ("permitted frames arrived that were not seen at {places}",
                         "許可のパケットは届いたが、{places} では確認できなかった"),
    "permitted-copies": ("{count} copies of {all} permitted frames arrived",
                         "許可のパケット{all}個に対し、届いたのは{count}個"),
    "forbidden-answer": ("a forbidden frame was seen at the sender, as an answer",
                         "禁止のパケットに対する応答が送信元に届いた"),
    "forbidden-seen": ("a forbidden frame was seen at {places}",
                       "禁止のパケットが {places} で見つかった"),
    "seen-late": ("a forbidden frame was seen late, at {time}, at {places}",
                  "禁止のパケットが後から({time})、{places} で見つかった"),
    "no-twin": ("no positive twin was sent to the target",
                "届くはずの対のパケットが宛先に送られなかった"),
    "twins": ("{count} copies of {all} positive twins arrived at the target",
              "届くはずの対のパケット{all}個に対し、届いたのは{count}個"),
    "sent-not-seen": ("frames were sent that were not seen at {places}",
                      "送られたパケットが {places} では確認できなかった"),
    "not-read": ("the counter of {rule:o} was not read", "{rule:o} のカウンタを読めなかった"),
    "also-drops": ("{rule:o} also drops frames that were not seen leaving their sender",
                   "{rule:o} は、送信元を出たところで確認できなかったパケットも遮断している"),
    "counted": ("{rule:o} counted {count} of {all} copies",
                "{rule:o} が数えたのは{all}個のうち{count}個"),
    "no-pilot": ("no permitted frame of the same sender arrived anywhere: nothing shows that the "
                 "controller lets in what it sends",
                 "同じ送信元の許可のパケットがどこにも届かず、制御装置がその送信元を受け入れているか"
                 "分からない"),
    "no-carrier": ("no permitted frame came from the sender's switch to the target's: nothing "
                   "shows that the way between is alive",
                   "送信元のスイッチから宛先のスイッチへ許可のパケットが届かず、間の経路が生きて"
                   "いるか分からない"),
    "not-ours": ("dropped; by which rule is not known (not our controller)",
                 "遮断された。どの規則によるかは分からない(当方の制御装置ではない)"),
    "sentinel-where": ("{sight}: a sentinel was seen where it must not be",
                       "{sight}: 確認用のパケットが、あってはならない所で見つかった"),
    "after-window": ("{sight}: a permitted frame came after its window had ended",
                     "{sight}: 許可のパケットが、待つ時間が過ぎてから届いた"),
    "nobody-sent": ("{sight}: a frame that nobody was seen to send ({many}): {shown}",
                    "{sight}: 誰も送っていないパケットが見つかった({many}): {shown}"),
}  # fmt: skip

_RULES = {
    "tagged": "VLANタグ",
    "ipv6": "IPv6",
    "ethertype": "使われないプロトコル",
    "identity": "なりすまし",
    "arp-claim": "名乗りのARP",
    "arp-target": "問い合わせのARP",
    "quarantine": "隔離",
    "trunk": "スイッチ間",
    "fragment": "断片",
    "ttl": "TTL",
    "group": "同報",
    "next-hop": "ルータを通らない通信",
    "destination": "持ち主のない宛先",
    "share": "通信数の上限",
    "forward": "転送先のない通信",
}
#: The dropping rules that a reason names (`sekisho.packet.packet.DropPoint`).
DROPS = {
    "cell": ("cell {key} at {switch}", "{switch} の {key} の遮断規則"),
    **{w: (f"{w} at {{switch}}", f"{{switch}} の{ja}の遮断規則") for w, ja in _RULES.items()},
    **{
        f"{w}-port": (f"{w} {{key}} at {{switch}}", f"{{switch}} のポート{{key}}の{ja}の遮断規則")
        for w, ja in _RULES.items()
    },
}
