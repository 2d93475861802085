"""One open conversation, as a clerk has it: a real socket on one interface of a device."""

from __future__ import annotations

import socket
import time
from types import TracebackType

from scenarios.events.stream_selection import StreamTarget
from topologies.network.netns import in_netns
from topologies.town import Town

_ANSWER_S, _POLL_S = 0.8, 0.02


class Conversation:
    """Keep a TCP connection of a permitted one to its target for the time of the block."""

    def __init__(self, town: Town, stream_target: StreamTarget) -> None:
        with in_netns(town.pid(stream_target.permitted)):
            self._client = socket.socket()
        name = town.interface(stream_target.permitted).encode()
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        self._client.settimeout(_ANSWER_S)
        self._is_open = True
        try:
            self._client.connect((str(stream_target.target.ip), stream_target.port))
        except OSError:
            self._is_open = False

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def answers(self, *, within_s: float = _ANSWER_S) -> bool:
        """Say a byte, and tell whether the other side acknowledged it (tcp(7), TCP_INFO)."""
        if not self._is_open:
            return False
        before = self._acked()
        try:
            self._client.send(b"\x16")
        except OSError:
            return False
        for _ in range(round(within_s / _POLL_S)):
            if self._acked() > before:
                return True
            time.sleep(_POLL_S)
        return False

    def _acked(self) -> int:
        """Bytes that the other side has acknowledged: tcpi_bytes_acked of linux/tcp.h."""
        info = self._client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int.from_bytes(info[120:128], "little")
