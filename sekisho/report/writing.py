"""Put the reports of a run into its folder, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from sekisho.evidence.writing import write_atomically
from sekisho.report import html, junit
from sekisho.report.reading import RunRecord

__all__ = ["write_atomically", "write_reports"]


def write_reports(record: RunRecord, *, folder: Path | None = None) -> tuple[Path, ...]:
    """Write ``report.html`` and ``junit.xml`` of *record* and return their paths.

    Args:
        record: The run.
        folder: Where to; the run's own folder where None.
    """
    into = record.folder if folder is None else folder
    contents = {"report.html": html.render(record).encode(), "junit.xml": junit.render(record)}
    for name, content in contents.items():
        write_atomically(into / name, content)
    return tuple(into / name for name in contents)
