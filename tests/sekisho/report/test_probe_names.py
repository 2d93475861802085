"""Every kind of test has a name that people can read, in both languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scenarios.probes.base import POSING, PROBES
from scenarios.suites.covering import PROBE
from scenarios.suites.scenarios import EXCHANGE
from sekisho.report.chapters import figures
from sekisho.report.probe_names import NAMES, name_of
from sekisho.report.reading import read
from tests.sekisho.report.fake_run import write_run


def test_every_probe_of_the_gate_has_a_name() -> None:
    """And no name is left of one that is sent no more."""
    assert set(NAMES) == {*(probe.id for probe in (*PROBES, *POSING)), EXCHANGE, PROBE}


def test_an_event_is_called_as_its_run_calls_it(tmp_path: Path) -> None:
    """Its name is in the run; an attack of the catalogue goes by its id."""
    record = read(write_run(tmp_path))
    told = {"events": {"undocked": {"ja": "抜線", "en": "Undocked"}}, "outcomes": []}
    name = name_of(replace(record, events=told), "undocked")

    assert name is not None
    assert (name.ja, name.en) == ("抜線", "Undocked")
    assert name_of(record, "VL-01") is None


def test_the_figures_name_the_kinds_of_tests(tmp_path: Path) -> None:
    """With the id behind, which the cases bear."""
    page = figures(read(write_run(tmp_path, number=4000, whole=True)))

    assert "IPアドレスのなりすまし" in page
    assert "<code>spoof-ip</code>" in page
