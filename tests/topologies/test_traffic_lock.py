"""While a re-test counts, nobody else sends; and it waits for who is sending."""

from __future__ import annotations

import threading
import time

from topologies.traffic_lock import TrafficLock

_SOON_S = 5.0


def test_many_send_together_and_nobody_beside_a_retest() -> None:
    """Turned away at once, and let in again afterwards."""
    quiet = TrafficLock()
    with quiet.together() as first, quiet.together() as second:
        assert (first, second) == (True, True)
    with quiet.alone("retest"), quiet.together() as third:
        assert third is False
    with quiet.together() as fourth:
        assert fourth is True


def test_a_retest_waits_for_who_is_sending() -> None:
    """It begins when the last one has finished, not before."""
    quiet, order = TrafficLock(), list[str]()

    def retest() -> None:
        with quiet.alone("retest"):
            order.append("counted")

    with quiet.together():
        thread = threading.Thread(target=retest)
        thread.start()
        time.sleep(0.1)
        order.append("sent")
    thread.join(_SOON_S)

    assert order == ["sent", "counted"]


def test_a_change_waits_for_the_retest_and_the_next_retest_for_the_change() -> None:
    """Neither has the other's packets on its counters."""
    quiet, order = TrafficLock(), list[str]()
    is_changing, may_end = threading.Event(), threading.Event()

    def change() -> None:
        with quiet.after(_SOON_S) as who:
            order.append(f"changed {who!r}")
            is_changing.set()
            may_end.wait(_SOON_S)
            order.append("in force")

    def retest() -> None:
        with quiet.alone("second"):
            order.append("counted again")

    threads = [threading.Thread(target=each) for each in (change, retest)]
    with quiet.alone("first"):
        threads[0].start()
        time.sleep(0.1)
        order.append("counted")
    assert is_changing.wait(_SOON_S)
    threads[1].start()
    time.sleep(0.1)
    may_end.set()
    for thread in threads:
        thread.join(_SOON_S)

    assert order == ["counted", "changed ''", "in force", "counted again"]


def test_whoever_waited_too_long_is_told_for_whom() -> None:
    """And what is alone stays alone."""
    quiet = TrafficLock()
    with quiet.alone("retest 3"), quiet.after(0.05) as who:
        assert who == "retest 3"
        with quiet.together() as may:
            assert may is False
    with quiet.after(0) as who:
        assert who == ""
