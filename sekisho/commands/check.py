"""``sekisho check``: boot, guard, probe, judge and report, in one go.

The laboratory is another process in namespaces of its own; here it is started, listened to, ended
for certain, and its run folder is shown.
"""

from __future__ import annotations

import errno
import json
import sys
from argparse import Namespace
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sekisho.commands import runs
from sekisho.commands.bridge import bridge
from sekisho.commands.inner import Outcome, listen
from sekisho.commands.screen import Screen
from sekisho.errors import SekishoError, UsageError
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.runtime.namespaces import launched, namespace_flags
from sekisho.runtime.progress import progress
from sekisho.runtime.tcp_bridge import address
from sekisho.scenario.library import find, for_normal
from sekisho.scenario.situation import Situation
from sekisho.text.printable import is_carried, printable
from sekisho.text.trouble import in_words

if TYPE_CHECKING:
    from sekisho.report.reading import RunRecord

_EXITS = {RunVerdict.PASS: 0, RunVerdict.FAIL: 1, RunVerdict.INCONCLUSIVE: 3}
_MODULE = "scenarios.run.check"


def check(args: Namespace, screen: Screen) -> int:
    """Run the whole check of ``args.plan`` and return the exit status."""
    plan = load(args.plan)
    _refuse_part_of_coverage(args)
    chosen = _situations(args, plan)
    if args.controller not in ("", "none"):
        address(args.controller)
    namespace_flags()
    folder = runs.make_run(args.out, plan.id, datetime.now(runs.JST))
    runs.point_latest(folder)
    words = _words(args, folder, chosen)
    with ExitStack() as laboratory:  # it ends by itself while the reports are written
        outcome = _supervised(words, args, folder, screen, laboratory)
        if outcome.error:
            laboratory.close()
            runs.summary_without_verdict(folder, plan.id, outcome.error.splitlines()[0])
            screen.complain(outcome.error)
        return _reported(plan.id, folder, outcome, args, screen)


def _situations(args: Namespace, plan: Plan) -> tuple[Situation, ...]:
    """The chosen situations; they choose alone, so that each is tried as a whole."""
    others = [o for o in ("only", "family", "from", "to") if getattr(args, f"part_{o}")]
    if args.scenario and others:
        raise UsageError(
            f"--scenario and --{others[0]} cannot go together\n"
            "  hint: a situation is tried as a whole; write a narrower one"
        )
    return for_normal([find(word, plan) for word in args.scenario], plan)


def _refuse_part_of_coverage(args: Namespace) -> None:
    """Refuse to choose a part of a set that is for all rules, of tables that we have made."""
    if args.suite != "coverage":
        return
    if any(getattr(args, f"part_{o}") for o in ("only", "family", "from", "to")) or args.scenario:
        raise UsageError(
            "--suite coverage chooses packets for every rule\n"
            "  hint: leave out --only, --family, --from, --to and --scenario"
        )
    if args.controller:
        raise UsageError(
            "--suite coverage knows the rules of our own controller alone\n"
            "  hint: leave out --controller"
        )


def _words(args: Namespace, folder: Path, chosen: tuple[Situation, ...]) -> list[str]:
    words = [sys.executable, "-m", _MODULE, str(args.plan), "--folder", str(folder)]
    words += ["--suite", args.suite, "--seed", str(args.seed)]
    words += ["--pairs", args.pairs]
    words += [f"--at={args.at.isoformat()}"] if args.at else []
    words += [f"--tester={args.tester}", f"--witness={args.witness}"]
    for option in ("only", "family", "from", "to"):
        words += [f"--{option}={word}" for word in getattr(args, f"part_{option}")]
    return words + [f"--scenario={each.places.file}" for each in chosen]


def _supervised(
    words: list[str], args: Namespace, folder: Path, screen: Screen, laboratory: ExitStack
) -> Outcome:
    """Start the laboratory, which *laboratory* ends for certain, and listen to its last word."""
    way = bridge(args.controller, folder)
    log = folder / "log" / "check.log"
    shown = progress(screen.err, language=args.lang, is_quiet=args.quiet or args.json)
    try:
        out = laboratory.enter_context(log.open("wb"))
        laboratory.enter_context(way.open)
        process = laboratory.enter_context(
            launched([*words, f"--guard={way.guard}"], folder=folder, log=out)
        )
        with shown:
            return listen(process, shown, log=log)
    except KeyboardInterrupt as stop:
        return Outcome(
            runs.EXIT_INCONCLUSIVE, f"interrupted{f' by {stop}' if str(stop) else ''}", {}
        )


def _reported(plan: str, folder: Path, outcome: Outcome, args: Namespace, screen: Screen) -> int:
    # Here, not above: the laboratory starts before they are read.
    from sekisho.report.reading import read
    from sekisho.report.writing import write_reports

    status = outcome.exit
    try:
        record = read(folder)
        write_reports(record)
    except SekishoError as error:
        if not outcome.error:
            screen.complain(str(error))
        return status or error.exit_code
    except OSError as error:  # a run whose reports are missing is not to be signed
        why = in_words(error, doing="write the reports")
        runs.summary_without_verdict(folder, plan, why.splitlines()[0])
        if not outcome.error:
            screen.complain(why)
        return status or runs.EXIT_INCONCLUSIVE
    if record.verdict is not RunVerdict.PASS:
        status = status or _EXITS[record.verdict]
    try:
        _show(record, args, screen.out, is_told=bool(outcome.error))
    except BrokenPipeError:  # whoever read us has gone (| head); the folder is complete
        pass
    except OSError as error:
        if error.errno != errno.EIO:  # a killed terminal takes no more text
            screen.complain(in_words(error, doing="standard output"))
            return status or runs.EXIT_INCONCLUSIVE
    return status


def _show(record: RunRecord, args: Namespace, out: Console, *, is_told: bool = False) -> None:
    """Show the run; with ``--quiet`` what is wrong alone, unless *is_told* says it is told."""
    from sekisho.report import terminal

    if args.json:
        text = printable((record.folder / "summary.json").read_text("utf-8"))
        if not is_carried(text, out.encoding):
            text = f"{json.dumps(json.loads(text), indent=2)}\n"  # JSON's own escapes
        out.file.write(text)
    elif args.quiet:
        if record.verdict is not RunVerdict.PASS and not is_told:
            out.print(terminal.verdict_line(record, language=args.lang))
            out.print(f"{record.folder / 'report.html'}", soft_wrap=True, highlight=False)
    else:
        out.print(terminal.render(record, language=args.lang, width=out.width))
        out.print(f"{record.folder / 'report.html'}", style="dim", soft_wrap=True, highlight=False)
