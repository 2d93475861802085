"""How fast a town may be sent frames: what waits, what comes and what is in hand must fit."""

from __future__ import annotations

import pytest

from topologies.network.queue_depth import pace, room
from topologies.ovs.datapath import Datapath

_QUESTION_BYTES, _IN_HAND = 1280, 64
_DEBIAN = 212_992  # net.core.rmem_default there


@pytest.mark.parametrize("size", [96 * _QUESTION_BYTES, _DEBIAN, 2 * _DEBIAN, 1 << 22])
def test_all_questions_of_the_kernels_datapath_fit_in_one_socket(size: int) -> None:
    """Those that wait, those that a thread has in hand, and the next burst."""
    burst, full_bytes = pace(Datapath.KERNEL, size)

    assert 0 < burst <= 112
    assert full_bytes + (burst + _IN_HAND) * _QUESTION_BYTES <= size


def test_a_larger_socket_is_used() -> None:
    """As a VM's: there both datapaths are sent as much."""
    assert pace(Datapath.KERNEL, 1 << 22) == pace(Datapath.USERSPACE, _DEBIAN)


def test_a_socket_that_holds_next_to_nothing_is_sent_something() -> None:
    """Slowly, and never nothing at all."""
    assert pace(Datapath.KERNEL, 4096).burst == 1


def test_the_room_is_the_machines() -> None:
    """Found out, not assumed; a kernel gives no socket less than 2 KiB (socket(7))."""
    assert room() >= 2048
