"""Where run folders are, and what one says when its run ended too early."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from sekisho.errors import LabError, UsageError
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.seal import REPORTS, seal, seal_again
from sekisho.evidence.summary import Summary, write_summary
from sekisho.model import Plan
from sekisho.report.reading import read_summary
from sekisho.text.trouble import in_words

RUNS = Path("runs")
LATEST = "latest"
EXIT_INCONCLUSIVE = 3
_FULL = (errno.ENOSPC, errno.EDQUOT)
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
        if error.errno == errno.ENAMETOOLONG and len(stem) > _LONGEST:
            raise UsageError(
                f"{plan[:_SHOWN]}...: too long for the name of a folder\n"
                "  hint: a shorter id of the town, in the plan"
            ) from error
        if error.errno in _FULL:
            raise LabError(in_words(error)) from error
        raise UsageError(
            f"{out}: {error.strerror}\n  hint: choose another place with --out"
        ) from error
    raise UsageError(f"{out / stem}: too many runs in one second")


def point_latest(folder: Path) -> None:
    """Let ``latest`` beside *folder* point to it; whoever reads sees the old one or the new one.

    Raises:
        LabError: It cannot: something else has the name, or the disk is full.
    """
    link = folder.with_name(LATEST)
    temporary = folder.with_name(f".{LATEST}.{os.getpid()}.tmp")
    try:
        temporary.symlink_to(folder.name)
        temporary.replace(link)
    except IsADirectoryError as error:
        raise LabError(
            f"{link} is a folder, and must be a link to the newest run\n"
            "  hint: give it another name, or choose another place with --out"
        ) from error
    except OSError as error:
        raise LabError(in_words(error, doing=f"{link} is to name the newest run")) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def summary_without_verdict(folder: Path, plan: str, why: str) -> None:
    """Leave a sealed summary that says the run ended early; counts that were written are kept.

    Where the disk takes none, none stays: a run without a summary has no verdict.
    """
    try:
        _inconclusive(folder, plan, why)
    except OSError:
        for name in ("summary.json", *REPORTS):  # what they took may be enough for the new one
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            _inconclusive(folder, plan, why)


def _inconclusive(folder: Path, plan: str, why: str) -> None:
    path = folder / "summary.json"
    summary = (
        read_summary(path) if path.exists() else Summary(plan=plan, verdict=RunVerdict.INCONCLUSIVE)
    )
    if summary.aborted:  # the run has said so itself, and knows better
        return
    verdict = RunVerdict.INCONCLUSIVE if summary.verdict is RunVerdict.PASS else summary.verdict
    write_summary(path, replace(summary, verdict=verdict, aborted=why, exit=EXIT_INCONCLUSIVE))
    seal_again(folder)


def seal_faults(folder: Path, plan: Plan, status: int) -> None:
    """Seal a run that planted faults: it has no verdict on the town, only on its tests."""
    facts = {"schema": SCHEMA, "kind": "faults", "run": folder.name, "plan": plan.id}
    seal(folder, {**facts, "hashes": {"plan": plan.sha256}, "exit": status})
