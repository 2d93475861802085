"""What an audience asks of a running town: can A reach B, what does he see, what if this broke?

Real sockets and a real ``curl`` in the hosts' own namespaces; real signals and real cables.
"""

from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from typing import Any

from sekisho.compiler.routing import has_way_around
from sekisho.errors import LabError, UsageError
from sekisho.model import Attachment, Link, Plan, Protocol
from sekisho.openflow.rules import Cookie, Kind
from sekisho.resegment.validation import port_of
from topologies.hosts import echo
from topologies.network.netns import in_netns
from topologies.town import Town

_ANSWER_S = 0.8
_PAGE_S = 3
_USUAL = {"http": 80, "https": 443}  # IANA service names
_AT_ONCE = struct.pack("ii", 1, 0)  # close without a goodbye that would be repeated later
_LONGEST_TEXT = 4000
GUARD = "guard"
_COOKIE = re.compile(r"cookie=(0x[0-9a-f]+)")


class LiveActions:
    """Handles what can be tried and broken in *town*, under the plan that *current* returns."""

    def __init__(self, town: Town, current: Callable[[], Plan]) -> None:
        self._town, self._current = town, current
        self._broken: set[str] = set()
        self._spare: dict[str, Link] = {}  # the main lines that something else can carry

    @property
    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the handlers by the word in ``do``."""
        return {"try": self._try, "view": self._view, "fault": self._fault, "faults": self._faults,
                "rules": self._rules}  # fmt: skip

    def _ends(self, request: dict[str, Any]) -> tuple[Attachment, Attachment]:
        plan = self._current()
        ends = []
        for key in ("source", "target"):
            name = str(request[key])
            if name not in plan.attachment:
                raise UsageError(f"{key}: there is no attachment {name!r}")
            ends.append(plan.attachment[name])
        return ends[0], ends[1]

    def _try(self, request: dict[str, Any]) -> dict[str, Any]:
        """Open a real conversation, and say whether anybody answered."""
        source, target = self._ends(request)
        name = str(request["service"])
        plan = self._current()
        if name not in target.services:
            raise UsageError(f"service: {target.device} does not offer {name!r}")
        service = plan.service[name]
        port = service.edges()[0]
        began = time.monotonic()
        if service.protocol is Protocol.TCP:
            how = self._connects(source, str(target.ip), port)
        elif not service.has_ports:
            how = self._echoes(source, str(target.ip))
        else:
            how = self._answers(source, str(target.ip), port)
        took = round((time.monotonic() - began) * 1000, 2)
        return {
            "opened": how == "answered",
            "how": how,
            "port": port,
            "ms": took,
            "at": time.time(),
        }

    def _socket(self, source: Attachment, kind: socket.SocketKind) -> socket.socket:
        with in_netns(self._town.pid(source)):
            is_raw = kind is socket.SOCK_RAW
            out = echo.echo_socket() if is_raw else socket.socket(socket.AF_INET, kind)
        out.settimeout(_ANSWER_S)
        device = self._town.interface(source).encode()
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        return out

    def _connects(self, source: Attachment, ip: str, port: int) -> str:
        with self._socket(source, socket.SOCK_STREAM) as client:
            try:
                client.connect((ip, port))
            except ConnectionRefusedError:
                return "refused"
            except OSError:  # no answer in time, or no way there
                return "silence"
        return "answered"

    def _answers(self, source: Attachment, ip: str, port: int) -> str:
        with self._socket(source, socket.SOCK_DGRAM) as client:
            try:
                client.connect((ip, port))
                client.send(b"sekisho")
                client.recv(2048)
            except ConnectionRefusedError:
                return "refused"
            except OSError:
                return "silence"
        return "answered"

    def _echoes(self, source: Attachment, ip: str) -> str:
        identifier, until = echo.new_identifier(), time.monotonic() + _ANSWER_S
        with self._socket(source, socket.SOCK_RAW) as client:
            try:
                client.sendto(echo.request(identifier, b"sekisho!"), (ip, 0))
                while time.monotonic() < until:
                    if echo.answered(client.recv(2048), identifier) is not None:
                        return "answered"
            except OSError:
                pass
        return "silence"

    def _view(self, request: dict[str, Any]) -> dict[str, Any]:
        """Open the target's page with ``curl``, and return what a terminal would show."""
        source, target = self._ends(request)
        words = ["curl", "-sSki", "--max-time", str(_PAGE_S), "--interface"]
        words += [self._town.interface(source), page_address(self._current(), target)]
        done = self._town.hosting.run(source.device, words, timeout_s=_PAGE_S + 5)
        text = f"$ {' '.join(words)}\n{done.stderr}{done.stdout}"
        return {"text": text[:_LONGEST_TEXT], "exit": done.returncode}

    def _rules(self, request: dict[str, Any]) -> dict[str, Any]:
        """The rules of one port and of who stands there, as the switch itself dumps them."""
        plan = self._current()
        port = port_of(plan, str(request["port"]))
        here = {n for n, a in enumerate(plan.attachments, 1) if a.at == port}
        out = []
        for line in self._town.ovs.flows(port.switch).splitlines():
            found = _COOKIE.search(line)
            cookie = Cookie.parse(int(found[1], 16)) if found else None
            if cookie is not None and _is_of(cookie, port.port, here):
                out.append({"kind": cookie.kind.name, "rule": line.strip()})
        return {"rules": out}

    def _links(self) -> dict[str, Link]:
        """The main lines that something else can carry."""
        if not self._spare:
            plan = self._town.plan
            self._spare = {
                f"{link.a}-{link.b}": link
                for link in plan.links
                if not link.backup and has_way_around(plan, (link,))
            }
        return self._spare

    def _faults(self, _request: dict[str, Any]) -> dict[str, Any]:
        """List what can be broken, and what is."""
        links = [
            {"name": name, "ja": link.label.ja, "en": link.label.en, "on": name in self._broken}
            for name, link in self._links().items()
        ]
        guard = {"name": GUARD, "ja": "制御装置の停止", "en": "Controller killed"}
        return {"faults": [{**guard, "on": GUARD in self._broken}, *links]}

    def _fault(self, request: dict[str, Any]) -> dict[str, Any]:
        """Break something, or mend it."""
        name, is_on = str(request["name"]), request["on"] is True
        if name != GUARD and name not in self._links():
            names = ", ".join((GUARD, *self._links()))
            raise UsageError(f"name: nothing here is called {name!r}\n  hint: one of {names}")
        if is_on != (name in self._broken):
            self._play(name, is_on=is_on)
            self._broken ^= {name}
        return {"name": name, "on": is_on}

    def _play(self, name: str, *, is_on: bool) -> None:
        if name == GUARD:
            if is_on:
                self._town.end("controller", how=signal.SIGKILL)
            else:
                self._town.start_guard()
            return
        link = self._links()[name]
        port = f"{link.a.switch}-eth{link.a.port}"
        words = ["ip", "link", "set", port, "down" if is_on else "up"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
        if done.returncode:
            raise LabError(f"{' '.join(words)}: {done.stderr.strip()}")


def _is_of(cookie: Cookie, port: int, attachments: set[int]) -> bool:
    """Whether a rule is of the port, or of one of the attachments on their own switch."""
    if cookie.kind.is_of_port:
        return cookie.a == port
    return cookie.kind is Kind.DROP_ARP_TARGET and cookie.b in attachments


def page_address(plan: Plan, target: Attachment) -> str:
    """Return where the page of *target* is, by the kind and port of what it runs."""
    service = plan.page(target)
    kind, port = (service.kind, service.edges()[0]) if service else ("https", _USUAL["https"])
    own = "" if port == _USUAL[kind] else f":{port}"
    return f"{kind}://{target.ip}{own}/"
