"""Asking switches, and waiting for what they answer: the half of the guard that decides nothing.

The framework's event loop swallows exceptions and would leave a switch half-programmed, so every
handler ends the whole process when it fails (`loudly`).
"""

from __future__ import annotations

import functools
import logging
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from controller import framework as fw
from controller.openflow import Entry
from sekisho.errors import LabError
from sekisho.rules import Rule

_log = logging.getLogger(__name__)
_ANSWER_S = 30.0  # a switch that has not answered a barrier by then has failed
EXIT_FAILED = 70  # EX_SOFTWARE, sysexits(3)


def loudly(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler so that any exception in it is recorded and ends the process."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any) -> Any:
        try:
            return method(self, *args)
        except Exception:  # noqa: BLE001  # the one place of this process: record, then end it
            self.say("failed", why=traceback.format_exc())
            os._exit(EXIT_FAILED)

    return wrapper


class GoneError(Exception):
    """The switch went away before it answered."""


class Asking(fw.App):
    """Knows the connections of a town's switches, and asks on them."""

    OFP_VERSIONS = [fw.ofp.OFP_VERSION]  # noqa: RUF012  # the framework reads a class attribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._events = os.environ.get("SEKISHO_EVENTS", "")
        self._names: dict[int, str] = {}  # switch ids by dpid
        self._current: dict[str, Any] = {}  # the connection of each switch
        self._waiting: dict[tuple[Any, int], Any] = {}
        self._held: dict[tuple[Any, int], list[Entry]] = {}

    def say(self, event: str, **facts: Any) -> None:
        """Append one fact to the events file, or to the log when there is none."""
        line = orjson.dumps({"event": event, "at": time.time(), **facts})
        if not self._events:
            _log.info("%s", line.decode())
            return
        with Path(self._events).open("ab") as out:
            out.write(line + b"\n")

    def _read(
        self, datapath: Any, cookie: int = 0, mask: int = 0
    ) -> tuple[tuple[Rule, ...], tuple[Entry, ...]]:
        """Return what a switch holds: rules, and entries that no rule of ours can be.

        Args:
            datapath: Its connection.
            cookie: Read only entries with this cookie,
            mask: where this has a bit set.
        """
        return self._read_all([(datapath, cookie, mask)])[0]

    def _read_all(
        self, asked: list[tuple[Any, int, int]]
    ) -> list[tuple[tuple[Rule, ...], tuple[Entry, ...]]]:
        """Read from each connection, by cookie and mask; see `_read`."""
        keys = []
        for datapath, cookie, mask in asked:
            request = fw.parser.OFPFlowStatsRequest(datapath, cookie=cookie, cookie_mask=mask)
            datapath.set_xid(request)
            self._held[datapath, request.xid] = []
            keys.append(self._begin(datapath, request))
        try:
            self._finish(keys)
            held = [self._held[key] for key in keys]
        finally:
            for key in keys:
                del self._held[key]
        return [
            (
                tuple(entry.rule for entry in entries if entry.rule is not None),
                tuple(entry for entry in entries if entry.rule is None),
            )
            for entries in held
        ]

    def _send(self, datapath: Any, messages: list[bytes]) -> None:
        """Send *messages* at once, and sleep until the switch has done them all."""
        datapath.send(b"".join(messages))
        self._ask(datapath, fw.parser.OFPBarrierRequest(datapath))

    def _ask(self, datapath: Any, request: Any) -> None:
        """Send *request* and sleep until the switch has answered it (other switches go on)."""
        self._finish([self._begin(datapath, request)])

    def _begin(self, datapath: Any, request: Any) -> tuple[Any, int]:
        """Send *request*; `_finish` waits for its answer by what this returns."""
        if request.xid is None:
            datapath.set_xid(request)
        key: tuple[Any, int] = (datapath, request.xid)
        self._waiting[key] = fw.hub.Event()
        datapath.send_msg(request)
        return key

    def _finish(self, keys: list[tuple[Any, int]]) -> None:
        """Sleep until the requests of *keys* have been answered.

        Raises:
            GoneError: A switch went away before it answered.
            LabError: One did not answer in time.
        """
        answered = [self._waiting[key].wait(timeout=_ANSWER_S) for key in keys]
        for key in keys:
            del self._waiting[key]
        for (datapath, _), is_answered in zip(keys, answered, strict=True):
            name = self._names[datapath.id]
            if self._current.get(name) is not datapath:
                raise GoneError
            if not is_answered:
                raise LabError(f"switch {name} did not answer in {_ANSWER_S} s")

    @fw.set_ev_cls(fw.ofp_event.EventOFPFlowStatsReply, fw.MAIN_DISPATCHER)
    @loudly
    def on_flow_stats(self, event: Any) -> None:
        """Collect one part of a switch's rules."""
        message = event.msg
        key = (message.datapath, message.xid)
        self._held[key] += message.body
        if not message.flags & fw.ofp.OFPMPF_REPLY_MORE:
            self._waiting[key].set()

    @fw.set_ev_cls(fw.ofp_event.EventOFPBarrierReply, fw.MAIN_DISPATCHER)
    @loudly
    def on_barrier(self, event: Any) -> None:
        """Wake whoever waits for this barrier."""
        self._waiting[event.msg.datapath, event.msg.xid].set()

    @fw.set_ev_cls(
        fw.ofp_event.EventOFPErrorMsg,
        [fw.HANDSHAKE_DISPATCHER, fw.CONFIG_DISPATCHER, fw.MAIN_DISPATCHER],
    )
    @loudly
    def on_error(self, event: Any) -> None:
        """End the process: a refused rule would be a silent hole or a silent block."""
        message = event.msg
        raise LabError(
            f"switch {self._names.get(message.datapath.id, '?')} refused a message: "
            f"type {message.type}, code {message.code}, data {bytes(message.data).hex()}"
        )
