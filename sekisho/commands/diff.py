"""``sekisho diff``: what a change of a plan makes possible, and what it ends."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from sekisho.commands.screen import Screen
from sekisho.compiler.tables import compile_town
from sekisho.errors import UsageError
from sekisho.model import Label
from sekisho.model.terms import at
from sekisho.plan import load
from sekisho.proof.comparing import changes
from sekisho.proof.facts import differences

_SAME = Label("できることに違いはない", "nothing else can be opened than before")
_COUNT = Label(
    "新しくできること {new}、できなくなること {old}、うち承認済み {allowed}",
    "{new} things become possible, {old} impossible; approved among them: {allowed}",
)
_STALE = Label(
    "{place}: 注意: 承認された違い {line!r} はない\n"
    "  対処: 取り除く。残すと、後で同じ違いが出たときに見過ごされる",
    "{place}: warning: {line!r} is approved, and does not differ\n"
    "  hint: take it out: the same difference would pass unseen when it comes later",
)


def diff(args: Namespace, screen: Screen) -> int:
    """Print what differs between two plans; return 1 where something is not approved.

    An approval of what does not differ is named: it would let that pass when it comes, unseen.

    Every rule counts, at whatever hours it holds, unless a moment is given.
    """
    plans = [load(path) for path in (args.before, args.after)]
    judged = [at(plan, args.at) for plan in plans] if args.at else plans
    before, after = ((plan, compile_town(plan)) for plan in judged)
    approved = _approved(args.allow) if args.allow else {}
    found = changes(before, after)
    lines = [*(str(each) for each in found), *differences(*plans)]
    text = _COUNT.text(args.lang).format(
        new=sum(each.is_new for each in found),
        old=sum(not each.is_new for each in found),
        allowed=sum(line in approved for line in lines),
    )
    said = [*lines, text] if lines else [_SAME.text(args.lang)]
    screen.say("\n".join(said))
    stale = [each for each in approved.items() if each[0] not in lines]
    for line, number in stale:
        screen.complain(_STALE.text(args.lang).format(place=f"{args.allow}:{number}", line=line))
    return 1 if set(lines) - set(approved) or (stale and args.strict) else 0


def _approved(path: Path) -> dict[str, int]:
    """Return the approved lines of a file by their numbers; empty ones and # say nothing."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise UsageError(f"{path}: cannot be read: {why}") from error
    for number, line in enumerate(lines, 1):
        if line and line[0] not in "+-#":
            raise UsageError(
                f"{path}:{number}: {line!r} is no difference\n"
                "  hint: lines as `sekisho diff` prints them"
            )
    said = ((line, number) for number, line in enumerate(lines, 1))
    return {line: number for line, number in said if line and line[0] != "#"}
