"""Somebody whose town is up: he starts it, enters it, and takes it down again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sekisho.runtime.json_lines import SOCKET, JsonLineConnection
from tests.live import machine
from tests.live.machine import ROOT, Person

_LIMIT_S = 90 * machine.SLOWER
#: A shell that is root in a user namespace, and lets nobody make another one below it.
_ALONE = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
_WITHOUT = ("unshare", "--user", "--map-root-user", "--", "sh", "-c", _ALONE, "sh")
#: How towns are started: by root, by an ordinary user, where hosts get no users of their own.
KINDS = ("root", "ordinary", "no users") if os.geteuid() == 0 else ("ordinary", "no users")


@dataclass(frozen=True, slots=True)
class Townsman:
    """Whose town is up.

    Attributes:
        person: Who enters it.
        folder: Its run folder.
        kind: How it was started.
    """

    person: Person
    folder: Path
    kind: str

    def says(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``sekisho`` with *arguments*."""
        return sekisho(self.person, *arguments, given=given)

    def prompts(self, *lines: str) -> str:
        """Type *lines* at the town's prompt; return everything that it said."""
        done = self.says("shell", given="".join(f"{line}\n" for line in lines))
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def asks(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask something of the town's control server."""
        with JsonLineConnection.to(self.folder / SOCKET) as conn:
            return conn.ask(request)


def sekisho(
    person: Person, *arguments: str, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``sekisho`` as *person*."""
    return subprocess.run(
        person.words(*arguments),
        cwd=person.home,
        env={**person.environment, **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )


def somebody(kind: str, home: Path) -> tuple[Person, Person]:
    """Return who starts a town of this *kind*, and who enters it."""
    is_ordinary = kind == "ordinary" and os.geteuid() == 0
    found = machine.ordinary(home) if is_ordinary else machine.myself(home)
    if isinstance(found, str):
        pytest.skip(f"root cannot lend the code to an ordinary user here: {found}")
    return replace(found, prefix=_WITHOUT) if kind == "no users" else found, found


@contextmanager
def standing(
    kind: str, home: Path, plan: str = "", options: str = "", **environment: str
) -> Iterator[Townsman]:
    """Have a town up in *home*, of the tiny plan or of another *plan*'s text, with *options*."""
    text = plan or (ROOT / "topologies" / "tiny.yaml").read_text("utf-8")
    (home / "town.yaml").write_text(text, "utf-8")
    starter, person = somebody(kind, home)
    done = sekisho(
        starter, "up", "town.yaml", "--quiet", "--lang=en", *options.split(), **environment
    )
    if "namespaces" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    try:
        yield Townsman(person, next(home.glob("runs/*/town.json")).parent, kind)
    finally:
        sekisho(person, "down")
    machine.until(lambda: not machine.processes(home), "every process gone")
