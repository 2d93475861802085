"""The caches are held and caught up with in one order only, and never left held."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.errors import LabError
from topologies.ovs.datapath_cache import DatapathCache

_LIMIT_S = 5.0
_WAIT = "revalidator/wait"
_FOLLOWED = ["revalidator/pause", _WAIT, "version", "revalidator/resume", "a round is over"]


class Daemon:
    """Takes the requests of ovs-appctl(8), and answers a wait only when it was let go on."""

    def __init__(self, path: Path) -> None:
        self.heard: list[str] = []
        self.refused = ""
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(str(path))
        self._door.listen()
        self._waiting: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            conn = self._door.accept()[0]
            said = conn.recv(1 << 16)
            if not said:
                conn.close()
                return
            self._take(conn, json.loads(said)["method"])

    def _take(self, conn: socket.socket, method: str) -> None:
        self.heard.append(method)
        if method == _WAIT:
            self._waiting.append(conn)
            return
        error = "no" if method == self.refused else None
        with conn:
            conn.sendall(json.dumps({"id": 0, "error": error, "result": ""}).encode())
        if method == "revalidator/resume":
            while self._waiting:
                with self._waiting.pop() as waiting:
                    self.heard.append("a round is over")
                    waiting.sendall(b'{"id":0,"error":null,"result":""}')

    def close(self, path: Path) -> None:
        """End, as soon as everything that was asked is answered."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.connect(str(path))
        self._thread.join(_LIMIT_S)
        self._door.close()


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "ctl"


@pytest.fixture(name="daemon")
def _daemon(path: Path) -> Iterator[Daemon]:
    daemon = Daemon(path)
    yield daemon
    daemon.close(path)


def test_the_round_that_is_waited_for_began_after_the_change(daemon: Daemon, path: Path) -> None:
    """The wait is heard before the revalidator goes on; a turn of the main loop lies between."""
    with DatapathCache(lambda: path).following() as following:
        following.hold()
        following.wait_for_round()
        heard = list(daemon.heard)

    assert heard == _FOLLOWED
    assert daemon.heard == heard


def test_rules_that_are_gone_already_are_followed(daemon: Daemon, path: Path) -> None:
    """Nothing is changed in between, and the round is waited for all the same."""
    DatapathCache(lambda: path).follow()

    assert daemon.heard == _FOLLOWED


def test_what_is_held_is_let_go_whatever_happens(daemon: Daemon, path: Path) -> None:
    """The controller died in between: the revalidator goes on, and the next asker has his turn."""
    cache = DatapathCache(lambda: path)
    with pytest.raises(LabError, match="the controller"), cache.following() as following:
        following.hold()
        raise LabError("the controller ended")
    with cache.following() as following:
        following.hold()

    assert daemon.heard == ["revalidator/pause", "revalidator/resume"] * 2


def test_two_do_not_hold_at_once(daemon: Daemon, path: Path) -> None:
    """Stopped twice, the daemon would hang: the second waits for the first."""
    cache = DatapathCache(lambda: path)

    def hold() -> None:
        with cache.following() as second:
            second.hold()

    thread = threading.Thread(target=hold)
    with cache.following() as first:
        first.hold()
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        assert daemon.heard == ["revalidator/pause"]
        first.wait_for_round()
    thread.join(_LIMIT_S)

    assert daemon.heard[-2:] == ["revalidator/pause", "revalidator/resume"]


def test_what_was_never_held_is_not_let_go(daemon: Daemon, path: Path) -> None:
    """A daemon that was told to go on without having been stopped would hang."""
    with DatapathCache(lambda: path).following() as following:
        following.wait_for_round()
        following.resume()

    assert daemon.heard == []


def test_a_refusal_is_told(daemon: Daemon, path: Path) -> None:
    """Nothing is held then, and the next asker has his turn."""
    daemon.refused = "revalidator/pause"
    cache = DatapathCache(lambda: path)
    with cache.following() as following, pytest.raises(LabError, match="refused revalidator/pa"):
        following.hold()
    daemon.refused = ""
    with cache.following() as following:
        following.hold()

    assert daemon.heard == ["revalidator/pause", "revalidator/pause", "revalidator/resume"]


def test_a_daemon_that_has_ended_is_told(path: Path) -> None:
    """Whatever is asked of it."""
    cache = DatapathCache(lambda: path)
    with cache.following() as following, pytest.raises(LabError, match="does not answer"):
        following.hold()
    with pytest.raises(LabError, match="does not answer"):
        cache.purge()
