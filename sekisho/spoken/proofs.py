"""What is said about the questions that a proof answers, in both languages."""

from __future__ import annotations

PROOFS = {
    "no-difference": ("{line} is no difference", "{line} は相違の行ではない"),
    "like-difference": ("lines as `sekisho diff` prints them",
                        "`sekisho diff` が表示する行をそのまま書く"),
    "lines-and-dumps": ("--lines and --dumps together are not possible",
                        "--lines と --dumps は一緒に使えない"),
    "tables-changed": ("the tables are not those that were read before the first frame",
                       "規則の表が、最初のパケットの前に読み取ったものと違う"),
    "link-nowhere": ("{place} is a link that leads nowhere", "{place} は行き先のないリンクである"),
    "no-plan-said": ("does not say which plan it is of", "どの計画書のものか書かれていない"),
    "sarif-plan": ("--sarif {path}: is a plan", "--sarif {path}: 計画書が指定された"),
    "other-file": ("name another file", "別のファイルを指定する"),
    "sarif-no-file": ("--sarif {path}: is not a file", "--sarif {path}: ファイルではない"),
    "name-a-file": ("name a file, there or not yet", "ファイルを指定する(まだなくてもよい)"),
    "no-such-plan": ("{setting}: {path}: no such plan", "{setting}: {path}: その計画書はない"),
    "changed-since": ("was changed after the town was started", "環境を起動した後に変更されている"),
    "help-diff": ("say what a change of a plan makes possible",
                  "計画書の変更で何ができるようになるかを示す"),
    "help-before": ("a plan", "変更前の計画書"),
    "help-after": ("the plan that shall follow", "変更後の計画書"),
    "help-allow": ("differences that are approved", "承認済みの相違"),
    "help-lines": ("and with up to N lines down that have a way around ({default})",
                   "迂回路のある回線がN本まで切れた場合も({default})"),
}  # fmt: skip
