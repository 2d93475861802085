"""Whoever never ends a request holds no place for long, and keeps nobody else out."""

from __future__ import annotations

import http.client
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn

from sekisho.web import patience
from sekisho.web.__main__ import configured
from sekisho.web.app import TownClient, application
from sekisho.web.door import opened

TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"
HALVES = {
    "nothing": b"",
    "a line's beginning": b"GE",
    "a header's beginning": b"GET / HTTP/1.1\r\nHos",
    "no end of the headers": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "a body that does not come": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    "empty lines": b"\r\n",
}


@contextmanager
def served(folder: Path, monkeypatch: pytest.MonkeyPatch, limit_s: float) -> Iterator[int]:
    """Serve a page whose town does not run; yield its port."""
    monkeypatch.setattr(patience, "PATIENCE_S", limit_s)
    with opened(0) as door:
        port = int(door.getsockname()[1])
        app = application(
            TownClient(folder, TINY), hosts=frozenset({f"127.0.0.1:{port}"}), token="secret"
        )
        server = uvicorn.Server(configured(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield port
        finally:
            server.should_exit = True
            thread.join()


def began(port: int, half: bytes) -> socket.socket:
    """Open a connection and send *half* of a request."""
    out = socket.create_connection(("127.0.0.1", port), 5)
    out.sendall(half)
    return out


def is_open(connection: socket.socket) -> bool:
    """Tell whether the other side has not closed."""
    connection.setblocking(False)
    try:
        return connection.recv(1 << 16) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def page(port: int) -> int:
    """Ask for the page, and return the status."""
    own = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    own.request("GET", "/")
    status = own.getresponse().status
    own.close()
    return status


@pytest.mark.parametrize("half", HALVES)
def test_half_a_request_is_waited_for_and_then_no_more(
    half: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it stops; also where a byte comes now and then."""
    with served(tmp_path, monkeypatch, 0.5) as port, began(port, HALVES[half]) as slow:
        begun = time.monotonic()
        assert is_open(slow)
        while is_open(slow) and time.monotonic() - begun < 5:
            time.sleep(0.1)
            try:
                slow.sendall(b"x" if half == "no end of the headers" else b"")
            except OSError:
                break

        assert 0.3 < time.monotonic() - begun < 4


def test_a_connection_that_asks_again_is_given_time_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the half of a further request ends like that of a first."""
    with served(tmp_path, monkeypatch, 0.5) as port:
        own = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        told = []
        for _ in range(3):
            own.request("GET", "/")
            told.append(own.getresponse())
            told[-1].read()
            time.sleep(0.7)
        assert is_open(own.sock)
        own.sock.setblocking(True)
        own.sock.sendall(b"\r\n")
        time.sleep(1.2)

        assert [answer.status for answer in told] == [200, 200, 200]
        assert not is_open(own.sock)
        own.close()


@pytest.fixture(name="many_files")
def _many_files() -> Iterator[None]:
    """Let this process hold both ends of many connections; the usual soft limit is 1024."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_files")
def test_nine_hundred_half_requests_keep_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page answers meanwhile; no more than the bound stay open, and none after its time."""
    with served(tmp_path, monkeypatch, 3.0) as port, ExitStack() as stack:
        halves = [
            stack.enter_context(began(port, b"GET / HTTP/1.1\r\nHost: x\r\n")) for _ in range(900)
        ]
        begun = time.monotonic()
        assert page(port) == 200
        took_s = time.monotonic() - begun
        time.sleep(0.3)
        left = sum(is_open(half) for half in halves)
        time.sleep(3.5)

        assert took_s < 2
        assert 0 < left <= patience.MOST_OPEN
        assert sum(is_open(half) for half in halves) == 0
        assert page(port) == 200
