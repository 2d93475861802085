"""``sekisho report``: show a run folder, in any form."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from sekisho.commands import mutate, planted
from sekisho.commands.runs import EXIT_INCONCLUSIVE
from sekisho.commands.saving import saving
from sekisho.commands.screen import Screen
from sekisho.errors import SealError, UsageError
from sekisho.evidence.seal import REPORTS, check_manifest, trouble
from sekisho.evidence.writing import write_atomically
from sekisho.report import html, junit, terminal
from sekisho.report.reading import RunRecord, read

_FAULTS = {"mutations.json": mutate.show, "planted.json": planted.show}


def report(args: Namespace, screen: Screen) -> int:
    """Show ``args.run`` on the terminal, or write it as HTML or JUnit XML.

    Returns:
        3 where the run folder has no seal, so that it is inconclusive whatever it holds; else 0.

    Raises:
        SealError: The folder is not as its run left it.
        UsageError: ``args.out`` would be one more file in it.
    """
    if (faults := _of_faults(args.run)) is not None:
        return _show_faults(faults, args, screen)
    record = read(args.run, manifest_sha256=args.manifest_sha256)
    if args.out is not None:
        _stay_outside(args.run, args.out)
    _show(record, args, screen)
    return EXIT_INCONCLUSIVE if record.manifest.files is None else 0


def _of_faults(run: Path) -> Path | None:
    """Return the file of a run that planted faults; None where it is none."""
    return next((run / name for name in _FAULTS if (run / name).is_file()), None)


def _show_faults(path: Path, args: Namespace, screen: Screen) -> int:
    """Show what was planted and what told it; such a run has no verdict on a town."""
    check_manifest(path.parent, args.manifest_sha256)
    if why := trouble(path.parent):
        raise SealError(why)
    if args.format != "terminal" or args.out is not None:
        raise UsageError(
            f"{path.parent}: of planted faults there is no {args.format} file\n"
            "  hint: sekisho report RUN, without --format and --out"
        )
    _FAULTS[path.name](path, args, screen)
    return 0


def _show(record: RunRecord, args: Namespace, screen: Screen) -> None:
    if args.format == "terminal" and args.out is None:
        screen.out.print(terminal.render(record, language=args.lang, width=screen.out.width))
        return
    if args.format == "html":
        data = html.render(record).encode()
    elif args.format == "junit":
        data = junit.render(record)
    else:
        with screen.out.capture() as captured:
            screen.out.print(terminal.render(record, language=args.lang, width=screen.out.width))
        data = captured.get().encode()
    if args.out is None:
        sys.stdout.buffer.write(data)
    else:
        with saving("--out", args.out):
            write_atomically(args.out, data)


def _stay_outside(run: Path, out: Path) -> None:
    """See to it that *out* breaks no seal."""
    inside = run.resolve()
    if inside in out.resolve().parents and out.resolve() not in [inside / name for name in REPORTS]:
        raise UsageError(
            f"--out {out}: the run folder is sealed, and takes no other file\n"
            f"  hint: {' or '.join(REPORTS)} there, or another folder"
        )
