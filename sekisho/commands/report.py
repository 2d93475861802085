"""``sekisho report``: show a run folder, in any form."""

from __future__ import annotations

import sys
from argparse import Namespace

from sekisho.commands.screen import Screen
from sekisho.evidence import write_atomically
from sekisho.report import html, junit, terminal
from sekisho.report.reading import read


def report(args: Namespace, screen: Screen) -> int:
    """Show ``args.run`` on the terminal, or write it as HTML or JUnit XML."""
    record = read(args.run)
    if args.format == "terminal" and args.out is None:
        screen.out.print(terminal.render(record, language=args.lang, width=screen.out.width))
        return 0
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
        write_atomically(args.out, data)
    return 0
