"""The socket of the page: answers are sent at once, whichever event loop serves it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sekisho.web.door import HOME, opened


def test_what_is_accepted_waits_for_no_acknowledgement() -> None:
    """By asyncio's own loop, which sets ``TCP_NODELAY`` only on what says that it is TCP's."""

    async def served() -> int:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            own = writer.get_extra_info("socket")
            told.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        door = opened(0)
        async with await asyncio.start_server(greet, sock=door):
            _, writer = await asyncio.open_connection(*door.getsockname())
            answer = await asyncio.wait_for(told, 5)
            writer.close()
            return answer

    assert asyncio.run(served()) == 1


def test_a_port_that_is_taken_is_told() -> None:
    """And nothing stays open."""
    with opened(0) as first:
        first.listen()
        with pytest.raises(OSError, match="in use"):
            opened(first.getsockname()[1])
        assert first.getsockname()[0] == HOME
