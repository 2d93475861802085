"""While a re-test counts packets, nobody else sends any: else its counters could not be read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Quiet:
    """Many may send at once, or one alone.

    Whoever wants to send while somebody is alone is turned away at once; whoever wants to be
    alone waits for those who are sending, and for the one who was alone before.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sending = 0
        self._is_taken = False

    @contextmanager
    def together(self) -> Iterator[bool]:
        """Give whether the block may send."""
        with self._changed:
            may = not self._is_taken
            self._sending += may
        try:
            yield may
        finally:
            with self._changed:
                self._sending -= may
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Run the block while nobody sends."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_taken)
            self._is_taken = True
            self._changed.wait_for(lambda: not self._sending)
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()
