"""What a run is doing, shown while it does it.

On a terminal a spinner and bars that vanish at the end; elsewhere one plain line a phase; or
nothing. Everything goes to standard error: standard output is for results.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from sekisho.evidence import unhealed
from sekisho.model import Label

_PHASES = {
    "switch": Label("仮想スイッチを起動", "start Open vSwitch"),
    "guard": Label("コントローラを起動", "start the controller"),
    "hosts": Label("端末・サーバ・配線を作成", "build hosts and links"),
    "services": Label("サービスを起動", "start the services"),
    "in-force": Label("通信規則の適用を確認", "wait until every rule is in force"),
    "build": Label("試験パケットを作成", "build the frames"),
    "probe": Label("試験パケットを送信", "send the frames"),
    "mutate": Label("誤りを仕込んで試験", "plant faults and try"),
    "exchange": Label("実際の通信を試験", "try real exchanges"),
    "backup": Label("主回線を切り、副回線で試験", "cut main lines, try the backup lines"),
    "flood": Label("1台から大量の通信を開始", "flood from one station"),
    "unguarded": Label("制御装置を止めて試験", "kill the controller, send the frames again"),
    "events": Label("事象を発生", "play the events"),
    "chaos": Label("事象を発生", "play the events"),
    "judge": Label("判定", "judge"),
    "prove": Label("証明", "prove"),
    "write": Label("記録を書き込み", "write the records"),
    "report": Label("報告書を作成", "write the reports"),
}


_AGAIN_S = 30.0  # a line again, where a phase is as long as that


class Progress(Protocol):
    """Told of every phase; a context manager."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def phase(self, name: str) -> None:
        """Say that phase *name* begins, and that the one before is over."""

    def step(self, done: int, of: int) -> None:
        """Say how far the phase has come."""

    def left(self, seconds: int) -> None:
        """Say how long the whole will still take, about."""


class Silent:
    """Show nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def phase(self, name: str) -> None:
        """Show nothing."""

    def step(self, done: int, of: int) -> None:
        """Show nothing."""

    def left(self, seconds: int) -> None:
        """Show nothing."""


class Lines(Silent):
    """One plain line for every phase, with the seconds since the start."""

    def __init__(
        self, console: Console, *, language: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._language = language
        self._clock = clock
        self._started = clock()
        self._left_s, self._told_s = 0, 0.0

    def left(self, seconds: int) -> None:
        """Print it with the phase's line, and once in a while where a phase is long."""
        self._left_s = seconds
        passed = self._clock() - self._started
        if passed - self._told_s >= _AGAIN_S:
            self._print(Label("試験中", "still running").text(self._language))

    def phase(self, name: str) -> None:
        """Print the phase's line."""
        self._print(phase_text(name, self._language))

    def _print(self, words: str) -> None:
        self._told_s = self._clock() - self._started
        text = f"{self._told_s:6.1f} s  {words}{left_text(self._left_s, self._language)}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Moving(Silent):
    """A spinner for the phase that goes on, a bar where its size is known."""

    def __init__(self, console: Console, *, language: str) -> None:
        self._language = language
        self._bars = Bars(
            SpinnerColumn("line" if console.options.ascii_only else "dots", finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.elapsed:.1f} s"),
            console=console,
            transient=True,
        )
        self._now: TaskID | None = None
        self._words = ""

    def __enter__(self) -> Moving:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def phase(self, name: str) -> None:
        """End the bar of the phase before and begin another."""
        self._finish()
        self._words = phase_text(name, self._language)
        self._now = self._bars.add_task(self._words, total=None)

    def step(self, done: int, of: int) -> None:
        """Move the bar."""
        if self._now is not None:
            self._bars.update(self._now, completed=done, total=of)

    def left(self, seconds: int) -> None:
        """Say it behind the phase."""
        if self._now is not None:
            text = f"{self._words}{left_text(seconds, self._language)}"
            self._bars.update(self._now, description=text)

    def _finish(self) -> None:
        if self._now is not None:
            task = self._bars.tasks[self._bars.task_ids.index(self._now)]
            total = task.total or 1
            self._bars.update(self._now, description=self._words)
            self._bars.update(self._now, completed=total, total=total)
            self._bars.stop_task(self._now)  # or its clock would run on


def progress(console: Console, *, language: str, is_quiet: bool) -> Progress:
    """Return what suits *console*."""
    if is_quiet:
        return Silent()
    if console.is_terminal and not console.is_dumb_terminal:
        return Moving(console, language=language)
    return Lines(console, language=language)


def left_text(seconds: int, language: str) -> str:
    """Return about how long it will still take, in words; empty where nobody knows."""
    if not seconds:
        return ""
    minutes, rest = divmod(seconds, 60)
    both = Label(f"(残り約{rest}秒)", f" (about {rest} s left)")
    if minutes:
        both = Label(f"(残り約{minutes}分{rest:02d}秒)", f" (about {minutes}:{rest:02d} left)")
    return both.text(language)


def phase_text(name: str, language: str) -> str:
    """Return the words for phase *name*; an unknown one speaks for itself."""
    if name.startswith(unhealed.PHASE):
        return unhealed.phase_label(name).text(language)
    return _PHASES[name].text(language) if name in _PHASES else name
