"""While a re-test counts, nobody else sends; and it waits for who is sending."""

from __future__ import annotations

import threading
import time

from topologies.quiet import Quiet

_SOON_S = 5.0


def test_many_send_together_and_nobody_beside_a_retest() -> None:
    """Turned away at once, and let in again afterwards."""
    quiet = Quiet()
    with quiet.together() as first, quiet.together() as second:
        assert (first, second) == (True, True)
    with quiet.alone(), quiet.together() as third:
        assert third is False
    with quiet.together() as fourth:
        assert fourth is True


def test_a_retest_waits_for_who_is_sending() -> None:
    """It begins when the last one has finished, not before."""
    quiet, order = Quiet(), list[str]()

    def retest() -> None:
        with quiet.alone():
            order.append("counted")

    with quiet.together():
        thread = threading.Thread(target=retest)
        thread.start()
        time.sleep(0.1)
        order.append("sent")
    thread.join(_SOON_S)

    assert order == ["sent", "counted"]
