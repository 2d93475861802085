"""What requirements deny in any town, in both languages; the rules themselves say it so, too."""

from __future__ import annotations

REQUIRED = {
    "MN-01": (
        "the resident systems talk to other domains by designated communications alone",
        "利用事務系と他の領域との通信は、六項目で限定した特定通信だけ",
    ),
    "MN-03": (
        "the resident systems never reach the internet",
        "利用事務系からインターネットへは出ない",
    ),
    "MN-07": ("no Wi-Fi reaches the resident systems", "無線から利用事務系は不可"),
    "LG-01": (
        "the LGWAN-connected side never reaches the internet directly",
        "LGWAN接続系からインターネットへ直接は出ない",
    ),
    "LG-02": (
        "from the internet side the LGWAN-connected side is entered by a gateway alone",
        "インターネット側からLGWAN接続系へ入るのは中継装置(無害化)経由だけ",
    ),
    "IN-02": (
        "the outside begins nothing inside but with a gateway",
        "庁外から庁内へ始められるのは中継装置までで、その先へは不可",
    ),
    "WL-04": ("a visitor reaches nothing inside", "来庁者から庁内は不可"),
    "WL-05": ("what is in quarantine reaches nothing", "隔離した機器からはどこへも不可"),
    "TW-01": ("telework never reaches the resident systems", "テレワークから利用事務系は不可"),
    "TW-02": (
        "telework reaches the LGWAN-connected side by a gateway alone",
        "テレワークからLGWAN接続系へは画面転送などの中継装置だけ",
    ),
    "CL-01": (
        "the town and other tenants never reach each other",
        "共同利用の他団体と互いに届かない",
    ),
    "MG-01": (
        "nobody but the administration opens management, save for logs, time and sign-in",
        "管理系に入れるのは管理端末だけ(ログ・時刻・認証を除く)",
    ),
    "MG-02": ("a vendor reaches the jump host alone", "保守の端末が届くのは踏み台だけ"),
}
