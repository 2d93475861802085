"""The streams of events: every frame of a run has a number of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.events.stream_selection import StreamBuilder, stream_of, stream_targets
from scenarios.probes.frames import frame_number
from sekisho.errors import LabError
from sekisho.plan import load

TINY = load(Path(__file__).parents[3] / "topologies" / "tiny.yaml")
_RUN = 7


def test_as_many_streams_as_a_town_with_eighty_events_needs() -> None:
    """A thousand, and the frames of each are told apart from all others."""
    maker, (stream_target, *_) = StreamBuilder(TINY, run=_RUN, length=2), stream_targets(TINY)
    streams = [maker.opening(stream_target.permitted, stream_target) for _ in range(1000)]
    numbers = [frame_number(_RUN, frame) for stream in streams for frame in stream.frames]

    assert len(set(numbers)) == 2000
    assert {stream_of(n) for n in numbers if n is not None} == {s.number for s in streams}


@pytest.mark.parametrize(("length", "streams"), [((1 << 20) + 1, 1), (1, 1 << 12)])
def test_frames_without_a_number_of_their_own_are_refused(length: int, streams: int) -> None:
    """A stream that is too long, and one stream too many: nothing is counted for another."""
    maker, (stream_target, *_) = StreamBuilder(TINY, run=_RUN, length=length), stream_targets(TINY)
    with pytest.raises(LabError, match="cannot be told apart"):
        for _ in range(streams):
            maker.opening(stream_target.permitted, stream_target)
