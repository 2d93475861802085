"""``sekisho chaos``: inject failures and events; show what leaked, and each outage."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import datetime
from pathlib import Path

import orjson
from rich.padding import Padding
from rich.text import Text

from sekisho.commands import runs
from sekisho.commands.inner import Outcome, listen
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.plan import load
from sekisho.report.events import event_table, notes, situation_lines, total
from sekisho.runtime.namespaces import launched, namespace_flags
from sekisho.runtime.progress import progress
from sekisho.scenario.library import find, for_events
from sekisho.scenario.situation import Situation

_MODULE = "scenarios.run.chaos"


def chaos(args: Namespace, screen: Screen) -> int:
    """Play the events on ``args.plan`` and return the exit status."""
    plan = load(args.plan)
    if args.scenario and args.only:
        raise UsageError("--scenario and --only cannot go together\n  hint: leave one out")
    chosen = for_events([find(word, plan) for word in args.scenario], plan)
    namespace_flags()
    folder = runs.make_run(args.out, plan.id, datetime.now(runs.JST))
    outcome = _supervised(args, folder, screen, chosen)
    if outcome.error:
        screen.complain(outcome.error)
    path = folder / "events.json"
    if path.exists() and args.quiet and outcome.exit and not outcome.error:
        screen.out.print(total(orjson.loads(path.read_bytes()), args.lang), highlight=False)
        screen.out.print(str(path), soft_wrap=True, highlight=False)
    if path.exists() and not args.quiet:
        data = orjson.loads(path.read_bytes())
        screen.out.print(event_table(data, args.lang))
        for event, words in notes(data, args.lang).items():
            screen.out.print(Text(event))
            for word in words:
                screen.out.print(Padding(Text(word), (0, 0, 0, 2)))
        for line in situation_lines(data, args.lang):
            screen.out.print(line, highlight=False)
        screen.out.print(total(data, args.lang), highlight=False)
        screen.out.print(str(path), style="dim", soft_wrap=True, highlight=False)
    return outcome.exit


def _supervised(
    args: Namespace, folder: Path, screen: Screen, chosen: tuple[Situation, ...]
) -> Outcome:
    words = [sys.executable, "-m", _MODULE, str(args.plan), "--folder", str(folder)]
    words += ["--repeat", str(args.repeat), "--token", str(args.token)]
    words += [f"--only={event}" for event in args.only]
    words += [f"--scenario={each.places.file}" for each in chosen]
    log = folder / "log" / "chaos.log"
    shown = progress(screen.err, language=args.lang, is_quiet=args.quiet)
    try:
        with (
            log.open("wb") as out,
            shown,
            launched(words, folder=folder, log=out) as process,
        ):
            return listen(process, shown, log=log)
    except KeyboardInterrupt as stop:
        return Outcome(
            runs.EXIT_INCONCLUSIVE, f"interrupted{f' by {stop}' if str(stop) else ''}", {}
        )
