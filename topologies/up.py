"""``python -m topologies.up PLAN --folder RUN``: boot a town and keep it, inside the namespaces.

Says what it does in JSON lines on standard output, ``{"up": true, "hosts": {...}}`` last. With
``--lasting`` it then waits for leave to outlive its starter: a line on standard input. A starter
that dies before has closed the pipe, and the town ends.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sekisho.errors import LabError, SekishoError
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from sekisho.text.printable import printable
from sekisho.text.trouble import recorded
from topologies import shell
from topologies.control_server import ControlServer, Handler
from topologies.town import LENIENT_GUARD, OWN_GUARD, Town


def say(**facts: Any) -> None:
    """Tell the starter something."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


#: Makes what else can be asked of a town, by the word in ``do``.
Handlers = Callable[[Town], dict[str, Handler]]


def keep(
    plan: Path,
    folder: Path,
    *,
    is_lasting: bool,
    guard: str = OWN_GUARD,
    handlers: Handlers = lambda _: {},
) -> None:
    """Boot *plan*, serve its prompt and control server until ended; raise when a part dies."""
    with (
        Town(
            load(plan),
            folder=folder,
            work=WORK,
            progress=lambda name: say(phase=name),
            guard=guard,
        ) as town,
        shell.listen() as control,
    ):
        town.await_in_force()
        with closing(ControlServer(town, handlers(town))) as stage:
            stage.open()
            say(up=True, hosts={host.name: host.pid for host in town.net.hosts})
            if is_lasting and not sys.stdin.readline():
                return
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1):  # the starter reads no more
                os.dup2(nowhere, number)
            shell.serve(town.net, control, stage.check)


def main(handlers: Handlers = lambda _: {}) -> int:
    """Read the command line, keep the town, and say why it ended if that was not asked for."""
    parser = argparse.ArgumentParser(prog="python -m topologies.up", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--lasting", action="store_true")
    parser.add_argument("--no-repair", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        guard = LENIENT_GUARD if args.no_repair else OWN_GUARD
        keep(args.plan, args.folder, is_lasting=args.lasting, guard=guard, handlers=handlers)
    except SekishoError as error:
        print(printable(str(error)), file=sys.stderr)  # noqa: T201  # the log of a process
        say(error=str(error), exit=error.exit_code)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # the one place of this process: record, then end it
        say(error=recorded(error, doing="the town"), exit=LabError.exit_code)
        return LabError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
