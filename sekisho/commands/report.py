"""``sekisho report``: show a run folder, in any form."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from sekisho.commands.runs import EXIT_VOID
from sekisho.commands.saving import saving
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.evidence import write_atomically
from sekisho.report import html, junit, terminal
from sekisho.report.reading import RunRecord, read
from sekisho.seal import REPORTS


def report(args: Namespace, screen: Screen) -> int:
    """Show ``args.run`` on the terminal, or write it as HTML or JUnit XML.

    Returns:
        3 where the run folder has no seal, so that it is void whatever it holds; else 0.

    Raises:
        SealError: The folder is not as its run left it.
        UsageError: ``args.out`` would be one more file in it.
    """
    record = read(args.run, manifest_sha256=args.manifest_sha256)
    if args.out is not None:
        _stay_outside(args.run, args.out)
    _show(record, args, screen)
    return EXIT_VOID if record.manifest.files is None else 0


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
