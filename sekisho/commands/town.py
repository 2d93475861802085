"""``sekisho up``, ``exec``, ``shell`` and ``down``: a town that stays.

A program is brought into a host with ``nsenter``, so that it keeps the caller's terminal, signals
and exit status, and with a parent-death signal, so that it ends with its caller.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import Namespace
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from sekisho.commands import healing, runs, standing
from sekisho.commands.inner import listen
from sekisho.commands.screen import Screen
from sekisho.commands.standing import Standing
from sekisho.errors import LabError, UsageError
from sekisho.model import Label
from sekisho.plan import load
from sekisho.runtime.entering import entering, has_one_user, host_environment, in_sight
from sekisho.runtime.namespaces import end, first_inside, inner_environment, namespace_flags, start
from sekisho.runtime.one_user import be_one_user
from sekisho.runtime.progress import progress

_POLITE_S = 5.0
_FORCED_S = 20.0
_KEEP = b"keep\n"  # the town's leave to outlive the process that started it


@dataclass(frozen=True, slots=True)
class Booted:
    """A town that has come up.

    Attributes:
        process: What holds its namespaces.
        folder: Its run folder.
    """

    process: subprocess.Popen[bytes]
    folder: Path

    def end(self) -> None:
        """End it at once."""
        end(self.process)
        standing.forget(self.folder)


def up(args: Namespace, screen: Screen) -> int:
    """Boot a town; return when every rule is in force, or stay with ``--foreground``."""
    town = booted(args, screen, is_lasting=not args.foreground)
    try:
        if not args.foreground:
            return _left(town.process)
        with healing.told(town.folder, screen, args.lang):
            return _stayed(town)
    except BaseException:
        town.end()
        raise


def booted(args: Namespace, screen: Screen, *, is_lasting: bool) -> Booted:
    """Boot a town and say so when every rule is in force.

    Args:
        args: Of ``up``.
        screen: Where to speak.
        is_lasting: It may outlive this process, once `_left` has told it so; otherwise it ends
            with this process, however that ends.

    Raises:
        LabError: It does not come up.
    """
    plan = load(args.plan)
    namespace_flags()
    folder = runs.make_run(args.out, plan.id, datetime.now(runs.JST))
    words = [sys.executable, "-m", "scenarios.run.serve", str(args.plan), f"--folder={folder}"]
    words += ["--lasting"] if is_lasting else []
    words += ["--no-repair"] if args.no_repair else []
    log = folder / "log" / "up.log"
    with log.open("wb") as errors:
        process = start(words, folder=folder, log=errors, is_lasting=is_lasting)
    town = Booted(process, folder)
    try:
        with progress(screen.err, language=args.lang, is_quiet=args.quiet) as shown:
            outcome = listen(process, shown, log=log, until="up")
        first = first_inside(process.pid)
        if outcome.error or first is None:
            raise LabError(outcome.error or f"the town ended at once\n  see {log}")
        found = standing.note(folder, plan.id, first, outcome.facts["hosts"])
        if not args.quiet:
            screen.out.print(_announced(found, args), markup=False, highlight=False, soft_wrap=True)
    except BaseException:
        town.end()
        raise
    return town


def _announced(town: Standing, args: Namespace) -> str:
    label = Label(f"{town.plan} 稼働中: {town.folder}", f"{town.plan} is up: {town.folder}")
    if args.foreground:
        return label.text(args.lang)
    examples = (f"exec {min(town.hosts)} -- ip addr", "shell", "down")
    return "\n  sekisho ".join((label.text(args.lang), *examples))


def _left(process: subprocess.Popen[bytes]) -> int:
    assert process.stdin is not None
    process.stdin.write(_KEEP)
    process.stdin.close()
    return 0


def _stayed(town: Booted) -> int:
    try:
        town.process.wait()
    except KeyboardInterrupt:
        town.end()
        return 0
    raise LabError(f"the town ended by itself\n  see {town.folder / 'log' / 'up.log'}")


def execute(args: Namespace, _screen: Screen) -> int:
    """Become a program inside a host of the town."""
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words:
        raise UsageError("no program is named\n  hint: sekisho exec HOST -- ip addr")
    if words[0].startswith("-"):
        text = f"{words[0]} stands behind the host: what is there is the program\n"
        raise UsageError(f"{text}  hint: sekisho exec {words[0]} ... HOST -- CMD")
    town = standing.find(args.out, args.town)
    _become_guest(town, standing.outer_pid(town, args.host), words)


def shell(args: Namespace, _screen: Screen) -> int:
    """Become the terminal of the town's Mininet prompt."""
    town = standing.find(args.out, args.town)
    _become_townsman(town, [sys.executable, "-m", "topologies.shell"])


def _become_townsman(town: Standing, words: list[str]) -> NoReturn:
    """Replace this process by *words* in the namespaces of the run itself."""
    enter = ["nsenter", f"--target={town.pid}", "--net", "--mount", "--pid"]
    enter += ["--user", "--preserve-credentials"] if _is_foreign(town.pid) else []
    _replace([*enter, "--"], words, inner_environment(Path(town.folder), os.environ))


def _become_guest(town: Standing, pid: int, words: list[str]) -> NoReturn:
    """Replace this process by *words* in a host of the town: see `sekisho.runtime.entering`."""
    is_own = standing.namespace(pid, "user") != standing.namespace(town.pid, "user")
    enter = entering(pid, is_own_user=is_own, is_foreign_user=_is_foreign(pid))
    if has_one_user(pid):
        be_one_user()
    environment = inner_environment(Path(town.folder), os.environ)
    _replace(enter, words, host_environment(environment))


def _is_foreign(pid: int) -> bool:
    return standing.namespace(pid, "user") != standing.namespace(os.getpid(), "user")


def _replace(enter: list[str], words: list[str], environment: dict[str, str]) -> NoReturn:
    """Replace this process by *words*, behind the words that *enter* some namespaces.

    ``nsenter`` itself must not hear Ctrl-C, or it would leave before the program could answer.
    """
    enter = [*enter, "setpriv", "--pdeathsig=KILL", "--"]
    start = in_sight(Path.cwd(), environment)
    enter += ["env", "--default-signal=INT,QUIT,TERM,HUP", f"--chdir={start}"]
    for ignored in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_IGN)
    for heard in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(heard, signal.SIG_DFL)
    os.execvpe(enter[0], [*enter, *words], environment)


def down(args: Namespace, _screen: Screen) -> int:
    """End a town and wait until nothing of it is left."""
    town = standing.find(args.out, args.town)
    pids = [town.pid, standing.parent(town.pid)]
    try:
        os.kill(town.pid, signal.SIGTERM)
        if not standing.wait_gone(pids, _POLITE_S):
            os.kill(town.pid, signal.SIGKILL)
    except PermissionError as error:
        raise UsageError(f"{town.folder}: belongs to another user\n  hint: sudo") from error
    except ProcessLookupError:
        pass
    if not standing.wait_gone(pids, _FORCED_S):
        raise LabError(f"{town.folder}: the town does not end (pid {town.pid})")
    standing.forget(Path(town.folder))
    return 0
