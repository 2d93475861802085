"""``python -m scenarios.bench.wire [PLAN]``: does what a proof shows really arrive?

Faults of one rule are drawn from the plan's own tables. Of each that opens a forbidden path, by the
proof, the packet that the proof shows is sent in a running town that holds the faulty table, and
must arrive where the proof says; before the fault is planted it must not. Where the packet belongs
to a conversation, the trackers are told of that conversation first.

Exit status: 0 every packet arrived, 1 one did not, 2 wrong words, 3 the town broke.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from scenarios.bench.runs import inside
from sekisho.commands.numbers import MANY, whole
from sekisho.errors import SekishoError


def main() -> int:
    """Read the command line, have it played in a town, and print what arrived."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.wire", description=__doc__)
    plan = Path("topologies") / "tiny.yaml"
    parser.add_argument("plan", type=Path, nargs="?", default=plan, metavar="PLAN")
    parser.add_argument(
        "--paths", type=whole("--paths", 1, MANY), default=100, help="so many are sent (100)"
    )
    parser.add_argument("--seed", type=whole("--seed", 0, MANY), default=1, help="(1)")
    args = parser.parse_args()
    say, began = Console(highlight=False, soft_wrap=True, markup=False).print, time.monotonic()
    words = (str(args.plan), f"--paths={args.paths}", f"--seed={args.seed}")
    try:
        with tempfile.TemporaryDirectory(prefix="sekisho-wire-") as folder:
            found = inside("scenarios.mutants.on_wire", Path(folder) / "run", *words)["found"]
    except SekishoError as error:
        say(str(error))
        return error.exit_code
    for line in found["lines"]:
        say(line)
    total, confirmed = found["total"], found["confirmed"]
    drawn = (
        "{faults} faults drawn: {none} open nothing, {refused} refused, {related} not tried since "
        "only what is related passes"
    ).format_map(found)
    said = f"{found['conversations']} within a conversation"
    say(
        f"{args.plan}: confirmed {confirmed} / {total} packets on the wire ({said}); {drawn}; "
        f"{time.monotonic() - began:.0f} s"
    )
    return 0 if total and confirmed == total else 1


if __name__ == "__main__":
    sys.exit(main())
