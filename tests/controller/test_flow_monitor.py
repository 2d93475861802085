"""What a flow monitor tells: somebody else's changes are counted, one's own are not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from controller.flow_monitor import ONF, changes_of_others, is_pause, watch_bytes

_BODY = "4f4e46000000074e"  # the extension and its type
# As Open vSwitch 3.1.0 sent them: a rule was added, changed, deleted.
_ADDED = (
    "004000000000000900000000000a090000000000000000000001000a80000a020800000000000000"
    "000400180000000000000010fffffffa0000000000000000"
)
_MODIFIED = "002800020000000900000000000a090000000000000000000001000a80000a020800000000000000"
_DELETED = "002800010002000900000000000a090000000000000000000001000a80000a020800000000000000"
_OWN = "0008000300000007"


@pytest.mark.parametrize(
    ("updates", "foreign"),
    [
        ((), 0),
        ((_ADDED,), 1),
        ((_MODIFIED,), 1),
        ((_DELETED,), 1),
        ((_OWN,), 0),
        ((_OWN, _DELETED, _OWN, _ADDED), 2),
    ],
)
def test_only_the_changes_of_others_are_counted(updates: tuple[str, ...], foreign: int) -> None:
    """What this connection changed itself comes back without its rule."""
    assert changes_of_others(bytes.fromhex(_BODY + "".join(updates))) == foreign


@pytest.mark.parametrize("length", range(len(_BODY + _ADDED) // 2))
def test_an_update_that_ends_too_early_is_read_all_the_same(length: int) -> None:
    """Whatever comes, nothing is raised, and what is cut off is no less foreign."""
    body = bytes.fromhex(_BODY + _ADDED)[:length]

    assert changes_of_others(body) == (length >= len(_BODY) // 2 + 4)


def test_the_request_is_the_one_that_the_switch_has_taken() -> None:
    """Type 18, experimenter 0xffff of the ONF, 1870; every table, every change, no actions."""
    assert watch_bytes().hex() == (
        "0412003000000000ffff0000000000004f4e46000000074e"
        "00000001000e0004ffffffffff0000000001000400000000"
    )


def test_a_pause_is_told_from_other_messages() -> None:
    """A switch that keeps updates back says so under the same number."""
    assert is_pause(SimpleNamespace(experimenter=ONF, exp_type=1870))
    assert is_pause(SimpleNamespace(experimenter=ONF, exp_type=1871))
    assert not is_pause(SimpleNamespace(experimenter=0x2320, exp_type=1870))
