"""``sekisho plan upgrade``: a plan of an earlier version, written in the newest one."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from sekisho.commands.saving import saving
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.model import Label
from sekisho.plan import load
from sekisho.plan.keys import LANGUAGE_VERSION
from sekisho.plan.upgrade import Answers, asked, question, read_answers, upgrade

_ASKED = Label(
    "この計画書からは {} 語が分からない。一覧を保存して埋め、--answers で渡す",
    "{} words cannot be told from the plan: save the list, fill it in, and give it to --answers",
)
_DONE = Label("版{} の計画書を書いた", "written in version {}")


def plan_upgrade(args: Namespace, screen: Screen) -> int:
    """Write the plan anew, or print the one list of what has to be said first.

    Raises:
        UsageError: The plan is of the newest version, or the new file cannot be written.
        PlanError: A line of the list is wrong, or the new plan is refused.
    """
    plan = load(args.plan)
    if plan.version == LANGUAGE_VERSION:
        raise UsageError(f"{args.plan} is written in version {LANGUAGE_VERSION} already")
    answers: Answers = read_answers(str(args.answers), plan) if args.answers else {}
    missing = [] if args.answers else asked(plan)
    if missing:
        screen.out.print(question(plan, args.lang), markup=False, highlight=False,
                         soft_wrap=True, end="")  # fmt: skip
        screen.complain(_ASKED.text(args.lang).format(len(missing)))
        return 2
    path: Path = args.out or args.plan.with_name(f"{args.plan.stem}-v{LANGUAGE_VERSION}.yaml")
    with saving("--out", path):
        upgrade(plan, answers, path)
    text = f"{path}: {_DONE.text(args.lang).format(LANGUAGE_VERSION)}"
    screen.out.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0
