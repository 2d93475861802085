"""What the controller of a town that stays says of its switches, shown while somebody looks on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from sekisho.commands.screen import Screen
from sekisho.evidence.unhealed import label, standing
from sekisho.model import Label

_LOOK_S = 0.5


@contextmanager
def told(folder: Path, screen: Screen, language: str) -> Iterator[None]:
    """Say when a switch of the town in *folder* cannot be healed, and when it is, for the block."""
    is_over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(folder, screen, language, is_over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _watch(folder: Path, screen: Screen, language: str, is_over: threading.Event) -> None:
    path, size, known = folder / "log" / "controller.jsonl", -1, dict[str, str]()
    while not is_over.wait(_LOOK_S):
        with suppress(FileNotFoundError):  # not yet, or not any more
            if path.stat().st_size != size:
                lines = path.read_bytes().splitlines(keepends=True)
                size = sum(map(len, lines))
                now = standing(orjson.loads(line) for line in lines if line.endswith(b"\n"))
                for said in changes(known, now):
                    screen.complain(said.text(language))
                known = now


def changes(before: dict[str, str], now: dict[str, str]) -> list[Label]:
    """Return what there is to say when other switches than before cannot be healed."""
    worse = [label(switch, why) for switch, why in now.items() if before.get(switch) != why]
    better = [
        Label(f"{switch}: 規則の表を復元した", f"{switch} is healed")
        for switch in before
        if switch not in now
    ]
    return worse + better
