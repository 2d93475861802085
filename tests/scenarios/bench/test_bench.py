"""The figures of a bench: medians, extrapolations, digests, targets; and one real session."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from rich.console import Console

from scenarios.bench.__main__ import comparisons, figures
from scenarios.bench.crowd import crowded
from scenarios.bench.growth import growth_plot, growth_table, size
from scenarios.bench.moves import figures as of_moves
from scenarios.bench.plot import Curve, plot
from scenarios.bench.runs import Sample, extrapolated, forbidden, verdict_digest
from scenarios.bench.table import Comparison, Figure, duration, missed
from scenarios.bench.vm import booted
from sekisho.errors import SekishoError
from sekisho.plan import load

_ROOT = Path(__file__).parents[3]


def sample(wall_s: float, *, frames: int = 20_000, dropped: int = 0) -> Sample:
    """Return a run that took *wall_s*."""
    seconds = {"boot": 3.0, "in_force": 1.0, "probe": 2.0}
    summary = {
        "frames_sent": frames,
        "frames_per_s": frames / 2,
        "captures_dropped": dropped,
        "cases": 10,
        "rules": 100,
        "rules_per_attachment": 12.5,
        "seconds": seconds,
    }
    return Sample(wall_s, 500, summary, "d", frames, ())


def line(**facts: object) -> bytes:
    """Return a line of ``cases.jsonl.gz``."""
    return json.dumps(facts).encode() + b"\n"


def test_a_figure_is_the_median_of_its_runs() -> None:
    """One slow run out of three moves the range, not the figure."""
    found = figures([sample(40.0), sample(90.0), sample(42.0)], has_targets=True)[0]

    assert (found.median, found.least, found.most) == (42.0, 40.0, 90.0)


def test_every_missed_target_is_told() -> None:
    """Too slow, too few frames and a dropped capture are three lines."""
    found = list(missed(figures([sample(61.25, frames=100, dropped=1)], has_targets=True)))

    assert found == [
        "start to report, s is 61.2, target <= 30",
        "frames sent is 100, target >= 10000",
        "frames/s while probing is 50, target >= 20000",
        "captures dropped is 1, target <= 0",
    ]


def test_another_plan_has_no_targets_but_that_nothing_is_dropped() -> None:
    """The targets are those of one plan; a capture that drops frames is wrong on any."""
    found = figures([sample(99.0, frames=5)], has_targets=False)

    assert [figure.name for figure in found if figure.target] == ["captures dropped"]


def test_a_sample_stands_for_the_whole_in_proportion() -> None:
    """Twenty pings in 21 s make 3,540 pings 3,717 s."""
    assert extrapolated(21.0, 20, 3540) == pytest.approx(3717.0)


def test_nothing_measured_is_not_extrapolated() -> None:
    """A sample of none says nothing, and not zero."""
    with pytest.raises(ValueError, match="nothing was measured"):
        extrapolated(0.0, 0, 3540)


def test_the_digest_of_verdicts_sees_a_verdict_and_its_place_but_no_clock() -> None:
    """Times differ from run to run; a verdict must not."""
    first = [
        line(case="T-000001", verdict="pass", start="1"),
        line(case="T-000002", verdict="pass"),
    ]
    later = [
        line(case="T-000001", verdict="pass", start="2"),
        line(case="T-000002", verdict="pass"),
    ]
    other = [line(case="T-000001", verdict="pass"), line(case="T-000002", verdict="inconclusive")]

    assert verdict_digest(first) == verdict_digest(later) != verdict_digest(other)


def test_forbidden_frames_and_connections_are_counted_from_the_cases() -> None:
    """What may arrive is not counted; a connection that two cases try is tried once."""
    dropped = {"expect": "drop", "sent": 3, "src": "nb.wireless", "dst_ip": "10.0.0.1"}
    lines = [
        line(**dropped, probe="tcp-scan", ports="22 80"),
        line(**dropped, probe="tcp-scan", ports="22"),
        line(**dropped, probe="icmp", ports=""),
        line(expect="arrive", sent=50, probe="service", ports="443"),
    ]

    assert forbidden(lines) == (9, (("nb.wireless", "10.0.0.1", 22),))


def test_a_comparison_says_what_was_really_measured() -> None:
    """An extrapolated time names the size of its sample."""
    plain = {"start_s": 8.0, "hosts": 4, "switches": 4, "links": 8}
    waits = {"pings": 20, "ping_s": 20.0, "all_pings": 60, "probes": 20, "probe_s": 20.0}
    found = comparisons([sample(30.0)], plain, waits)

    assert [(c.other_s, c.ours_s, c.ratio, c.how) for c in found] == [
        (8.0, 4.0, 2.0, "4 hosts, 4 switches, 8 links"),
        (60.0, 30.0, 2.0, "extrapolated from 20 pings in 20.0 s"),
        (20_000.0, 2.0, 10_000.0, "extrapolated from 20 probes in 20.0 s"),
    ]


def test_times_are_said_as_people_say_them() -> None:
    """Seconds up to two minutes, then minutes, hours, days."""
    said = [duration(s) for s in (4.25, 119.0, 600.0, 5400.0, 260_000.0)]

    assert said == ["4.2 s", "119.0 s", "10.0 min", "1.5 h", "3.0 days"]


def test_a_figure_at_its_target_meets_it() -> None:
    """The bounds belong to the targets; what takes no time has no ratio."""
    assert Figure("s", 60.0, 60.0, 60.0, 1, "<= 60").is_met
    assert Figure("n", 10_000, 10_000, 10_000, 0, ">= 10000").is_met
    assert Comparison("a", 1.0, "b", 0.0, "").ratio == float("inf")


def _heard(arrived: list[list[int]], sent: dict[str, int]) -> dict[str, Any]:
    return {"arrived": arrived, "sent": sent}


def test_a_frame_of_the_old_name_after_the_acknowledgement_is_counted() -> None:
    """Sent after it and heard: late. Sent before it and heard after: only when it was in force."""
    ms = 1_000_000
    calls = [(100 * ms, 110 * ms)]
    others = [{"sent": 10, "lost": 1, "twice": 0, "rate": 1000}]
    new = _heard([[107 * ms, 9]], {"9": 106 * ms})
    right = _heard([[105 * ms, 1], [112 * ms, 2]], {"1": 104 * ms, "2": 109 * ms})
    wrong = _heard([[113 * ms, 3]], {"3": 111 * ms})
    rest = {"others": others, "dropped": 0, "trouble": ""}

    good = of_moves({"own": [right, new], **rest}, calls)
    bad = of_moves({"own": [wrong, new], **rest}, calls)
    mute = of_moves({"own": [right, new], **rest}, [*calls, (150 * ms, 160 * ms)])

    assert (good["late"], good["silent"], good["in_force_ms"]["p50"]) == (0, 0, 12.0)
    assert (bad["late"], bad["in_force_ms"]["p50"]) == (1, 13.0)
    assert mute["silent"] == 1
    assert good["others"]["lost"] == 1
    with pytest.raises(SekishoError, match="no change came into force"):
        of_moves({"own": [right, _heard([], {})], **rest}, calls)


@pytest.mark.live
def test_a_bench_of_the_tiny_plan_prints_figures_and_ratios(tmp_path: Path) -> None:
    """It runs for an ordinary user, and says what was extrapolated from what."""
    words = [sys.executable, "-m", "scenarios.bench", "--runs=1", "--pairs=1"]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*words, "--plan=topologies/tiny.yaml"],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "captures dropped" in done.stdout
    assert "extrapolated from 2 pings" in done.stdout
    assert "extrapolated from 2 probes" in done.stdout
    assert done.stdout.endswith("every target met\n")
    assert list(tmp_path.iterdir()) == []


def test_a_vm_says_how_it_booted() -> None:
    """Seconds and tries; nothing where it never came so far."""
    assert booted("vm: booted in 17.6 s; exit 0\n") == (17.6, 1)
    assert booted("vm: boot 1 of 3 hung\nvm: booted in 21.0 s, 2 boots; exit 1\n") == (21.0, 2)
    assert booted("vm: Linux 6.1, KVM\n") == (0.0, 1)


def grown(attachments: int, wall_s: float, *, peak_mb: int = 500, folder_mb: float = 5) -> Sample:
    """Return a run of a hall."""
    one = sample(wall_s)
    summary = {**one.summary, "attachments": attachments, "cases": attachments * 300}
    return replace(one, summary=summary, peak_mb=peak_mb, folder_mb=folder_mb)


def test_the_growth_is_a_table_of_medians_with_targets() -> None:
    """One slow run of three misses nothing; a hall without a target says nothing."""
    sizes = [
        size([grown(91, 20), grown(91, 90), grown(91, 22)]),
        size([grown(361, 500, peak_mb=9000)]),
        size([grown(649, 250, peak_mb=5000)]),
    ]
    out = io.StringIO()
    Console(file=out, width=160).print(growth_table(sizes, 3, is_plain=True))
    rows = [line.split() for line in out.getvalue().splitlines()[1:]]

    assert [row[0] for row in rows] == ["91", "361", "649"]
    assert rows[0][3:5] == ["22.0", "242"]
    assert [row[-1] for row in rows] == ["met", "300", "MISSED"]
    assert sizes[2].missed == ("250 s, target <= 240", "5,000 MB, target <= 4096")


def test_a_folder_that_is_too_large_is_a_missed_target() -> None:
    """The reference town's has at most 15 MB."""
    assert size([grown(91, 20, folder_mb=37)]).missed == ("37 MB of run folder, target <= 15",)


def test_the_growth_is_drawn() -> None:
    """A mark for each hall in each panel, the higher the larger, and a line of what is due."""
    sizes = [size([grown(n, s)]) for n, s in ((91, 20.0), (217, 60.0), (649, 200.0))]
    root = fromstring(growth_plot(sizes))
    marks = [e for e in root.iter() if e.tag.endswith("circle")]
    heights = [float(str(e.get("cy"))) for e in marks[:3]]
    words = [e.text for e in root.iter() if e.tag.endswith("text")]

    assert len(marks) == 9
    assert heights == sorted(heights, reverse=True)
    assert {"attachments", "start to report, s", "peak memory, MB", "cases"} <= set(words)
    assert sum(e.get("stroke-dasharray") is not None for e in root.iter()) == 3


@pytest.mark.parametrize("values", [[], [1.0, 2.0]])
def test_a_curve_of_another_length_is_refused(values: list[float]) -> None:
    """It would be drawn over the wrong places."""
    with pytest.raises(ValueError, match="one value of each curve"):
        plot("x", [1.0], [Curve("y", values)])


@pytest.mark.parametrize("times", [1, 3])
def test_a_crowd_is_a_right_plan(tmp_path: Path, times: int) -> None:
    """Only notebooks are copied; every copy has a port, addresses and a name of its own."""
    text = (_ROOT / "topologies" / "matsuno.yaml").read_text("utf-8")
    path = tmp_path / "crowd.yaml"
    path.write_text(crowded(text, times), "utf-8")
    plan, original = load(path), load(_ROOT / "topologies" / "matsuno.yaml")

    assert len(plan.devices) == len(original.devices) + 9 * (times - 1)
    assert len(plan.attachments) == 91 + 18 * (times - 1)
    assert {a.source for a in plan.attachments} == {a.source for a in original.attachments}
    assert plan.clauses[0].allows[0].sources == original.clauses[0].allows[0].sources
