"""What is wrong with a file of a situation, in both languages."""

from __future__ import annotations

SITUATIONS = {
    # Else it would read like a situation that is called "is".
    "key-of-version": ("situation is: Version of the language of situations.",
                       "situation: 状況の書式の版"),
    "no-plan-called": ("no plan is called {name}", "{name} という計画書はない"),
    "not-sent": ("{name} is not sent", "{name} は送られない"),
    "unknown-source-in": ("unknown source class {name} in town '{town}'",
                          "'{town}' に {name} という送信元区分はない"),
    "unknown-destination-in": ("unknown destination class {name} in town '{town}'",
                               "'{town}' に {name} という宛先区分はない"),
    "unknown-in": ("unknown {kind:w} {name} in town '{town}'",
                   "'{town}' に {name} という{kind:w}はない"),
    "versions": ("this Sekisho reads version {version} of the language of situations",
                 "このSekishoが読めるのは状況の書式の版{version}だけ"),
    "everything": ("for everything write the word all, without brackets",
                   "すべてなら、括弧を付けず all と書く"),
    "expect-policy": ("write 'expect: policy', since the plan decides; how you read the plan "
                      "belongs under 'reading'",
                      "'expect: policy' と書く(決めるのは計画書である。"
                      "計画書をどう読むかは 'reading' に書く)"),
    "elsewhere": ("events: {words}", "事象の試験で行う: {words}"),
    "nothing-to-try": ("nothing to try on {path}: {reasons}",
                       "{path} で試験するものがない: {reasons}"),
    "says-nothing": ("situation {name}: {reason:o}", "状況 {name}: {reason:o}"),
    "no-class-of": ("it names no class of {plan}, only of {known}",
                    "{plan} の区分を挙げていない({known} のみ)"),
    "has-no": ("{plan} has no {words}", "{plan} に {words} がない"),
    "play-it": ("sekisho {command} {plan} --scenario {name}",
                "sekisho {command} {plan} --scenario {name} を使う"),
    # What the keys mean.
    "key-version": ("Version of the language of situations.", "状況の書式の版"),
    "key-id": ("Its name; the file of a shipped one is called so.", "名前(ファイルの名前と同じ)"),
    "key-intent": ("What is meant to be found out, in one sentence.", "何を確かめるかを一文で"),
    "key-requirements": ("Ids of the requirements that it stands for.", "対応する要件の番号"),
    "key-what": ("What is tried: probes of the gate, `exchange`, and ids or families of the "
                 "catalogue.",
                 "試験するもの(試験の名前、`exchange`、攻撃の型の番号か種類)"),
    "key-expect": ("What must become of it: always the plan's own word.",
                   "どうなるべきか(常に計画書が決める)"),
    "key-towns": ("Who tries whom, for each town by the id of its plan.",
                  "計画書ごとの、始める側と受ける側"),
    "key-destinations": ("Destination classes.", "宛先区分"),
}  # fmt: skip
