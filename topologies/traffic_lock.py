"""While a re-test counts packets, nobody else sends any: else its counters could not be read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TrafficLock:
    """Many may act at once, or one alone.

    Whoever wants to send while somebody is alone is turned away at once; whoever wants to change
    something waits a while for his end; whoever wants to be alone waits for all the others.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._acting = 0
        self._alone = ""

    @contextmanager
    def together(self) -> Iterator[bool]:
        """Give whether the block may send."""
        with self.after(0) as who:
            yield not who

    @contextmanager
    def after(self, patience_s: float) -> Iterator[str]:
        """Wait until nobody is alone; give who still was after *patience_s*, or nothing.

        While the block runs, nobody is alone; unless it was told of somebody.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._alone, patience_s)
            who = self._alone
            self._acting += not who
        try:
            yield who
        finally:
            with self._changed:
                self._acting -= not who
                self._changed.notify_all()

    @contextmanager
    def alone(self, who: str) -> Iterator[None]:
        """Run the block, which is called *who*, while nobody else acts."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = who
            self._changed.wait_for(lambda: not self._acting)
        try:
            yield
        finally:
            with self._changed:
                self._alone = ""
                self._changed.notify_all()
