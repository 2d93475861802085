"""Where run folders are, and what one says when its run ended too early."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from errno import ENAMETOOLONG
from pathlib import Path

from sekisho.errors import UsageError
from sekisho.evidence import RunVerdict, Summary, write_summary
from sekisho.report.reading import read_summary
from sekisho.seal import seal_again

RUNS = Path("runs")
LATEST = "latest"
EXIT_VOID = 3
_MOST_A_SECOND = 100
_SHOWN = 20
_LONGEST = 255  # bytes of a name in Linux's file systems
#: Run folders are named by the clock that the records in them go by.
JST = timezone(timedelta(hours=9), "JST")


def make_run(out: Path, plan: str, now: datetime) -> Path:
    """Make ``OUT/<time>-<plan>`` and return it; a second run in the same second gets ``-2``.

    Raises:
        UsageError: The folder cannot be made.
    """
    stem = f"{now:%Y%m%d-%H%M%S}-{plan}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_A_SECOND):
            folder = out / (stem if number == 1 else f"{stem}-{number}")
            if not folder.exists():
                with suppress(FileExistsError):  # another run was faster
                    folder.mkdir()
                    (folder / "log").mkdir()
                    return folder
    except OSError as error:
        if error.errno == ENAMETOOLONG and len(stem) > _LONGEST:
            raise UsageError(
                f"{plan[:_SHOWN]}...: too long for the name of a folder\n"
                "  hint: a shorter id of the town, in the plan"
            ) from error
        raise UsageError(
            f"{out}: {error.strerror}\n  hint: choose another place with --out"
        ) from error
    raise UsageError(f"{out / stem}: too many runs in one second")


def point_latest(folder: Path) -> None:
    """Let ``latest`` beside *folder* point to it; whoever reads sees the old one or the new one."""
    link = folder.with_name(LATEST)
    temporary = folder.with_name(f".{LATEST}.{os.getpid()}.tmp")
    temporary.symlink_to(folder.name)
    temporary.replace(link)


def void_summary(folder: Path, plan: str, why: str) -> None:
    """Leave a sealed summary that says the run ended early; counts that were written are kept."""
    path = folder / "summary.json"
    summary = read_summary(path) if path.exists() else Summary(plan=plan, verdict=RunVerdict.VOID)
    if summary.aborted:  # the run has said so itself, and knows better
        return
    verdict = RunVerdict.VOID if summary.verdict is RunVerdict.PASS else summary.verdict
    write_summary(path, replace(summary, verdict=verdict, aborted=why, exit=EXIT_VOID))
    seal_again(folder)
