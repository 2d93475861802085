"""Requests to switches and their answers: the half of the controller that decides nothing.

The framework's event loop swallows exceptions and would leave a switch half-programmed, so every
handler is wrapped (`fail_fast`): what fails at one switch is that switch's trouble, is stated, and
is tried again; only what concerns no single switch ends the process.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from controller import framework as fw
from controller.flow_monitor import changes_of_others
from controller.read_back import Entry, UnreadableError, entries
from sekisho.errors import LabError
from sekisho.openflow.rules import Rule
from sekisho.text.trouble import recorded

_ANSWER_S = 10.0  # a switch that has not answered by then is in trouble
_SETTLE_S = 0.05  # a flow monitor has told of a change by then
_HEADER = 16  # bytes of a multipart reply before its body; OpenFlow 1.3.5, 7.3.5
EXIT_FAILED = 70  # EX_SOFTWARE, sysexits(3)


def fail_fast(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler: an exception in it is its switch's trouble, or else ends the process."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any) -> Any:
        try:
            return method(self, *args)
        except Exception as error:  # noqa: BLE001  # the one place of this process: record it
            if not self.blamed(error, args):
                self.say("failed", why=recorded(error, doing="the controller"))
                os._exit(EXIT_FAILED)

    return wrapper


def sentence(error: Exception) -> str:
    """Say why a switch is in trouble: what the switch did, or what went wrong in here."""
    own = isinstance(error, TroubleError)
    return str(error) if own else recorded(error, doing="the controller")


class TroubleError(LabError):
    """A switch cannot be brought into force just now.

    Attributes:
        datapath: Its connection.
    """

    def __init__(self, datapath: Any, why: str) -> None:
        super().__init__(why)
        self.datapath = datapath


class SilentError(TroubleError):
    """The switch did not answer in time: what it says later belongs to nothing."""


class SwitchDisconnectedError(TroubleError):
    """The switch went away before it answered."""


@dataclass(slots=True)
class Question:
    """One request that is not answered yet, and the parts of the answer so far."""

    datapath: Any
    answered: Any = field(default_factory=lambda: fw.hub.Event())
    parts: list[bytes] = field(default_factory=list)
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a switch holds.

    Attributes:
        rules: Its entries that a rule of ours can be.
        strangers: Its other entries.
        has_groups: Whether it has any group or meter, which no plan has.
        hidden: How many entries it counts and does not tell of.
    """

    rules: tuple[Rule, ...]
    strangers: tuple[Entry, ...] = ()
    has_groups: bool = False
    hidden: int = 0

    @property
    def foreign(self) -> str:
        """What it has that no rule of ours can be, or empty."""
        said = self.strangers[0].foreign if self.strangers else ""
        return said or ("a group or a meter" if self.has_groups else "")


def _count_request(datapath: Any) -> Any:
    """Ask how many entries there are."""
    anything, nothing = fw.ofp.OFPP_ANY, fw.parser.OFPMatch()
    return fw.parser.OFPAggregateStatsRequest(
        datapath, 0, fw.ofp.OFPTT_ALL, anything, fw.ofp.OFPG_ANY, 0, 0, nothing
    )


class Owner(Protocol):
    """Who is told what a switch did without being asked."""

    def trouble(self, datapath: Any, why: str) -> None:
        """Take a switch for one that is not in force."""

    def drifted(self, datapath: Any, changes_told: int) -> None:
        """Take for changed what a switch holds."""


class Switches:
    """Knows the connections of a town's switches, and asks on them.

    Args:
        names: Switch ids by dpid.
        say: Writes a fact down.

    Attributes:
        current: The connection of each switch.
        unreadable: Switches whose tables cannot be read, and why.
        changes_told: How often a switch has told of somebody's change.
    """

    def __init__(self, names: dict[int, str], say: Callable[..., None]) -> None:
        self.names, self.say = names, say
        self.current: dict[str, Any] = {}
        self.unreadable: dict[str, str] = {}
        self.changes_told: dict[Any, int] = {}
        self._waiting: dict[tuple[Any, int], Question] = {}
        self._refused: dict[Any, str] = {}  # what a switch refused of what needs no answer
        self._owner: Owner | None = None

    def open(self, owner: Owner) -> None:
        """Begin to take answers; *owner* is told what nobody asked for."""
        self._owner = owner
        fw.take_replies(self._on_reply)

    def forget(self, datapath: Any) -> None:
        """Wake whoever waits for a connection that has ended."""
        self._refused.pop(datapath, None)
        self.changes_told.pop(datapath, None)
        for question in self._waiting.values():
            if question.datapath is datapath:
                question.answered.set()

    def name_of(self, datapath: Any) -> str:
        """Return the id of a connection's switch, or its number if the plan has no such switch."""
        return self.names.get(datapath.id or 0, f"dpid {datapath.id}")

    def blamed(self, error: Exception, args: tuple[Any, ...]) -> bool:
        """Make an exception the trouble of the switch that it concerns; False if of no single one.

        Args:
            error: The exception.
            args: What the handler was called with: a connection, or an event of one.
        """
        event = args[0] if args else None
        of = getattr(event, "datapath", getattr(getattr(event, "msg", None), "datapath", event))
        datapath: Any = getattr(error, "datapath", of)
        if not hasattr(datapath, "id"):
            return False
        self._trouble(datapath, sentence(error))
        if isinstance(error, SilentError):
            datapath.close()  # it connects anew when it can
        return True

    def _trouble(self, datapath: Any, why: str) -> None:
        assert self._owner is not None  # it is there before any answer
        self._owner.trouble(datapath, why)

    def read(self, datapath: Any, *, within_s: float = _ANSWER_S) -> Held:
        """Return all that a switch holds.

        Open vSwitch leaves out of its answer, without a word, an entry that is longer than a
        message can be; but it counts it.

        Raises:
            TroubleError: Such an entry is there; or see `finish`.
        """
        held, told = self._read_once(datapath, within_s), self.changes_told.get(datapath)
        if not held.hidden:
            return held
        fw.hub.sleep(_SETTLE_S)  # somebody may be changing the tables just now: it will be told
        held = self._read_once(datapath, within_s)
        if held.hidden and self.changes_told.get(datapath) == told:
            why = f"{held.hidden} entries are longer than a message can be"
            self.unreadable[self.name_of(datapath)] = why
            raise TroubleError(datapath, f"its tables cannot be read: {why}")
        return held

    def _read_once(self, datapath: Any, within_s: float) -> Held:
        flows, counted, groups, meters = self._asked(
            [
                (datapath, fw.parser.OFPFlowStatsRequest(datapath)),
                (datapath, _count_request(datapath)),
                (datapath, fw.parser.OFPGroupDescStatsRequest(datapath)),
                (datapath, fw.parser.OFPMeterConfigStatsRequest(datapath)),
            ],
            within_s,
        )
        held = self._held(flows)
        count = int.from_bytes(b"".join(counted.parts)[16:20], "big")  # OpenFlow 1.3.5, 7.3.5.3
        return replace(
            held,
            has_groups=any(groups.parts) or any(meters.parts),
            hidden=count - len(held.rules) - len(held.strangers),
        )

    def read_some(self, asked: list[tuple[Any, int, int]]) -> list[Held]:
        """Return the entries with a cookie, from each connection: where a mask has a bit set."""
        requests = [
            (d, fw.parser.OFPFlowStatsRequest(d, cookie=cookie, cookie_mask=mask))
            for d, cookie, mask in asked
        ]
        return [self._held(question) for question in self._asked(requests, _ANSWER_S)]

    def _held(self, question: Question) -> Held:
        datapath = question.datapath
        try:
            found = [entry for part in question.parts for entry in entries(part)]
        except UnreadableError as error:
            self.unreadable[self.name_of(datapath)] = str(error)
            raise TroubleError(datapath, f"its tables cannot be read: {error}") from error
        return Held(
            tuple(entry.rule for entry in found if entry.rule is not None),
            tuple(entry for entry in found if entry.rule is None),
        )

    def _asked(self, requests: list[tuple[Any, Any]], within_s: float) -> list[Question]:
        """Send all requests, and sleep until all are answered."""
        keys = []
        try:
            for datapath, request in requests:
                keys.append(self.begin(datapath, request))
            return self.finish(keys, within_s)
        finally:
            for key in keys:
                self._waiting.pop(key, None)

    def send(self, datapath: Any, messages: list[bytes]) -> None:
        """Send *messages* at once, and sleep until the switch has done them all."""
        self.push(datapath, b"".join(messages))
        self._ask(datapath, fw.parser.OFPBarrierRequest(datapath))

    def _ask(self, datapath: Any, request: Any) -> None:
        """Send *request* and sleep until the switch has answered it (other switches go on)."""
        self._asked([(datapath, request)], _ANSWER_S)

    def push(self, datapath: Any, data: bytes, *, within_s: float = _ANSWER_S) -> None:
        """Send bytes, unless the switch takes nothing for so long.

        Raises:
            SilentError: It does not.
        """
        try:
            with fw.hub.Timeout(within_s):
                datapath.send(data)
        except fw.hub.Timeout as error:
            raise SilentError(datapath, f"took nothing in {within_s:g} s") from error

    def begin(self, datapath: Any, request: Any) -> tuple[Any, int]:
        """Send *request*; `finish` waits for its answer by what this returns."""
        datapath.set_xid(request)
        request.serialize()
        key: tuple[Any, int] = (datapath, request.xid)
        self._waiting[key] = Question(datapath)
        try:
            self.push(datapath, bytes(request.buf))
        except TroubleError:
            del self._waiting[key]
            raise
        return key

    def finish(self, keys: list[tuple[Any, int]], within_s: float = _ANSWER_S) -> list[Question]:
        """Sleep until the requests of *keys* have been answered, and return the answers.

        Raises:
            SwitchDisconnectedError: A switch went away before it answered.
            SilentError: One did not answer in time.
            TroubleError: One refused something.
        """
        deadline = time.monotonic() + within_s
        for key in keys:
            self._waiting[key].answered.wait(timeout=max(0.0, deadline - time.monotonic()))
        questions = [self._waiting.pop(key) for key in keys]
        for question in questions:
            datapath = question.datapath
            if self.current.get(self.name_of(datapath)) is not datapath:
                raise SwitchDisconnectedError(datapath, "went away")
            refused = question.refused or self._refused.pop(datapath, "")
            if refused:
                raise TroubleError(datapath, refused)
            if not question.answered.is_set():
                raise SilentError(datapath, f"did not answer in {within_s:g} s")
        return questions

    @fail_fast
    def _on_reply(self, datapath: Any, xid: int, raw: bytes) -> None:
        """Collect one part of an answer, or be told of a change; whatever it is, never raise."""
        kind, flags = int.from_bytes(raw[8:10], "big"), int.from_bytes(raw[10:12], "big")
        question = self._waiting.get((datapath, xid))
        if kind == fw.ofp.OFPMP_EXPERIMENTER:
            foreign = changes_of_others(raw[_HEADER:])
            if foreign:
                assert self._owner is not None  # it is there before any answer
                self._owner.drifted(datapath, foreign)
        elif len(raw) < _HEADER:  # an entry longer than a reply: what follows is no OpenFlow
            why = f"a reply of {len(raw)} bytes, shorter than its header"
            self.unreadable[self.name_of(datapath)] = why
            for one in self._waiting.values():
                if one.datapath is datapath:
                    one.refused = f"its tables cannot be read: {why}"
                    one.answered.set()
            datapath.close()
        elif question is not None:
            question.parts.append(raw[_HEADER:])
            if not flags & fw.ofp.OFPMPF_REPLY_MORE:
                question.answered.set()

    def barrier(self, event: Any) -> None:
        """Wake whoever waits for this barrier."""
        question = self._waiting.get((event.msg.datapath, event.msg.xid))
        if question is not None:
            question.answered.set()

    def refusal(self, event: Any) -> None:
        """Note that a switch refused something: it would be a silent hole or a silent block."""
        message = event.msg
        datapath = message.datapath
        why = (
            f"switch {self.name_of(datapath)} refused a message: type {message.type}, "
            f"code {message.code}, data {bytes(message.data).hex()}"
        )
        asked = self._waiting.get((datapath, message.xid))
        if asked is not None:
            asked.refused = why
            asked.answered.set()
        elif any(one.datapath is datapath for one in self._waiting.values()):
            self._refused[datapath] = why  # whoever waits for the barrier after it is told
        else:
            self._trouble(datapath, why)
