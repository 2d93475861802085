"""``sekisho resegment``: move ports of a running town, take it back, and read what was done."""

from __future__ import annotations

import getpass
import re
import time
from argparse import Namespace
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sekisho.commands import standing
from sekisho.commands.changed import lines, show_history
from sekisho.commands.runs import JST
from sekisho.commands.saving import saving
from sekisho.commands.screen import Screen
from sekisho.errors import LabError, UsageError
from sekisho.model import Label, Plan
from sekisho.model.changes import LATEST_MOMENT, apply_changes
from sekisho.plan import load
from sekisho.plan.writer import save
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import (
    JOURNAL_FILE,
    ChangeRequest,
    PreviewAnswer,
    StateRequest,
    UndoRequest,
    change_answer_of,
    raise_failure,
)
from sekisho.resegment.validation import Refusal, RefusedError
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection
from sekisho.text.printable import said

_RETEST_S = 600.0
_SPAN = re.compile(r"\+(\d{1,4})([smh])")  # +90m
_TIMES = "+90m, 17:30 or 2027-01-04T08:30"
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_EXIT_FINDINGS, _EXIT_UNDECIDED = 1, 3
_AFTER = Label("変更後の表", "the tables after the change")
_SEALED = Label("封印", "sealed")


def resegment(args: Namespace, screen: Screen) -> int:
    """Do what the words ask for; return the exit status of the re-test, if there is one."""
    town = standing.find(args.out, args.town)
    folder = Path(town.folder)
    if args.history:
        show_history(folder, args.lang, screen)
        return 0
    if args.save:
        return _saved(folder, args, screen)
    request = _request(args)
    try:
        with JsonLineConnection.to(folder / SOCKET) as town_client:
            for is_trial in (True,) if args.dry_run else (True, False):
                asked = replace(request, is_dry_run=is_trial).to_wire()
                answer = change_answer_of(town_client.ask(asked))
                for line in lines(answer, args.lang, is_last=args.dry_run or not is_trial):
                    _print(screen, line)
            if args.dry_run and not args.no_retest:
                return _proved_after(town_client, request, args, screen)
            if args.no_retest or isinstance(answer, PreviewAnswer):
                return 0
            return _retested(town_client, answer.number, args, screen)
    except RefusedError as refused:
        if args.lang != "ja":
            raise
        raise UsageError(in_japanese(refused)) from refused
    except OSError as error:
        raise LabError(f"{folder}: the town's control server does not answer ({error})") from error


def _request(args: Namespace) -> ChangeRequest | UndoRequest:
    """Return what the words mean."""
    by = said(args.by or getpass.getuser(), "--by")
    if args.undo:
        if args.words:
            raise UsageError("--undo takes no port\n  hint: sekisho resegment --undo N")
        return UndoRequest(args.undo, by)
    common = ChangeRequest(reason=args.reason, by=by, until=_until(args.until))
    if len(args.words) == 1 and ":" not in args.words[0]:
        return replace(common, link=args.words[0])
    if len(args.words) < 2:
        raise UsageError(
            "which port, and whereto?\n  hint: sekisho resegment SWITCH:PORT ZONE|CLASS|quarantine"
        )
    return replace(common, ports=tuple(args.words[:-1]), to=args.words[-1])


def _until(text: str) -> float | None:
    """Read ``+90m``, ``17:30`` (the next one, Japan's clock) or an ISO 8601 date and time."""
    if not text:
        return None
    span = _SPAN.fullmatch(text)
    if span:
        return time.time() + int(span[1]) * _SECONDS[span[2]]
    now = datetime.now(JST)
    try:
        if len(text) == len("17:30"):
            clock = datetime.strptime(text, "%H:%M")
            at = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
            at += timedelta(days=at <= now)
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=JST)
    except ValueError as error:
        raise UsageError(f"--until {text!r} is no time\n  hint: {_TIMES}") from error
    if at.timestamp() > LATEST_MOMENT:
        raise UsageError(f"--until {text!r} is too far ahead\n  hint: {_TIMES}")
    if at <= now:
        raise UsageError(f"--until {text!r} is over already")
    return at.timestamp()


def in_japanese(refused: RefusedError) -> str:
    """Return every reason of a refusal in Japanese."""
    return "\n".join(map(_reason, refused.refusals))


def _reason(reason: Refusal) -> str:
    """One reason in Japanese, with the hint that the English one ends with."""
    hint = reason.en.partition("\n")[2]
    number = f" [{reason.requirement}]" if reason.requirement else ""
    return f"{reason.what}: {reason.ja}{number}" + (f"\n{hint}" if hint else "")


def _retested(town_client: JsonLineConnection, number: int, args: Namespace, screen: Screen) -> int:
    """Try the affected cells again, and the whole list of page one; return the worse status.

    A finding of one is a finding, whatever the other could not judge.
    """
    statuses = set[int]()
    for what, label in (
        ("affected", Label("影響範囲の再試験", "re-test of what the change concerns")),
        ("must-drop", Label("不達一覧の再試験", "re-test of everything that must never arrive")),
    ):
        request = {"op": "retest", "number": number, "what": what}
        done = town_client.ask(request, _RETEST_S)
        raise_failure(done)
        found = done["summary"] or {"verdict": "inconclusive", "passed": 0, "cases": 0, "leak": "?"}
        words = "{verdict}: {passed}/{cases}, leak {leak}".format_map(found)
        _print(screen, f"{label.text(args.lang)}: {words}")
        _print(screen, f"  {done['proof'][args.lang]}")
        _print(screen, f"  {done['folder']}/report.html")
        _print(screen, f"  {_SEALED.text(args.lang)} SHA-256 {done['sealed']}")
        statuses.add(int(done["exit"]))
    return min(statuses - {0}, default=0)


def _proved_after(
    town_client: JsonLineConnection,
    request: ChangeRequest | UndoRequest,
    args: Namespace,
    screen: Screen,
) -> int:
    """Say what is proved of the tables that the change would bring about; 1 for a finding."""
    done = town_client.ask({**request.to_wire(), "op": "prove"}, _RETEST_S)
    raise_failure(done)
    proof = done["proof"]
    _print(screen, f"{_AFTER.text(args.lang)}: {proof[args.lang]}")
    if proof["forbidden"] is None:
        return _EXIT_UNDECIDED
    return _EXIT_FINDINGS if proof["forbidden"] or proof["missing"] else 0


def _saved(folder: Path, args: Namespace, screen: Screen) -> int:
    """Write the plan that is in force as a plan of its own."""
    with JsonLineConnection.to(folder / SOCKET) as town_client:
        plan: Plan = load(Path(town_client.ask(StateRequest().to_wire())["plan"]))
    after = apply_changes(plan, Journal(folder / JOURNAL_FILE).standing)
    with saving("--save", args.save):
        save(plan, after, args.save)
    _print(screen, str(args.save))
    return 0


def _print(screen: Screen, text: str) -> None:
    screen.out.print(text, markup=False, highlight=False, soft_wrap=True)
