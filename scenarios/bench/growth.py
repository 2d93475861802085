"""How a check grows with its town: larger and larger halls, as a table and as a plot.

Each hall is the default plan with each of its notebooks several times (`scenarios.bench.crowd`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich import box
from rich.table import Table

from scenarios.bench.crowd import crowded
from scenarios.bench.plot import Curve, plot
from scenarios.bench.runs import Sample

#: How often each notebook stands there: 9, 72, 144 and 288 of them in Matsuno.
TIMES = (1, 8, 16, 32)
#: Most seconds, MB of memory and MB of the run folder, by attachments; 0 for no target.
TARGETS = {91: (30, 0, 15), 217: (75, 1536, 0), 649: (240, 4096, 0)}


@dataclass(frozen=True, slots=True)
class Size:
    """What checks of one hall cost: medians.

    Attributes:
        missed: Targets that it misses, in words.
    """

    attachments: int
    cases: int
    frames: int
    wall_s: float
    peak_mb: float
    folder_mb: float
    missed: tuple[str, ...]


def size(samples: Sequence[Sample]) -> Size:
    """Return the medians of *samples*, runs of one hall, and what targets they miss."""

    def of(get: Callable[[Sample], float]) -> float:
        return float(median(get(sample) for sample in samples))

    first = samples[0].summary
    found = (
        of(lambda s: s.wall_s),
        of(lambda s: s.peak_mb),
        of(lambda s: s.folder_mb),
    )
    targets = TARGETS.get(first["attachments"], (0, 0, 0))
    missed = tuple(
        f"{value:,.0f} {unit}, target <= {most}"
        for value, most, unit in zip(found, targets, ("s", "MB", "MB of run folder"), strict=True)
        if most and value > most
    )
    return Size(first["attachments"], first["cases"], first["frames_sent"], *found, missed)


def halls(plan: Path, folder: Path) -> list[Path]:
    """Write the halls that *plan* becomes to *folder*; the first is the plan itself."""
    text, out = plan.read_text("utf-8"), [plan]
    for times in TIMES[1:]:
        path = folder / f"{plan.stem}-times-{times}.yaml"
        path.write_text(crowded(text, times), "utf-8")
        out.append(path)
    return out


def growth_table(sizes: Sequence[Size], runs: int, *, is_plain: bool) -> Table:
    """Return the table of *sizes*, with what one attachment costs."""
    table = Table(box=None if is_plain else box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    heads = ("cases", "frames", "s", "ms each", "MB", "MB each", "folder MB", "cases each")
    table.add_column(f"attachments, {runs} run{'' if runs == 1 else 's'}", justify="right")
    for name in heads:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for each in sizes:
        n = each.attachments
        table.add_row(
            f"{n:,}",
            f"{each.cases:,}",
            f"{each.frames:,}",
            f"{each.wall_s:,.1f}",
            f"{each.wall_s * 1000 / n:,.0f}",
            f"{each.peak_mb:,.0f}",
            f"{each.peak_mb / n:,.1f}",
            f"{each.folder_mb:,.1f}",
            f"{each.cases / n:,.0f}",
            "MISSED" if each.missed else "met" if n in TARGETS else "",
        )
    return table


def growth_plot(sizes: Sequence[Size]) -> str:
    """Return an SVG: seconds, memory and cases by attachments, each beside what is proportional."""
    at = [float(each.attachments) for each in sizes]
    return plot(
        "attachments",
        at,
        (
            Curve("start to report, s", [each.wall_s for each in sizes]),
            Curve("peak memory, MB", [each.peak_mb for each in sizes]),
            Curve("cases", [float(each.cases) for each in sizes]),
        ),
    )
