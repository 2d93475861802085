"""Why an entry of the catalogue of attacks is not simply sent, in both languages."""

from __future__ import annotations

UNSENT = {
    "too-long": ("longer than a 1500-byte cable takes", "1500バイトの回線に入らない"),
    "some-too-long": ("{count} frames are longer than a 1500-byte cable takes, and not sent",
                      "うち{count}件のフレームは1500バイトの回線に入らず、送っていない"),
    "one-moment": ("a check judges one moment, which is said (`--at`): its frames do not wait for "
                   "another",
                   "試験は指定した一つの時点(`--at`)について行い、別の時点を待たない"),
    "of-boot": ("events: boot", "事象の試験で行う(起動)"),
    "of-hung": ("events: controller hung", "事象の試験で行う(制御装置の応答停止)"),
    "of-killed": ("events: controller killed", "事象の試験で行う(制御装置の停止)"),
    "of-restarted": ("events: controller restarted", "事象の試験で行う(制御装置の再起動)"),
    "of-cut": ("events: link cut", "事象の試験で行う(回線の断)"),
    "of-change": ("events: port change", "事象の試験で行う(ポートの変更)"),
    "of-reload": ("events: reload", "事象の試験で行う(計画書の読み直し)"),
    "of-switch": ("events: switch restarted", "事象の試験で行う(スイッチの再起動)"),
    "of-overfilled": ("events: tables overfilled", "事象の試験で行う(テーブルの満杯)"),
    "of-wiped": ("events: tables wiped", "事象の試験で行う(テーブルの消去)"),
    "planted": ("every window: the live tests plant a rule too wide and see the run fail",
                "毎回: 広すぎる規則を仕込み、試験が不合格になることを製品の試験で確かめている"),
    "leaves": ("every window: witness a: every frame is seen leaving its sender's interface",
               "毎回: 証拠1: 全てのパケットが送信元を出たことを確かめる"),
    "twins": ("every window: witness b: positive twins of every shape reach each target exactly "
              "once",
              "毎回: 証拠2: 各形の対照が宛先ごとにちょうど一度届く"),
    "own-cable": ("every window: witness b: twins are put on the target's own cable, past every "
                  "switch",
                  "毎回: 証拠2: 対照を、スイッチを通さず宛先のケーブルに直接送る"),
    "tokens": ("every window: witness c: tokens carry the number of the run; others are no sight "
               "of a frame",
               "毎回: 証拠3: 印には試験の番号があり、他の試験の印は数えない"),
    "no-drop": ("every window: witness d: PACKET_STATISTICS of every ring shows no drop",
                "毎回: 証拠4: 全ての記録点で、取りこぼしのないことを計数で確かめる"),
    "sentinels": ("every window: witness d: sentinels to every attachment before the first and "
                  "after the last frame",
                  "毎回: 証拠4: 前後に、全ての接続へ見張りを送る"),
    "counter": ("every window: witness e: its counter rises by exactly the copies sent",
                "毎回: 証拠5: 遮断した規則の計数が、送った数だけ増える"),
    "same-name": ("stations behind an admitted terminal that speaks for them in its own name look "
                  "like that terminal; one that only bridges is PV-10",
                  "登録済みの端末が自分の名で代わりに話す後ろの機器は、その端末と見分けられない"
                  "(中継のみの端末はPV-10)"),
    "a-day": ("takes 24 hours; run it by hand with `sekisho check` in a loop",
              "24時間かかる。`sekisho check` を手で繰り返して行う"),
    "silence": ("takes 301 s of silence; the switches learn no addresses, so none is forgotten",
                "301秒の無通信を要する。スイッチはアドレスを学ばないため、忘れることもない"),
    "own-word": ("what leaves the admitted port in the admitted name is the terminal's own word: "
                 "only the terminal can tell",
                 "登録済みのポートから登録済みの名で出るものは端末自身の言葉であり、"
                 "端末にしか見分けられない"),
    "when": ("whoever may send at all may choose when: no switch can tell a signal from a pause",
             "送ってよい者は時機を選べる。スイッチには合図と間を見分けられない"),
}  # fmt: skip
