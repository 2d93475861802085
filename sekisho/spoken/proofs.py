"""What is said about the questions that a proof answers, in both languages."""

from __future__ import annotations

PROOFS = {
    "no-difference": ("{line} is no difference", "{line} は相違の行ではない"),
    "like-difference": ("lines as `sekisho diff` prints them",
                        "`sekisho diff` が表示する行をそのまま書く"),
    "lines-and-dumps": ("--lines and --dumps together are not possible",
                        "--lines と --dumps は一緒に使えない"),
    "help-diff": ("say what a change of a plan makes possible",
                  "計画書の変更で何ができるようになるかを示す"),
    "help-before": ("a plan", "変更前の計画書"),
    "help-after": ("the plan that shall follow", "変更後の計画書"),
    "help-allow": ("differences that are approved", "承認済みの相違"),
    "help-lines": ("and with up to N lines down that have a way around ({default})",
                   "迂回路のある回線がN本まで切れた場合も({default})"),
}  # fmt: skip
