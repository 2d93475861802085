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


def diff(args: Namespace, screen: Screen) -> int:
    """Print what differs between two plans; return 1 where something is not approved.

    Every rule counts, at whatever hours it holds, unless a moment is given.
    """
    plans = [load(path) for path in (args.before, args.after)]
    judged = [at(plan, args.at) for plan in plans] if args.at else plans
    before, after = ((plan, compile_town(plan)) for plan in judged)
    approved = _approved(args.allow) if args.allow else frozenset()
    found = changes(before, after)
    lines = [*(str(each) for each in found), *differences(*plans)]
    text = _COUNT.text(args.lang).format(
        new=sum(each.is_new for each in found),
        old=sum(not each.is_new for each in found),
        allowed=sum(line in approved for line in lines),
    )
    said = [*lines, text] if lines else [_SAME.text(args.lang)]
    screen.say("\n".join(said))
    return 1 if set(lines) - approved else 0


def _approved(path: Path) -> frozenset[str]:
    """Return the approved lines of a file; empty ones and those that begin with # say nothing."""
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
    return frozenset(line for line in lines if line and line[0] != "#")
