"""How long the page's server waits for a request, and how many may be half asked at a time.

A connection on which no whole request has come after `PATIENCE_S` seconds is closed. Where more
than `MOST_OPEN` are open, the one that has dawdled longest gives its place to the newest, so that
whoever asks at once is answered.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATIENCE_S = 10.0
MOST_OPEN = 128  # a browser opens six to one name, RFC 9112, 9.4 leaves the number to it


class PatientProtocol(HttpToolsProtocol):
    """Uvicorn's own protocol, with an end to its patience; made by uvicorn for each connection."""

    _ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait, and let a dawdler go where there are too many."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > MOST_OPEN:
            dawdlers = [c for c in self.connections if isinstance(c, PatientProtocol) and c._ends]
            min(dawdlers, key=lambda each: each._left_at).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request; its first one starts the clock."""
        if self._ends is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        super().data_received(data)

    def on_message_complete(self) -> None:
        """Stop the clock: the request is whole."""
        self._rest()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        super().connection_lost(exc)

    @property
    def _left_at(self) -> float:
        return self._ends.when() if self._ends else float("inf")

    def _wait(self) -> None:
        self._ends = self.loop.call_later(PATIENCE_S, self.transport.abort)

    def _rest(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
