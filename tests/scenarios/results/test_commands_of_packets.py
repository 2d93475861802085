"""The command under a finding builds the very packet, whatever strange packet it was."""

from __future__ import annotations

from pathlib import Path

from scapy.all import *  # noqa: F403  # as a reader has it

from scenarios.attacks import load_families
from scenarios.results.findings import command
from scenarios.suites.attack_cases import Catalogue, representative_pairs
from sekisho.plan import load

_TINY = load(Path(__file__).parents[3] / "topologies" / "tiny.yaml")


def test_every_attack_of_the_catalogue_can_be_typed_again() -> None:
    """Most as Scapy writes them, the rest as bytes."""
    catalogue = Catalogue(_TINY, seed=1, first_case=1, first_window=1)
    windows = catalogue.windows(load_families(), representative_pairs(_TINY)[:2])
    frames = {(f.case, len(f.raw)): f.raw for window in windows for f in window.frames}
    words = {frame: command(frame) for frame in frames.values()}
    raw = [text for text in words.values() if "fromhex" in text]

    assert [text for frame, text in words.items() if bytes(eval(text)) != frame] == []
    assert len(words) > 200
    assert len(raw) < len(words) // 10
